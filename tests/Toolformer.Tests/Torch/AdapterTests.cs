using System.Text.Json.Nodes;
using Toolformer.Modeling;
using Toolformer.Tests.Fakes;
using Toolformer.Torch;
using Toolformer.Torch.Architectures;
using static TorchSharp.torch;

namespace Toolformer.Tests.Torch;

public sealed class AdapterTests : IDisposable
{
    private static readonly DecoderShape Shape = new()
    {
        VocabularySize = 60,
        ContextLength = 32,
        Width = 16,
        Layers = 2,
        Heads = 2,
        InnerWidth = 24,
        NormEpsilon = 1e-5,
        Activation = Activation.GeluTanh,
        TiedHead = true,
    };

    private static readonly int[] Ids = [5, 9, 2, 33, 17, 8, 59, 1];

    private readonly string _folder = Directory.CreateTempSubdirectory("adapter").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void An_adapter_that_has_learned_nothing_changes_no_bit()
    {
        using var decoder = Decoder.Random(Shape, 1);
        float[] before = LogProbabilities(decoder);
        using var adapter = Fresh();
        decoder.Adapter = adapter;
        Assert.Equal(before, LogProbabilities(decoder));
        adapter.MergeInto(decoder);
        decoder.Adapter = null;
        Assert.Equal(before, LogProbabilities(decoder));
    }

    /// <summary>
    /// The oracle knows the files only: to each stored matrix α/r · B · A is added, transposed where the family's
    /// matrices are, and the result is read as an ordinary model.
    /// </summary>
    [Theory]
    [InlineData("gpt2")]
    [InlineData("gptj")]
    [InlineData("neox")]
    [InlineData("llama")]
    [InlineData("mistral")]
    [InlineData("qwen2")]
    public void An_adapter_in_PEFT_s_layout_merged_or_not_equals_the_sum_made_in_the_files(string family)
    {
        string source = Shared.Need("golden", family), sum = In("sum"), adapterFolder = In("adapter");
        Directory.CreateDirectory(sum);
        Directory.CreateDirectory(adapterFolder);
        File.Copy(Path.Combine(source, "config.json"), Path.Combine(sum, "config.json"));
        var tensors = Safetensors.Read(Path.Combine(source, "model.safetensors"));
        var adapted = new List<(string, Tensor)>();
        bool transposed = family == "gpt2";
        using var generator = new Generator(3);
        foreach (string name in tensors.Keys.Order(StringComparer.Ordinal).ToList())
        {
            var matrix = tensors[name];
            if (matrix.dim() != 2 || !name.EndsWith(".weight") || !name.Split('.').Any(p => p.All(char.IsAsciiDigit)))
                continue;
            var oriented = transposed ? matrix.t() : matrix;
            var down = randn([3, oriented.shape[1]], generator: generator);
            var up = randn([oriented.shape[0], 3], generator: generator) * 0.05;
            string module = name[..^".weight".Length];
            adapted.Add(($"base_model.model.{module}.lora_A.weight", down));
            adapted.Add(($"base_model.model.{module}.lora_B.weight", up));
            var delta = up.matmul(down) * (6.0 / 3);
            tensors[name] = matrix + (transposed ? delta.t() : delta);
        }
        Assert.NotEmpty(adapted);
        Safetensors.Write(Path.Combine(sum, "model.safetensors"), tensors.Select(t => (t.Key, t.Value.contiguous())));
        Safetensors.Write(Path.Combine(adapterFolder, "adapter_model.safetensors"), adapted);
        WriteConfig(adapterFolder, new JsonObject
        {
            ["peft_type"] = "LORA",
            ["r"] = 3,
            ["lora_alpha"] = 6,
            ["fan_in_fan_out"] = transposed,
            ["base_model_name_or_path"] = source,
        });

        using var expected = ModelFolder.Open(sum).ReadDecoder();
        float[] wanted = LogProbabilities(expected);
        var origin = ModelFolder.Open(source);
        using var plain = origin.ReadDecoder();
        Assert.True(Distance(wanted, LogProbabilities(plain)) > 0.1, "the adapter does something");
        using var adapter = AdapterFolder.Read(adapterFolder, origin.Architecture, origin.Shape);
        plain.Adapter = adapter;
        Assert.InRange(Distance(wanted, LogProbabilities(plain)), 0, 2e-4);
        using var merged = ModelFolder.Open(adapterFolder).ReadDecoder();
        Assert.InRange(Distance(wanted, LogProbabilities(merged)), 0, 2e-4);

        // What is read can be written again, in the files' order of rows.
        AdapterFolder.Write(In("again"), adapter, new LoraOptions { Rank = 3, Alpha = 6 }, source);
        var again = Safetensors.Read(Path.Combine(In("again"), "adapter_model.safetensors"));
        Assert.Equal(adapted.Select(a => a.Item1).Order(), again.Keys.Order());
        Assert.All(adapted, a => Assert.True(Same(a.Item2, again[a.Item1]), a.Item1));
    }

    [Fact]
    public void What_is_written_names_the_family_s_matrices_as_PEFT_does_and_reads_back_bit_for_bit()
    {
        using var adapter = Fresh(new LoraOptions { Rank = 4, Alpha = 10, Targets = ["c_attn", "mlp.c_proj"] });
        Fill(adapter);
        var options = new LoraOptions { Rank = 4, Alpha = 10, Dropout = 0.25 };
        AdapterFolder.Write(_folder, adapter, options, "someone/model");
        var config = JsonNode.Parse(File.ReadAllText(In("adapter_config.json")))!;
        Assert.Equal("LORA", (string?)config["peft_type"]);
        Assert.Equal("CAUSAL_LM", (string?)config["task_type"]);
        Assert.Equal("someone/model", (string?)config["base_model_name_or_path"]);
        Assert.True((bool)config["fan_in_fan_out"]!);
        Assert.Equal(["attn.c_attn", "mlp.c_proj"], config["target_modules"]!.AsArray().Select(n => (string?)n));
        Assert.Contains("base_model.model.transformer.h.1.attn.c_attn.lora_B.weight",
            Safetensors.ReadHeader(In("adapter_model.safetensors")).Keys);
        using var again = AdapterFolder.Read(_folder, new Gpt2(), Shape);
        Assert.Equal(0.25, again.Dropout);
        Assert.Equal(adapter.Parameters.Select(p => p.Name).Order(), again.Parameters.Select(p => p.Name).Order());
        foreach (var part in adapter.Parts)
        {
            var other = again.Parts.Single(p => p.Site.Module == part.Site.Module);
            Assert.True(Same(part.Down, other.Down) && Same(part.Up, other.Up) && part.Scale == other.Scale);
        }
    }

    [Fact]
    public void Scales_follow_rank_stabilisation_and_the_pattern_of_alphas()
    {
        using var adapter = Fresh(new LoraOptions { Rank = 4, Targets = ["c_attn", "c_fc"] });
        AdapterFolder.Write(_folder, adapter, new LoraOptions { Rank = 4, Alpha = 8 }, "m");
        Change(config =>
        {
            config["use_rslora"] = true;
            config["alpha_pattern"] = new JsonObject { ["mlp.c_fc"] = 2 };
        });
        using var again = AdapterFolder.Read(_folder, new Gpt2(), Shape);
        Assert.All(again.Parts,
            part => Assert.Equal(part.Site.Module.EndsWith("c_fc") ? 2 / 2.0 : 8 / 2.0, part.Scale));
    }

    public static TheoryData<string, string, string> Foreign => new()
    {
        { "peft_type", "\"LOHA\"", "LOHA" },
        { "use_dora", "true", "use_dora" },
        { "bias", "\"all\"", "biases" },
        { "modules_to_save", "[\"lm_head\"]", "modules_to_save" },
        { "init_lora_weights", "\"pissa\"", "pissa" },
        { "layer_replication", "[[0, 1]]", "layer_replication" },
        { "alpha_pattern", "{\"h\\\\.(0|1)\": 3}", "alpha_pattern" },
        { "lora_alpha", "\"many\"", "lora_alpha" },
    };

    [Theory, MemberData(nameof(Foreign))]
    public void What_is_more_than_plain_LoRA_is_refused_by_name(string key, string value, string named)
    {
        using var adapter = Fresh();
        AdapterFolder.Write(_folder, adapter, new LoraOptions(), "m");
        Change(config => config[key] = JsonNode.Parse(value));
        var error = Assert.Throws<InvalidDataException>(() => AdapterFolder.Read(_folder, new Gpt2(), Shape));
        Assert.Contains(named, error.Message);
        Assert.Contains("adapter_config.json", error.Message);
    }

    [Fact]
    public void Weights_that_do_not_fit_the_model_are_refused_with_their_shapes()
    {
        using var adapter = Fresh();
        AdapterFolder.Write(_folder, adapter, new LoraOptions(), "m");
        Refused(Shape with { Layers = 1 }, "h.1.");
        Refused(Shape with { InnerWidth = 30 }, "[r, 30]");
        string file = In("adapter_model.safetensors");
        var tensors = Safetensors.Read(file);
        Safetensors.Write(file, tensors.Skip(1).Select(t => (t.Key, t.Value)));
        Refused(Shape, "missing");
        tensors["base_model.model.lm_head.weight"] = ones(2);
        Safetensors.Write(file, tensors.Select(t => (t.Key, t.Value)));
        Refused(Shape, "lm_head");
        Safetensors.Write(file, []);
        Refused(Shape, "changes nothing");
        File.Delete(file);
        File.WriteAllText(In("adapter_model.bin"), "");
        var error = Assert.Throws<FileNotFoundException>(() => AdapterFolder.Read(_folder, new Gpt2(), Shape));
        Assert.Contains("can run code", error.Message);

        void Refused(DecoderShape shape, string part) => Assert.Contains(part,
            Assert.Throws<InvalidDataException>(() => AdapterFolder.Read(_folder, new Gpt2(), shape)).Message);
    }

    [Fact]
    public void A_target_that_the_model_does_not_have_is_answered_with_those_that_it_has()
    {
        var error = Assert.Throws<ArgumentException>(() => AdapterSite.Choose(new Gpt2(), Shape, ["c_atn"]));
        Assert.Contains("attn.c_attn", error.Message);
        Assert.Contains("qkv", error.Message);
        Assert.Equal(["layers.0.qkv.weight", "layers.1.qkv.weight"],
            AdapterSite.Choose(new Gpt2(), Shape, ["qkv"]).Select(s => s.Parameter));
        Assert.Equal(4, AdapterSite.Choose(new Gpt2(), Shape, ["c_proj"]).Count);
    }

    [Fact]
    public void An_adapter_of_an_adapter_and_one_without_a_model_are_refused()
    {
        using var adapter = Fresh();
        AdapterFolder.Write(_folder, adapter, new LoraOptions(), ".");
        Assert.Contains("adapter itself",
            Assert.Throws<InvalidDataException>(() => ModelFolder.Open(_folder)).Message);
        Change(config => config["base_model_name_or_path"] = null);
        Assert.Contains("--adapter", Assert.Throws<InvalidDataException>(() => ModelFolder.Open(_folder)).Message);
    }

    private static Adapter Fresh(LoraOptions? options = null)
    {
        options ??= new LoraOptions();
        return Adapter.Random(AdapterSite.Choose(new Gpt2(), Shape, options.Targets), options, seed: 7);
    }

    /// <summary>As after training: B is not zero.</summary>
    internal static void Fill(Adapter adapter)
    {
        using var guard = no_grad();
        using var generator = new Generator(11);
        foreach (var part in adapter.Parts)
        {
            using var values = randn(part.Up.shape, generator: generator);
            part.Up.copy_(values);
        }
    }

    internal static float[] LogProbabilities(Decoder decoder)
    {
        var model = new TorchLanguageModel(decoder, new ByteTokenizer(), null, null);
        int vocabulary = Math.Min(60, decoder.Shape.VocabularySize);
        return model.Forward([new ForwardInput(Ids)
        {
            Targets = [.. Enumerable.Range(1, Ids.Length).SelectMany(
                p => Enumerable.Range(0, vocabulary).Select(v => new Target(p, v)))],
        }])[0].LogProbabilities;
    }

    internal static bool Same(Tensor a, Tensor b) => a.shape.SequenceEqual(b.shape) && a.eq(b).all().item<bool>();

    internal static float Distance(float[] a, float[] b) => a.Zip(b, (x, y) => Math.Abs(x - y)).Max();

    private string In(string name) => Path.Combine(_folder, name);

    private void Change(Action<JsonObject> change)
    {
        var config = JsonNode.Parse(File.ReadAllText(In("adapter_config.json")))!.AsObject();
        change(config);
        WriteConfig(_folder, config);
    }

    private static void WriteConfig(string folder, JsonObject config) =>
        File.WriteAllText(Path.Combine(folder, "adapter_config.json"), config.ToJsonString());
}
