using System.Text.Json;
using Toolformer.Modeling;
using Toolformer.Tests.Fakes;
using Toolformer.Torch;
using Toolformer.Torch.Architectures;
using static TorchSharp.torch;

namespace Toolformer.Tests.Torch;

public sealed class ModelFolderTests : IDisposable
{
    private static readonly DecoderShape Shape = new()
    {
        VocabularySize = 300,
        ContextLength = 32,
        Width = 24,
        Layers = 2,
        Heads = 3,
        InnerWidth = 96,
        NormEpsilon = 1e-5,
        Activation = Activation.GeluTanh,
        TiedHead = true,
    };

    private readonly string _folder = Directory.CreateTempSubdirectory("toolformer-model").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory, InlineData(true), InlineData(false)]
    public void A_model_that_was_written_reads_back_bit_for_bit(bool tied)
    {
        using var decoder = Decoder.Random(Shape with { TiedHead = tied }, 3);
        ModelFolder.Write(_folder, decoder, new Gpt2(), ScalarType.Float32, endOfText: 0);
        var folder = ModelFolder.Open(_folder);
        Assert.Equal(decoder.Shape, folder.Shape);
        Assert.Equal(0, folder.EndOfText);
        using var again = folder.ReadDecoder();
        foreach (var (name, value) in decoder.Parameters)
            Assert.True(value.eq(again.Parameters[name]).all().item<bool>(), name);
    }

    [Theory, MemberData(nameof(Families.Names), MemberType = typeof(Families))]
    public void Every_family_s_folder_reads_back_bit_for_bit(string name)
    {
        var (architecture, shape) = Families.Open(name);
        using var decoder = Families.Decoder(shape);
        ModelFolder.Write(_folder, decoder, architecture, ScalarType.Float32, endOfText: 7);
        var folder = ModelFolder.Open(_folder);
        Assert.Equal(shape, folder.Shape);
        using var again = folder.ReadDecoder();
        foreach (var (parameter, value) in decoder.Parameters)
            Assert.True(value.eq(again.Parameters[parameter]).all().item<bool>(), parameter);
    }

    [Theory, MemberData(nameof(GoldenModel.Decoders), MemberType = typeof(GoldenModel))]
    public void A_folder_that_is_read_and_written_keeps_every_number_name_and_setting(string name)
    {
        var source = ModelFolder.Open(Shared.Need("golden", name));
        var type = source.Config.Text("torch_dtype") switch
        {
            "float16" => ScalarType.Float16,
            "bfloat16" => ScalarType.BFloat16,
            _ => ScalarType.Float32,
        };
        using (var decoder = source.ReadDecoder())
            ModelFolder.Write(_folder, decoder, source.Architecture, type, endOfText: null, source.Path);
        string[] files = Directory.GetFiles(source.Path, "model*.safetensors");
        var written = Safetensors.Read(Path.Combine(_folder, "model.safetensors"));
        string[] ignored = [".attn.bias", ".attention.bias", ".masked_bias", ".inv_freq"];
        var originals = files.SelectMany(f => Safetensors.Read(f)).Where(t => !ignored.Any(t.Key.EndsWith)).ToList();
        Assert.Equal(originals.Count, written.Count);
        foreach (var (tensor, value) in originals)
        {
            var ours = written.TryGetValue(tensor, out var same)
                ? same
                : written[source.Architecture.OptionalPrefix + tensor];
            Assert.Equal(value.dtype, ours.dtype);
            Assert.True(value.eq(ours).all().item<bool>(), tensor);
        }
        var config = ModelFolder.Open(_folder).Config.Root;
        foreach (var setting in source.Config.Root.EnumerateObject().Where(s => s.Name != "n_inner"))
            Assert.True(JsonElement.DeepEquals(setting.Value, config.GetProperty(setting.Name)), setting.Name);
    }

    [Fact]
    public void Weights_that_are_pickled_are_never_opened_and_the_way_out_is_named()
    {
        using var decoder = Decoder.Random(Shape, 4);
        ModelFolder.Write(_folder, decoder, new Gpt2(), ScalarType.Float32, endOfText: 0);
        File.Move(Path.Combine(_folder, "model.safetensors"), Path.Combine(_folder, "pytorch_model.bin"));
        var error = Assert.Throws<FileNotFoundException>(() => ModelFolder.Open(_folder).ReadDecoder());
        Assert.Contains("pytorch_model.bin", error.Message);
        Assert.Contains("pickle", error.Message);
        Assert.Contains("weights_only=True", error.Message);
    }

    [Theory]
    [InlineData("rope_scaling", """{"type": "yarn", "factor": 4}""", "yarn")]
    [InlineData("rope_scaling", """{"type": "linear"}""", "factor")]
    [InlineData("num_key_value_heads", "3", "num_key_value_heads")]
    [InlineData("head_dim", "7", "head_dim")]
    [InlineData("hidden_act", "\"tanh\"", "tanh")]
    [InlineData("quantization_config", """{"quant_method": "gptq"}""", "gptq")]
    public void A_setting_that_the_decoder_does_not_have_is_refused_by_name(string key, string value, string said)
    {
        var (architecture, shape) = Families.Open("llama");
        using var decoder = Decoder.Random(shape, 1);
        ModelFolder.Write(_folder, decoder, architecture, ScalarType.Float32, endOfText: 7);
        string path = Path.Combine(_folder, "config.json");
        var config = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(path))!;
        config[key] = System.Text.Json.Nodes.JsonNode.Parse(value);
        File.WriteAllText(path, config.ToJsonString());
        var error = Assert.Throws<InvalidDataException>(() => ModelFolder.Open(_folder));
        Assert.Contains(said, error.Message);
        Assert.Contains("config.json", error.Message);
    }

    [Fact]
    public void Shards_without_the_family_s_prefix_and_with_foreign_buffers_are_one_model()
    {
        using var decoder = Decoder.Random(Shape, 4);
        ModelFolder.Write(_folder, decoder, new Gpt2(), ScalarType.Float32, endOfText: 0);
        string single = Path.Combine(_folder, "model.safetensors");
        var tensors = Safetensors.Read(single);
        File.Delete(single);
        var bare = tensors.Select(t => (Name: t.Key["transformer.".Length..], Value: t.Value))
            .Append((Name: "h.0.attn.bias", Value: ones(1, 1, 4, 4))).ToList();
        var places = new Dictionary<string, string>();
        for (int shard = 0; shard < 2; shard++)
        {
            string file = $"model-0000{shard + 1}-of-00002.safetensors";
            var mine = bare.Where((_, i) => i % 2 == shard).ToList();
            Safetensors.Write(Path.Combine(_folder, file), mine);
            mine.ForEach(t => places[t.Name] = file);
        }
        File.WriteAllText(Path.Combine(_folder, "model.safetensors.index.json"),
            JsonSerializer.Serialize(new { weight_map = places }));
        using var again = ModelFolder.Open(_folder).ReadDecoder();
        foreach (var (name, value) in decoder.Parameters)
            Assert.True(value.eq(again.Parameters[name]).all().item<bool>(), name);
    }

    [Theory, InlineData(ScalarType.Float16), InlineData(ScalarType.BFloat16)]
    public void Half_precision_files_are_read_as_float32_of_the_same_values(ScalarType type)
    {
        using var decoder = Decoder.Random(Shape, 5);
        ModelFolder.Write(_folder, decoder, new Gpt2(), type, endOfText: 0);
        using var again = ModelFolder.Open(_folder).ReadDecoder();
        foreach (var (name, value) in decoder.Parameters)
        {
            Assert.Equal(ScalarType.Float32, again.Parameters[name].dtype);
            using var rounded = value.to(type).to(ScalarType.Float32);
            Assert.True(rounded.eq(again.Parameters[name]).all().item<bool>(), name);
        }
    }

    [Fact]
    public void bfloat16_compute_stays_near_float32()
    {
        using var exact = new TorchLanguageModel(Decoder.Random(Shape, 6), new ByteTokenizer(), null, null);
        using var coarse = new TorchLanguageModel(
            exact.Decoder.To(ScalarType.BFloat16, CPU), new ByteTokenizer(), null, null);
        var targets = Enumerable.Range(1, 4).Select(p => new Target(p, 9)).ToList();
        var input = new ForwardInput([5, 6, 7, 8]) { Targets = targets };
        float[] a = exact.Forward([input])[0].LogProbabilities, b = coarse.Forward([input])[0].LogProbabilities;
        for (int i = 0; i < a.Length; i++)
            Assert.Equal(a[i], b[i], 0.05f);
    }
}
