using System.Text.Json;
using Toolformer.Modeling;
using Toolformer.Tests.Fakes;
using Toolformer.Torch;
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

    public string Folder { get; }
    public JsonElement Expected { get; }
    public Dictionary<string, Tensor> Logits { get; }
    public ModelFolder Source { get; }
    public TorchLanguageModel Model { get; }

    public int[] Sequence(string name) => Integers(Expected.GetProperty("sequences").EnumerateArray()
        .Single(s => s.GetProperty("name").GetString() == name).GetProperty("input_ids"));

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
