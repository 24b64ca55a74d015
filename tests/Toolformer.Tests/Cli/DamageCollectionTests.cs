using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using Toolformer.Cli;
using Toolformer.Cli.Doctor;
using Toolformer.Tests.Fakes;
using Toolformer.Torch;
using Toolformer.Torch.Tokenizers;
using static TorchSharp.torch;

namespace Toolformer.Tests.Cli;

/// <summary>A collection of damaged model folders, each of which the doctor has to explain.</summary>
public class DamageCollectionTests
{
    private const string Weights = "model.safetensors", Index = "model.safetensors.index.json";

    /// <summary>What was done, how it is done, and what the finding has to say.</summary>
    private static readonly (string Name, Action<TinyModel> Do, Health Health, string[] Says)[] Damages =
    [
        ("weights cut off", m => Cut(m, -100), Health.Broken, ["ends at byte", Weights]),
        ("weights cut off in the header", m => Cut(m, 50), Health.Broken, ["header claims", Weights]),
        ("weights of three bytes", m => Cut(m, 3), Health.Broken, ["too short"]),
        ("weights of no byte", m => Cut(m, 0), Health.Broken, ["is empty", Weights]),
        ("absurd length of the header", m => Poke(m, 0, BitConverter.GetBytes(long.MaxValue / 2)), Health.Broken,
            ["header claims"]),
        ("header that is no JSON", m => Poke(m, 8, "<<<<"u8.ToArray()), Health.Broken, ["header is not valid"]),
        ("tensors that overlap", m => Header(m, h => h["transformer.wpe.weight"]!["data_offsets"] =
            h["transformer.wte.weight"]!["data_offsets"]![0]!.GetValue<long>() is var s
                ? new JsonArray(s, s + 64 * 16 * 4) : null), Health.Broken, ["overlap"]),
        ("offsets beyond the end", m => Header(m, h => h["transformer.wpe.weight"]!["data_offsets"] =
            new JsonArray(1L << 40, (1L << 40) + 64 * 16 * 4)), Health.Broken, ["beyond the end"]),
        ("negative offsets", m => Header(m, h => h["transformer.wpe.weight"]!["data_offsets"] =
            new JsonArray(-4096, 0)), Health.Broken, ["transformer.wpe.weight", "offsets"]),
        ("offsets that span too little", m => Header(m, h => h["transformer.wpe.weight"]!["shape"] =
            new JsonArray(64, 17)), Health.Broken, ["needs", "bytes"]),
        ("unknown number format", m => Header(m, h => h["transformer.wpe.weight"]!["dtype"] = "F8_E4M3"),
            Health.Broken, ["F8_E4M3", "quantised"]),
        ("weights of whole numbers", m => Header(m, h => h["transformer.wpe.weight"]!["dtype"] = "I32"),
            Health.Broken, ["transformer.wpe.weight", "Int32"]),
        ("bytes of no tensor", m => Append(m, new byte[64]), Health.Limited, ["64 bytes", "no tensor"]),
        ("missing shard", m => { Shard(m); File.Delete(m.File(ShardName(2))); }, Health.Broken,
            ["1 of 2 shards", ShardName(2)]),
        ("index that is missing", m => { Shard(m); File.Delete(m.File(Index)); }, Health.Broken,
            [ShardName(1), Index]),
        ("index that is no JSON", m => { Shard(m); File.WriteAllText(m.File(Index), "{"); }, Health.Broken,
            [Index, "not valid JSON"]),
        ("index that names absent tensors", m => { Shard(m); Map(m, map => map["ghost.weight"] = ShardName(1)); },
            Health.Broken, ["ghost.weight", ShardName(1)]),
        ("index that leads out of the folder", m => { Shard(m); Map(m, map => map["ghost"] = "../x.safetensors"); },
            Health.Broken, ["../x.safetensors", "outside"]),
        ("cut shard", m => { Shard(m); Cut(m, -8, ShardName(1)); }, Health.Broken, [ShardName(1), "ends at byte"]),
        ("missing tensor", m => Tensors(m, t => t.Remove("transformer.h.1.ln_1.bias")), Health.Broken,
            ["1 tensor", "transformer.h.1.ln_1.bias", "missing"]),
        ("more layers by the configuration", m => Change(m, "n_layer", 3), Health.Broken,
            ["missing", "transformer.h.2."]),
        ("fewer layers by the configuration", m => Change(m, "n_layer", 1), Health.Broken,
            ["more layers than the 1", "transformer.h.1."]),
        ("another context by the configuration", m => Change(m, "n_positions", 65), Health.Broken,
            ["[64, 16]", "[65, 16]", "config"]),
        ("another vocabulary by the configuration", m => Change(m, "vocab_size", 999), Health.Broken,
            ["transformer.wte.weight", "[999, 16]"]),
        ("heads that do not share the width", m => Change(m, "n_head", 3), Health.Broken, ["n_head", "n_embd"]),
        ("unknown value", m => Change(m, "activation_function", "swoosh"), Health.Broken, ["swoosh"]),
        ("value of a wrong kind", m => Change(m, "n_layer", "two"), Health.Broken, ["n_layer", "two"]),
        ("setting with a slip", m => { Change(m, "layer_norm_epsilon", null);
            Change(m, "layer_norm_epsilom", 1e-3); }, Health.Limited, ["layer_norm_epsilom", "layer_norm_epsilon"]),
        ("unknown family", m => Change(m, "model_type", "rwkv9"), Health.Broken, ["rwkv9", "gpt2"]),
        ("configuration that is missing", m => File.Delete(m.File("config.json")), Health.Broken, ["config.json"]),
        ("configuration that is no JSON", m => File.WriteAllText(m.File("config.json"), "{\"a\": "), Health.Broken,
            ["config.json", "not valid JSON"]),
        ("NaN", m => Tensors(m, t => t["transformer.ln_f.weight"][3] = float.NaN), Health.Broken,
            ["NaN", "transformer.ln_f.weight (1)"]),
        ("infinite", m => Tensors(m, t => t["transformer.h.0.ln_1.bias"][0] = float.PositiveInfinity), Health.Broken,
            ["infinite", "transformer.h.0.ln_1.bias"]),
        ("nothing but zeros", m => Tensors(m, t => t["transformer.h.0.mlp.c_fc.weight"].zero_()), Health.Limited,
            ["zeros", "transformer.h.0.mlp.c_fc.weight"]),
        ("head untied by the configuration", m => Change(m, "tie_word_embeddings", false), Health.Broken,
            ["tie_word_embeddings is false", "lm_head.weight"]),
        ("head of its own, tied by the configuration", m => Tensors(m, t => t["lm_head.weight"] =
            t["transformer.wte.weight"].neg()), Health.Broken, ["tie_word_embeddings is true", "lm_head.weight"]),
        ("tensor that nobody reads", m => Tensors(m, t => t["value_head.weight"] = ones(3)), Health.Limited,
            ["value_head.weight", "not used"]),
        ("quantised by the configuration", m => Change(m, "quantization_config",
            new JsonObject { ["quant_method"] = "gptq", ["bits"] = 4 }), Health.Broken, ["gptq", "quantised"]),
        ("quantised by the weights", m => Tensors(m, t => t["transformer.h.0.attn.c_attn.qweight"] = ones(3)),
            Health.Broken, ["quantised", "qweight"]),
        ("tokenizer of another model", m => TokenizerFiles.Write(BpeTrainer.Train([], 400, [" [", "]", " ->",
            .. Enumerable.Range('a', 26).SelectMany(c => new[] { $"x{(char)c}", $"y{(char)c}" })]), m.Folder),
            Health.Broken, ["tokens, the model", "different models"]),
        ("merge of what is no token", m => Json(m, "tokenizer.json", j => j["model"]!["merges"]!.AsArray()
            .Add(new JsonArray("qq", "zz"))), Health.Broken, ["qq", "zz"]),
        ("tokenizer that is no JSON", m => File.WriteAllText(m.File("tokenizer.json"), "{\"model\": {"), Health.Broken,
            ["tokenizer.json"]),
        ("vocabulary without merges", m => { File.Delete(m.File("tokenizer.json"));
            File.WriteAllText(m.File("vocab.json"), "{}"); }, Health.Broken, ["vocab.json without merges.txt"]),
        ("end of text of another tokenizer", m => Json(m, "tokenizer_config.json", j => j["eos_token"] = "cat"),
            Health.Limited, ["end of text", "\"cat\""]),
        ("end outside the vocabulary", m => Change(m, "eos_token_id", 50256), Health.Broken,
            ["eos_token_id is 50256", "vocabulary"]),
        ("padding outside the vocabulary", m => Change(m, "pad_token_id", 50257), Health.Limited,
            ["pad_token_id is 50257"]),
        ("generation that ends outside the vocabulary", m => File.WriteAllText(m.File("generation_config.json"),
            """{"eos_token_id": [0, 128001]}"""), Health.Broken, ["eos_token_id is 128001"]),
        ("generation that is no JSON", m => File.WriteAllText(m.File("generation_config.json"), "nope"),
            Health.Broken, ["generation_config.json", "not valid JSON"]),
        ("only a pickle", m => File.Move(m.File(Weights), m.File("pytorch_model.bin")), Health.Broken,
            ["pytorch_model.bin", "pickle", "safe_serialization"]),
        ("only weights of another program", m => File.Move(m.File(Weights), m.File("model.gguf")), Health.Broken,
            ["model.gguf", "safetensors"]),
        ("a pickle under another name", m => File.WriteAllText(m.File(Weights), "PK\u0003\u0004archive/data.pkl"),
            Health.Broken, ["archive of PyTorch"]),
        ("no weights", m => File.Delete(m.File(Weights)), Health.Broken, ["no weights", Weights]),
        ("pointer of Git LFS", m => File.WriteAllText(m.File(Weights),
            $"version https://git-lfs.github.com/spec/v1\noid sha256:{new string('a', 64)}\nsize 548105171\n"),
            Health.Broken, ["pointer of Git LFS", "548105171", "git lfs pull"]),
        ("web page", m => File.WriteAllText(m.File("config.json"), "\n<!DOCTYPE html><html>404</html>"),
            Health.Broken, ["web page", "config.json", "resolve"]),
        ("link to nothing", m => { File.Delete(m.File(Weights));
            File.CreateSymbolicLink(m.File(Weights), "../../blobs/gone"); }, Health.Broken,
            ["blobs/gone", "not there"]),
    ];

    public static TheoryData<string> Names => [.. Damages.Select(d => d.Name)];

    [Theory, MemberData(nameof(Names))]
    public void Each_damage_is_explained_in_three_parts(string name)
    {
        var (_, damage, health, says) = Damages.Single(d => d.Name == name);
        using var model = new TinyModel();
        damage(model);
        var findings = Examine(model.Folder);
        var found = findings.FirstOrDefault(f => says.All($"{f.What}\n{f.Where}\n{f.Remedy}".Contains));
        Assert.True(found is not null, string.Join("\n", findings));
        Assert.Equal(health, found.Health);
        Assert.StartsWith(model.Folder, found.Where);
        Assert.False(string.IsNullOrWhiteSpace(found.Remedy));
        // One damage, and not a dozen findings that follow from it.
        Assert.InRange(findings.Count(f => f.Health == Health.Broken), health == Health.Broken ? 1 : 0, 2);
    }

    [Fact]
    public void A_sound_model_in_shards_is_told_to_be_so()
    {
        using var model = new TinyModel();
        Shard(model);
        Assert.All(Examine(model.Folder), f => Assert.True(f.Health == Health.Ok, $"{f}"));
    }

    [Theory]
    [InlineData("gpt2_hubstyle")]
    [InlineData("gptj")]
    [InlineData("neox")]
    [InlineData("llama_sharded")]
    [InlineData("mistral")]
    [InlineData("qwen2")]
    [InlineData("m2m100")]
    [InlineData("bert_qa")]
    public void Sound_models_of_every_family_have_no_damage(string name) =>
        Assert.All(Examine(Shared.Need("golden", name)).Where(f => f.Subject != "tokenizer"),
            f => Assert.True(f.Health == Health.Ok, $"{f}"));

    [Fact]
    public async Task All_that_is_wrong_is_told_at_once()
    {
        using var model = new TinyModel();
        Change(model, "eos_token_id", 50256);
        File.WriteAllText(model.File("tokenizer.json"), "{");
        Cut(model, -4);
        var run = await ToolformerRun.Of("doctor", model.Folder, "--json");
        Assert.Equal(1, run.Status);
        Assert.Equal(["tokenizer", "end of text", "weights"],
            run.Records.Where(r => r.GetProperty("health").GetString() == "broken")
                .Select(r => r.GetProperty("subject").GetString()));
    }

    private static List<Finding> Examine(string folder) =>
        [.. ModelHealth.Examine(folder, new Compute(CPU, null))];

    private static string ShardName(int number) => $"model-0000{number}-of-00002.safetensors";

    private static void Cut(TinyModel model, int length, string file = Weights)
    {
        using var stream = File.OpenWrite(model.File(file));
        stream.SetLength(length >= 0 ? length : stream.Length + length);
    }

    private static void Poke(TinyModel model, int at, byte[] bytes)
    {
        using var stream = File.OpenWrite(model.File(Weights));
        stream.Position = at;
        stream.Write(bytes);
    }

    private static void Append(TinyModel model, byte[] bytes)
    {
        using var stream = new FileStream(model.File(Weights), FileMode.Append);
        stream.Write(bytes);
    }

    private static void Header(TinyModel model, Action<JsonObject> change)
    {
        byte[] all = File.ReadAllBytes(model.File(Weights));
        int length = (int)BinaryPrimitives.ReadInt64LittleEndian(all);
        var header = JsonNode.Parse(all.AsSpan(8, length))!.AsObject();
        change(header);
        byte[] json = Encoding.UTF8.GetBytes(header.ToJsonString());
        File.WriteAllBytes(model.File(Weights), [.. BitConverter.GetBytes((long)json.Length), .. json,
            .. all[(8 + length)..]]);
    }

    private static void Tensors(TinyModel model, Action<Dictionary<string, Tensor>> change)
    {
        using var scope = NewDisposeScope();
        var tensors = Safetensors.Read(model.File(Weights));
        using (no_grad())
            change(tensors);
        Safetensors.Write(model.File(Weights), tensors.Select(t => (t.Key, t.Value)));
    }

    private static void Shard(TinyModel model)
    {
        using var scope = NewDisposeScope();
        var tensors = Safetensors.Read(model.File(Weights)).Index().ToList();
        var map = new JsonObject();
        foreach (int number in (int[])[1, 2])
        {
            var part = tensors.Where(t => t.Index % 2 + 1 == number).Select(t => (t.Item.Key, t.Item.Value)).ToList();
            Safetensors.Write(model.File(ShardName(number)), part);
            foreach (var (name, _) in part)
                map[name] = ShardName(number);
        }
        File.WriteAllText(model.File(Index), new JsonObject { ["weight_map"] = map }.ToJsonString());
        File.Delete(model.File(Weights));
    }

    private static void Map(TinyModel model, Action<JsonObject> change) =>
        Json(model, Index, index => change(index["weight_map"]!.AsObject()));

    private static void Change(TinyModel model, string key, JsonNode? value) => Json(model, "config.json", config =>
    {
        if (value is null)
            config.Remove(key);
        else
            config[key] = value;
    });

    private static void Json(TinyModel model, string file, Action<JsonObject> change)
    {
        var json = JsonNode.Parse(File.ReadAllText(model.File(file)))!.AsObject();
        change(json);
        File.WriteAllText(model.File(file), json.ToJsonString());
    }
}
