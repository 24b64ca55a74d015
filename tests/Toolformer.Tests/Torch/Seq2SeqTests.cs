using System.Text.Json;
using Toolformer.Torch;
using Toolformer.Torch.Seq2Seq;
using static TorchSharp.torch;

namespace Toolformer.Tests.Torch;

/// <summary>The encoder–decoder against numbers of the reference implementation, and against itself.</summary>
public sealed class Seq2SeqTests : IDisposable
{
    private const double Tolerance = 2e-4;

    private readonly string _folder = Directory.CreateTempSubdirectory("toolformer-seq2seq").FullName;

    // One copy of the embedding in the file, and all four.
    public static TheoryData<string> Models => ["m2m100", "m2m100_dup"];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory, MemberData(nameof(Models))]
    public void Logits_equal_the_reference(string name)
    {
        using var golden = new Golden(name);
        foreach (var sequence in golden.Expected.GetProperty("sequences").EnumerateArray())
        {
            int[] target = Ids(sequence, "decoder_input_ids");
            using var ours = golden.Network.Logits([Ids(sequence, "input_ids")], [target]);
            AssertClose(golden.Logits[sequence.GetProperty("name").GetString()!], ours[0]);
        }
    }

    [Theory, MemberData(nameof(Models))]
    public void A_padded_batch_equals_the_reference_in_logits_and_loss(string name)
    {
        using var golden = new Golden(name);
        var (sources, targets) = golden.Batch();
        int[][] decoder = [.. targets.Select(t => (int[])[golden.Shape.DecoderStart, .. t[..^1]])];
        using var ours = golden.Network.Logits(sources, decoder);
        for (int b = 0; b < sources.Length; b++)
        {
            AssertClose(golden.Logits["batch"][b].narrow(0, 0, targets[b].Length),
                ours[b].narrow(0, 0, targets[b].Length));
        }
        var scores = golden.Model.Score(
            [.. sources.Zip(targets, (s, t) => ((IReadOnlyList<int>)s, (IReadOnlyList<int>)t))]);
        double loss = -scores.SelectMany(s => s).Average(s => (double)s);
        double expected = golden.Expected.GetProperty("batch").GetProperty("loss").GetDouble();
        Assert.Equal(expected, loss, 1e-5 * expected);
    }

    [Theory, MemberData(nameof(Models))]
    public void Greedy_targets_begin_with_the_forced_language_and_equal_the_reference(string name)
    {
        using var golden = new Golden(name);
        var greedy = golden.Expected.GetProperty("greedy");
        foreach (var c in greedy.GetProperty("cases").EnumerateArray())
        {
            int[] expected = Ids(c, "decoder_ids")[1..];
            int forced = c.GetProperty("forced_bos_token_id").GetInt32();
            int[] source = golden.Source(c.GetProperty("source").GetString()!);
            var options = new Seq2SeqOptions { MaxNewTokens = expected.Length, ForcedFirstToken = forced };
            var written = golden.Model.Generate([source], options)[0][0];
            Assert.Equal(expected, written.Tokens);
            float[] logs = GoldenModel.Floats(c.GetProperty("logprobs"));
            Assert.Equal(logs.Skip(1).Sum(l => (double)l), written.Score, 2e-3);
            AssertClose(logs, golden.Model.Score([(source, expected)])[0]);
        }
        var batch = greedy.GetProperty("batch").GetProperty("decoder_ids").EnumerateArray()
            .Select(GoldenModel.Integers).Select(ids => ids[1..]).ToArray();
        var all = golden.Model.Generate(golden.Batch().Sources,
            new Seq2SeqOptions { MaxNewTokens = batch[0].Length, ForcedFirstToken = batch[0][0] });
        Assert.Equal(batch, all.Select(r => r[0].Tokens));
        var ending = greedy.GetProperty("with_eos");
        Assert.Equal(Ids(ending, "decoder_ids")[1..], golden.Model.Generate(
            [golden.Source(ending.GetProperty("source").GetString()!)], new Seq2SeqOptions
            {
                MaxNewTokens = 16,
                ForcedFirstToken = batch[0][0],
                EndOfText = ending.GetProperty("eos_token_id").GetInt32(),
            })[0][0].Tokens);
    }

    [Theory, MemberData(nameof(Models))]
    public void Beam_search_finds_the_targets_and_scores_of_the_reference(string name)
    {
        using var golden = new Golden(name);
        var cases = golden.Expected.GetProperty("beam_search").GetProperty("cases").EnumerateArray().ToArray();
        Assert.NotEmpty(cases);
        foreach (var c in cases)
        {
            var found = golden.Model.Generate(
                [golden.Source(c.GetProperty("source").GetString()!)], Options(c))[0];
            AssertFound(c, found);
        }
    }

    [Fact]
    public void Sources_that_are_searched_together_get_what_each_gets_alone()
    {
        using var golden = new Golden("m2m100");
        var cases = golden.Expected.GetProperty("beam_search").GetProperty("cases").EnumerateArray()
            .Where(c => c.GetProperty("num_beams").GetInt32() == 4).ToArray();
        int[][] sources = [.. cases.Select(c => golden.Source(c.GetProperty("source").GetString()!))];
        Assert.NotEqual(sources[0].Length, sources[1].Length);
        var together = golden.Model.Generate(sources, Options(cases[0]));
        for (int i = 0; i < cases.Length; i++)
            AssertFound(cases[i], together[i]);
    }

    [Theory, InlineData(EarlyStopping.AtOnce), InlineData(EarlyStopping.Estimate), InlineData(EarlyStopping.Never)]
    public void The_scores_of_a_search_are_those_of_its_targets(EarlyStopping stopping)
    {
        using var model = Tiny();
        var options = new Seq2SeqOptions
        {
            Beams = 5,
            Returned = 5,
            MaxNewTokens = 9,
            EndOfText = 3,
            LengthPenalty = 0.8,
            EarlyStopping = stopping,
        };
        var found = model.Generate([[5, 6, 7]], options)[0];
        Assert.Equal(5, found.Count);
        Assert.Equal(5, found.Select(h => string.Join(' ', h.Tokens)).Distinct().Count());
        Assert.Equal(found.OrderByDescending(h => h.Score), found);
        foreach (var hypothesis in found)
        {
            double sum = model.Score([([5, 6, 7], hypothesis.Tokens)])[0].Sum();
            Assert.Equal(sum / Math.Pow(hypothesis.Tokens.Count, 0.8), hypothesis.Score, 1e-4);
            Assert.True(hypothesis.Tokens.Count == 9 || hypothesis.Tokens[^1] == 3);
        }
        double greedy = model.Generate([[5, 6, 7]], options with { Beams = 1, Returned = 1 })[0][0].Score;
        Assert.True(found[0].Score >= greedy / Math.Pow(9, 0.8) - 1e-6);
    }

    [Theory]
    [InlineData("model.shared.weight")]
    [InlineData("model.encoder.embed_tokens.weight")]
    [InlineData("model.decoder.embed_tokens.weight")]
    [InlineData("lm_head.weight")]
    public void The_shared_embedding_may_stand_under_any_of_its_names(string kept)
    {
        string source = Shared.Need("golden", "m2m100");
        var tensors = Safetensors.Read(Path.Combine(source, "model.safetensors"));
        Safetensors.Write(Path.Combine(_folder, "model.safetensors"),
            tensors.Select(t => (t.Key == "model.shared.weight" ? kept : t.Key, t.Value)));
        File.Copy(Path.Combine(source, "config.json"), Path.Combine(_folder, "config.json"));
        using var golden = new Golden("m2m100");
        using var model = Seq2SeqModel.Open(_folder);
        int[] input = golden.Source("src7");
        var options = new Seq2SeqOptions { MaxNewTokens = 5 };
        Assert.Equal(golden.Model.Generate([input], options)[0][0].Tokens,
            model.Generate([input], options)[0][0].Tokens);
        foreach (var tensor in tensors.Values)
            tensor.Dispose();
    }

    [Fact]
    public void bfloat16_compute_stays_near_float32()
    {
        string folder = Shared.Need("golden", "m2m100");
        using var golden = new Golden("m2m100");
        using var coarse = Seq2SeqModel.Open(folder, ScalarType.BFloat16);
        var pairs = golden.Batch() is var (sources, targets)
            ? sources.Zip(targets, (s, t) => ((IReadOnlyList<int>)s, (IReadOnlyList<int>)t)).ToArray()
            : [];
        float[] exact = [.. golden.Model.Score(pairs).SelectMany(s => s)];
        float[] rounded = [.. coarse.Score(pairs).SelectMany(s => s)];
        Assert.InRange(exact.Zip(rounded).Average(p => Math.Abs(p.First - p.Second)), 1e-4, 0.2);
        var options = new Seq2SeqOptions { Beams = 2, MaxNewTokens = 4 };
        Assert.Equal(4, coarse.Generate([sources[0]], options)[0][0].Tokens.Count);
    }

    [Fact]
    public void What_does_not_fit_is_refused_with_its_values()
    {
        using var model = Tiny();
        var options = new Seq2SeqOptions { MaxNewTokens = 5 };
        Assert.Contains("0 tokens", Refusal([[]], options));
        Assert.Contains("17 tokens", Refusal([new int[17]], options));
        Assert.Contains("Token id 40", Refusal([[40]], options));
        Assert.Contains("Token id -1", Refusal([[1]], options with { ForcedFirstToken = -1 }));
        Assert.Contains("21 beams", Refusal([[1]], options with { Beams = 21 }));
        Assert.Contains("2 targets of 1", Refusal([[1]], options with { Returned = 2 }));
        Assert.Contains("16", Refusal([[1]], options with { MaxNewTokens = 16 }));

        string Refusal(int[][] sources, Seq2SeqOptions wrong) =>
            Assert.Throws<ArgumentException>(() => model.Generate(sources, wrong)).Message;
    }

    [Fact]
    public void A_folder_that_holds_another_model_is_refused_by_name()
    {
        File.WriteAllText(Path.Combine(_folder, "config.json"), """{"model_type": "gpt2"}""");
        Assert.Contains("Available: m2m_100",
            Assert.Throws<InvalidDataException>(() => Seq2SeqModel.Open(_folder)).Message);
        File.WriteAllText(Path.Combine(_folder, "config.json"), """{"model_type": "m2m_100"}""");
        Assert.Contains("d_model", Assert.Throws<InvalidDataException>(() => Seq2SeqModel.Open(_folder)).Message);
    }

    private static Seq2SeqModel Tiny()
    {
        var shape = new Seq2SeqShape
        {
            VocabularySize = 40,
            ContextLength = 16,
            Width = 12,
            Encoder = new(1, 2, 16),
            Decoder = new(2, 3, 16),
            Activation = Activation.Relu,
            EmbeddingScale = Math.Sqrt(12),
            PaddingId = 1,
            DecoderStart = 2,
            EndOfText = 3,
        };
        using var generator = new Generator(7);
        return new Seq2SeqModel(new EncoderDecoder(shape, shape.Parameters().ToDictionary(
            p => p.Name, p => randn(p.Shape, generator: generator))));
    }

    private static Seq2SeqOptions Options(JsonElement c) => new()
    {
        Beams = c.GetProperty("num_beams").GetInt32(),
        Returned = c.GetProperty("num_return_sequences").GetInt32(),
        MaxNewTokens = c.GetProperty("max_new_tokens").GetInt32(),
        EndOfText = c.GetProperty("eos_token_id").GetInt32(),
        ForcedFirstToken = c.GetProperty("forced_bos_token_id").GetInt32(),
        LengthPenalty = c.GetProperty("length_penalty").GetDouble(),
        EarlyStopping = c.GetProperty("early_stopping").GetBoolean() ? EarlyStopping.AtOnce : EarlyStopping.Estimate,
    };

    private static void AssertFound(JsonElement c, IReadOnlyList<Hypothesis> found)
    {
        // The reference fills targets that ended up with padding, id 1.
        int end = c.GetProperty("eos_token_id").GetInt32();
        int[][] expected = [.. c.GetProperty("sequences").EnumerateArray().Select(GoldenModel.Integers)
            .Select(ids => Array.IndexOf(ids, end) is var at && at > 0 ? ids[1..(at + 1)] : ids[1..])];
        Assert.Equal(expected, found.Select(h => h.Tokens));
        AssertClose(GoldenModel.Floats(c.GetProperty("sequences_scores")), [.. found.Select(h => (float)h.Score)]);
    }

    private static int[] Ids(JsonElement e, string name) => GoldenModel.Integers(e.GetProperty(name));

    private static void AssertClose(Tensor expected, Tensor actual)
    {
        Assert.Equal(expected.shape, actual.shape);
        AssertClose([.. expected.contiguous().data<float>()], [.. actual.contiguous().data<float>()]);
    }

    private static void AssertClose(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        double worst = expected.Zip(actual).Max(pair => Math.Abs(pair.First - pair.Second));
        Assert.True(worst <= Tolerance, $"largest difference {worst:G3} exceeds {Tolerance:G3}");
    }

    private sealed class Golden : IDisposable
    {
        public Golden(string name)
        {
            string folder = Shared.Need("golden", name);
            Expected = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "expected.json"))).RootElement;
            Logits = Safetensors.Read(Path.Combine(folder, "expected_logits.safetensors"));
            Network = EncoderDecoder.Open(folder);
            Model = new Seq2SeqModel(Network);
        }

        public JsonElement Expected { get; }
        public Dictionary<string, Tensor> Logits { get; }
        public EncoderDecoder Network { get; }
        public Seq2SeqModel Model { get; }
        public Seq2SeqShape Shape => Model.Shape;

        public int[] Source(string name) => Ids(Expected.GetProperty("sequences").EnumerateArray()
            .Single(s => s.GetProperty("name").GetString() == name), "input_ids");

        /// <summary>The rows without their padding.</summary>
        public (int[][] Sources, int[][] Targets) Batch()
        {
            var batch = Expected.GetProperty("batch");
            int[][] Rows(string name) =>
                [.. batch.GetProperty(name).EnumerateArray().Select(GoldenModel.Integers)];
            int[][] masks = Rows("attention_mask");
            return ([.. Rows("input_ids").Select((row, r) => row[..masks[r].Sum()])],
                [.. Rows("labels").Select(row => row.Where(id => id >= 0).ToArray())]);
        }

        public void Dispose()
        {
            Model.Dispose();
            foreach (var tensor in Logits.Values)
                tensor.Dispose();
        }
    }
}
