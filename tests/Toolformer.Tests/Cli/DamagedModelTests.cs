using System.Text.Json.Nodes;
using Toolformer.Tests.Fakes;
using Toolformer.Torch;
using Toolformer.Torch.Tokenizers;
using static TorchSharp.torch;

namespace Toolformer.Tests.Cli;

public class DamagedModelTests
{
    [Theory]
    [InlineData("score")]
    [InlineData("generate")]
    [InlineData("tokenize")]
    public async Task A_folder_that_is_not_there_is_refused(string verb)
    {
        var run = await ToolformerRun.Of(verb, "--model", "no/such/folder");
        run.AssertRefused("no/such/folder", "looked in");
    }

    [Fact]
    public async Task A_name_as_on_a_hub_is_looked_for_in_the_cache()
    {
        var run = await ToolformerRun.Of("score", "--model", "someone/some-model");
        run.AssertRefused("someone/some-model", "cache", "HF_HUB_OFFLINE");
    }

    [Fact]
    public async Task An_empty_folder_is_refused()
    {
        using var model = new TinyModel();
        File.Delete(model.File("config.json"));
        await AssertRefused(model, "config.json");
    }

    [Fact]
    public async Task A_configuration_that_is_no_JSON_is_refused()
    {
        using var model = new TinyModel();
        File.WriteAllText(model.File("config.json"), "{\"model_type\": ");
        await AssertRefused(model, "not valid JSON", "config.json");
    }

    [Fact]
    public async Task A_family_that_can_not_be_run_is_refused_with_those_that_can()
    {
        using var model = new TinyModel();
        Change(model, config => config["model_type"] = "t5");
        await AssertRefused(model, "'t5'", "gpt2", "config.json");
    }

    [Fact]
    public async Task Missing_weights_are_refused()
    {
        using var model = new TinyModel();
        File.Delete(model.File("model.safetensors"));
        await AssertRefused(model, "model.safetensors", model.Folder);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(100)]
    [InlineData(-7)]
    public async Task Truncated_weights_are_refused(int length)
    {
        using var model = new TinyModel();
        using (var file = File.OpenWrite(model.File("model.safetensors")))
            file.SetLength(length > 0 ? length : file.Length + length);
        await AssertRefused(model, "model.safetensors", "bytes");
    }

    [Fact]
    public async Task A_tensor_of_another_shape_is_refused_with_both_shapes()
    {
        using var model = new TinyModel();
        Change(model, config => config["n_positions"] = 65);
        await AssertRefused(model, "wpe", "[64, 16]", "[65, 16]");
    }

    [Fact]
    public async Task A_missing_tensor_is_refused()
    {
        using var model = new TinyModel();
        Change(model, config => config["n_layer"] = 3);
        await AssertRefused(model, "missing", "transformer.h.2", model.Folder);
    }

    [Fact]
    public async Task Weights_that_are_no_numbers_are_found_by_score_and_by_the_doctor()
    {
        using var model = new TinyModel();
        SpoilWeights(model);
        var score = await ToolformerRun.OfInput("""{"input_ids": [1, 2]}""", "score", "--model", model.Folder);
        score.AssertRefused("not finite", "line 1", "doctor");
        var doctor = await ToolformerRun.Of("doctor", "--model", model.Folder);
        Assert.Equal(1, doctor.Status);
        Assert.Contains("NaN", doctor.Output);
        Assert.Contains("transformer.ln_f.weight", doctor.Output);
    }

    [Fact]
    public async Task A_tokenizer_of_another_model_is_refused()
    {
        using var model = new TinyModel();
        string[] many = [.. Enumerable.Range('a', 26).SelectMany(c => new[] { $"x{(char)c}", $"y{(char)c}" })];
        TokenizerFiles.Write(BpeTrainer.Train([], 400, [" [", "]", " ->", .. many]), model.Folder);
        await AssertRefused(model, "tokens", model.Folder);
    }

    private static async Task AssertRefused(TinyModel model, params string[] parts)
    {
        var run = await ToolformerRun.OfInput("""{"input_ids": [1, 2]}""", "score", "--model", model.Folder);
        run.AssertRefused(parts);
        var doctor = await ToolformerRun.Of("doctor", "--model", model.Folder);
        Assert.Equal(1, doctor.Status);
        Assert.Contains("broken", doctor.Output);
        Assert.Contains("remedy", doctor.Output);
    }

    private static void Change(TinyModel model, Action<JsonObject> change)
    {
        var config = JsonNode.Parse(File.ReadAllText(model.File("config.json")))!.AsObject();
        change(config);
        File.WriteAllText(model.File("config.json"), config.ToJsonString());
    }

    private static void SpoilWeights(TinyModel model)
    {
        var tensors = Safetensors.Read(model.File("model.safetensors"));
        using (no_grad())
            tensors["transformer.ln_f.weight"][3] = float.NaN;
        Safetensors.Write(model.File("model.safetensors"), tensors.Select(t => (t.Key, t.Value)));
        foreach (var tensor in tensors.Values)
            tensor.Dispose();
    }
}
