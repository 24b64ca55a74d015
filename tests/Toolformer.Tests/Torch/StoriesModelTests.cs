using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using Toolformer.Modeling;
using Toolformer.Tests.Fakes;
using Toolformer.Torch;
using static TorchSharp.torch;

namespace Toolformer.Tests.Torch;

/// <summary>
/// A model that was really trained: 260,000 parameters of Llama's architecture, in the file format of llama2.c, brought
/// into a folder of ours. Its published text and its loss on stories tell whether the whole computes what it should.
/// </summary>
public sealed class StoriesModelTests : IDisposable
{
    private const int Width = 64, Inner = 172, Layers = 5, Heads = 8, KeyHeads = 4, Vocabulary = 512, Context = 512;
    private const int BeginningOfText = 1;

    private readonly string _folder = Directory.CreateTempSubdirectory("stories").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_trained_model_has_its_published_loss_on_stories_and_writes_its_published_text()
    {
        Convert(Shared.Need("data", "weights_stories260K", "stories260K.bin"));
        var folder = ModelFolder.Open(_folder);
        using var model = new TorchLanguageModel(folder.ReadDecoder(), new ByteTokenizer(), folder.BeginningOfText, 2);
        var (pieces, scores) = ReadVocabulary(Shared.Need("data", "weights_stories260K", "tok512.bin"));
        int[] Encode(string text) => [BeginningOfText, .. Merge(text, pieces, scores)];

        string file = Shared.Need("data", "tinystories_wikitext_samples", "tinystories_1000.json");
        var stories = JsonSerializer.Deserialize<string[]>(File.ReadAllText(file))!
            .Where(s => s.All(char.IsAscii)).Take(150).Select(Encode).Select(ids => ids.Take(Context).ToArray());
        var results = model.Forward([.. stories.Select(ids => new ForwardInput(ids)
        {
            Targets = [.. Enumerable.Range(1, ids.Length - 1).Select(p => new Target(p, ids[p]))],
        })]);
        double loss = -results.SelectMany(r => r.LogProbabilities).Average(l => (double)l);
        Assert.Equal(1.51, loss, 0.03);

        const string Beginning = "Once upon a time";
        const string Published = ", there was a little girl named Lily. She loved to play outside in the park. "
            + "One day, she saw a big, red ball. She wanted to play with it, but it was too high.";
        int[] prompt = Encode(Beginning);
        using var prefix = model.Forward([new ForwardInput(prompt[..^1]) { Keep = true }])[0].Prefix!;
        using var rows = model.Fork([new ForkPoint(prefix)]);
        var written = new StringBuilder();
        for (int next = prompt[^1]; written.Length < Published.Length; written.Append(pieces[next]))
            next = System.Numerics.Tensors.TensorPrimitives.IndexOfMax(rows.Step([[next]])[0].Span);
        Assert.StartsWith(Published, written.ToString());
    }

    private void Convert(string source)
    {
        byte[] bytes = File.ReadAllBytes(source);
        int[] header = [.. Enumerable.Range(0, 7)
            .Select(i => BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(4 * i)))];
        Assert.Equal([Width, Inner, Layers, Heads, KeyHeads, Vocabulary, Context], header);
        File.WriteAllText(Path.Combine(_folder, "config.json"), JsonSerializer.Serialize(new
        {
            model_type = "llama",
            hidden_size = Width,
            intermediate_size = Inner,
            num_hidden_layers = Layers,
            num_attention_heads = Heads,
            num_key_value_heads = KeyHeads,
            vocab_size = Vocabulary,
            max_position_embeddings = Context,
            rms_norm_eps = 1e-5,
            tie_word_embeddings = true,
            bos_token_id = BeginningOfText,
            eos_token_id = 2,
        }));

        using var scope = NewDisposeScope();
        int at = 28;
        Tensor Next(params long[] shape)
        {
            var values = new float[shape.Aggregate(1L, (a, b) => a * b)];
            Buffer.BlockCopy(bytes, at, values, 0, 4 * values.Length);
            at += 4 * values.Length;
            return tensor(values).view(shape);
        }
        // There, numbers that turn together are neighbours; in Llama's folders half a head lies between them.
        static Tensor Halves(Tensor t, int heads) =>
            t.view(heads, t.shape[0] / heads / 2, 2, t.shape[1]).transpose(1, 2).reshape(t.shape);

        const int KeyWidth = Width / Heads * KeyHeads;
        var tensors = new List<(string, Tensor)> { ("model.embed_tokens.weight", Next(Vocabulary, Width)) };
        (string Name, long[] Shape)[] parts =
        [
            ("input_layernorm", [Width]), ("self_attn.q_proj", [Width, Width]), ("self_attn.k_proj", [KeyWidth, Width]),
            ("self_attn.v_proj", [KeyWidth, Width]), ("self_attn.o_proj", [Width, Width]),
            ("post_attention_layernorm", [Width]), ("mlp.gate_proj", [Inner, Width]), ("mlp.down_proj", [Width, Inner]),
            ("mlp.up_proj", [Inner, Width]),
        ];
        foreach (var (name, shape) in parts)
        {
            for (int l = 0; l < Layers; l++)
            {
                var value = Next(shape);
                if (name.EndsWith("q_proj") || name.EndsWith("k_proj"))
                    value = Halves(value, name.EndsWith("q_proj") ? Heads : KeyHeads);
                tensors.Add(($"model.layers.{l}.{name}.weight", value));
            }
        }
        tensors.Add(("model.norm.weight", Next(Width)));
        Safetensors.Write(Path.Combine(_folder, "model.safetensors"), tensors);
    }

    private static (string[] Pieces, float[] Scores) ReadVocabulary(string path)
    {
        using var reader = new BinaryReader(File.OpenRead(path));
        reader.ReadInt32();
        var (pieces, scores) = (new string[Vocabulary], new float[Vocabulary]);
        for (int id = 0; id < Vocabulary; id++)
        {
            scores[id] = reader.ReadSingle();
            pieces[id] = Encoding.UTF8.GetString(reader.ReadBytes(reader.ReadInt32()));
            if (pieces[id] is ['<', '0', 'x', .. var hex, '>'])
                pieces[id] = ((char)System.Convert.ToInt32(hex, 16)).ToString();
        }
        return (pieces, scores);
    }

    /// <summary>Characters, of which the neighbours that make the best piece are joined again and again.</summary>
    private static List<int> Merge(string text, string[] pieces, float[] scores)
    {
        // A byte's own token stands before the piece that spells the same, which is the one that is meant.
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int id = 0; id < Vocabulary; id++)
            ids[pieces[id]] = id;
        List<int> tokens = [.. (" " + text).Select(c => ids[c.ToString()])];
        while (true)
        {
            int best = -1, joined = -1;
            for (int i = 0; i + 1 < tokens.Count; i++)
            {
                if (ids.TryGetValue(pieces[tokens[i]] + pieces[tokens[i + 1]], out int id)
                    && (best < 0 || scores[id] > scores[joined]))
                    (best, joined) = (i, id);
            }
            if (best < 0)
                return tokens;
            tokens[best] = joined;
            tokens.RemoveAt(best + 1);
        }
    }
}
