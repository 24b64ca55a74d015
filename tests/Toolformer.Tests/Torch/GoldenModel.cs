using System.Text.Json;
using Toolformer.Modeling;
using Toolformer.Tests.Fakes;
using Toolformer.Torch;
using Toolformer.Torch.Training;
using static TorchSharp.torch;

namespace Toolformer.Tests.Torch;

/// <summary>
/// One folder of reference numbers: the model as we read it and what the reference implementation gave.
/// </summary>
internal sealed class GoldenModel : IDisposable
{
    public GoldenModel(string name)
    {
        Folder = Shared.Need("golden", name);
        Expected = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "expected.json"))).RootElement;
        Logits = Safetensors.Read(Path.Combine(Folder, "expected_logits.safetensors"));
        Source = ModelFolder.Open(Folder);
        Model = new TorchLanguageModel(
            Source.ReadDecoder(), new ByteTokenizer(), Source.BeginningOfText, Source.EndOfText);
    }

    /// <summary>Every folder with a decoder.</summary>
    public static TheoryData<string> Decoders =>
    [
        "gpt2", "gpt2_hubstyle", "gpt2_fp16", "gptj", "gptj_fp16", "neox", "neox_seq_fp16", "llama", "llama3_bf16",
        "llama_sharded", "llama_linear_bias", "mistral", "qwen2",
    ];

    /// <summary>Those of them for which the reference was trained too.</summary>
    public static TheoryData<string> Trained =>
        ["gpt2", "gpt2_hubstyle", "gptj", "neox", "llama", "llama_sharded", "llama_linear_bias", "mistral", "qwen2"];

    /// <summary>How far logits and log-probabilities may lie from the reference's.</summary>
    public double Tolerance => Path.GetFileName(Folder) == "llama3_bf16" ? 2e-4 : 1e-4;

    public string Folder { get; }
    public JsonElement Expected { get; }
    public Dictionary<string, Tensor> Logits { get; }
    public ModelFolder Source { get; }
    public TorchLanguageModel Model { get; }

    public int[] Sequence(string name) => Integers(Expected.GetProperty("sequences").EnumerateArray()
        .Single(s => s.GetProperty("name").GetString() == name).GetProperty("input_ids"));

    /// <summary>The rows of a labelled batch: −100 is not scored.</summary>
    public static List<TrainingRow> Rows(JsonElement batch) =>
        [.. batch.GetProperty("input_ids").EnumerateArray().Select((ids, r) => new TrainingRow(
            Integers(ids), [.. Integers(batch.GetProperty("labels")[r]).Select(l => l != -100)]))];

    public static int[] Integers(JsonElement e) => [.. e.EnumerateArray().Select(x => x.GetInt32())];

    public static float[] Floats(JsonElement e) => [.. e.EnumerateArray().Select(x => x.GetSingle())];

    /// <summary>
    /// All next-token log-probabilities after each position, through <see cref="ILanguageModel.Forward"/>.
    /// </summary>
    public float[][] AllLogProbabilities(int[] ids)
    {
        int vocabulary = Model.VocabularySize;
        var targets = Enumerable.Range(1, ids.Length)
            .SelectMany(p => Enumerable.Range(0, vocabulary).Select(v => new Target(p, v))).ToList();
        float[] flat = Model.Forward([new ForwardInput(ids) { Targets = targets }])[0].LogProbabilities;
        return [.. flat.Chunk(vocabulary)];
    }

    /// <summary>
    /// The logits after the first token, the first two, and so on, of rows that are decoded together token by token;
    /// the first of a row is read before, its place stays empty.
    /// </summary>
    public float[][][] SteppedLogits(int[][] rows)
    {
        var prefixes = Model.Forward([.. rows.Select(r => new ForwardInput(r[..1]) { Keep = true })])
            .Select(r => r.Prefix!).ToList();
        using var batch = Model.Fork([.. prefixes.Select(p => new ForkPoint(p))]);
        float[][][] logits = [.. rows.Select(r => new float[r.Length][])];
        for (int t = 1; t < rows.Max(r => r.Length); t++)
        {
            var step = batch.Step([.. rows.Select(r => t < r.Length ? new[] { r[t] } : [])]);
            for (int r = 0; r < rows.Length; r++)
            {
                if (t < rows[r].Length)
                    logits[r][t] = step[r].ToArray();
            }
        }
        prefixes.ForEach(p => p.Dispose());
        return logits;
    }

    public void Dispose()
    {
        Model.Dispose();
        foreach (var tensor in Logits.Values)
            tensor.Dispose();
    }

    /// <summary>Greedy continuation through a fork, one token a step.</summary>
    public int[] Greedy(int[] prompt, int count, int? end = null)
    {
        using var prefix = prompt.Length > 1
            ? Model.Forward([new ForwardInput(prompt[..^1]) { Keep = true }])[0].Prefix!
            : null;
        var written = new List<int>();
        if (prefix is null)
        {
            // Nothing can be kept of an empty prefix: read the growing sequence anew at each step.
            while (written.Count < count && (written.Count == 0 || written[^1] != end))
            {
                int[] all = [.. prompt, .. written];
                written.Add(Model.Forward([new ForwardInput(all) { Argmax = true }])[0].Argmax![^1]);
            }
            return [.. written];
        }
        using var rows = Model.Fork([new ForkPoint(prefix)]);
        int next = prompt[^1];
        while (written.Count < count && (written.Count == 0 || written[^1] != end))
        {
            var logits = rows.Step([[next]])[0].Span;
            next = System.Numerics.Tensors.TensorPrimitives.IndexOfMax(logits);
            written.Add(next);
        }
        return [.. written];
    }
}
