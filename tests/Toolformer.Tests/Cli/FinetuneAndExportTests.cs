using System.Text.Json;
using Toolformer.Cli;
using Toolformer.Pipeline;
using Toolformer.Tests.Fakes;
using Toolformer.Torch;

namespace Toolformer.Tests.Cli;

public sealed class FinetuneAndExportTests : IDisposable
{
    private const string Line = """{"input_ids": [5, 9, 2, 33, 17, 8, 4, 1]}""";

    private readonly TinyModel _model = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("finetune").FullName;

    public FinetuneAndExportTests()
    {
        var random = new Random(3);
        using var writer = new JsonLinesWriter(In("dataset.jsonl"));
        for (int i = 0; i < 12; i++)
        {
            writer.Write(new DatasetExample($"text {i}", "a [Calculator(1 + 1) -> 2] b",
                [.. Enumerable.Range(0, 8 + i).Select(_ => random.Next(_model.Shape.VocabularySize))],
                [new DatasetCall("Calculator", "1 + 1", "2", 1, 3, 5)]));
        }
        writer.Flush(toDisk: false);
    }

    public void Dispose()
    {
        _model.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_finetuned_model_is_exported_bit_for_bit()
    {
        await Finetune("full");
        await Done("export", "--model", In("full"), "--out", In("exported"));
        foreach (string file in new[] { "model.safetensors", "tokenizer.json" })
            Assert.Equal(File.ReadAllBytes(In("full", file)), File.ReadAllBytes(In("exported", file)));
        Assert.True(System.Text.Json.Nodes.JsonNode.DeepEquals(
            System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(In("full", "config.json"))),
            System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(In("exported", "config.json")))));
        await Done("export", "--model", In("full"), "--out", In("half"), "--dtype", "bfloat16");
        Assert.Contains("bfloat16", File.ReadAllText(In("half", "config.json")));
        Assert.True(new FileInfo(In("half", "model.safetensors")).Length
            < new FileInfo(In("full", "model.safetensors")).Length * 2 / 3);
    }

    [Fact]
    public async Task An_adapter_alone_beside_its_model_and_merged_score_alike_and_unlike_the_model()
    {
        await Finetune("adapter", "--lora", "--lora-rank", "4", "--lora-targets", "c_attn,down", "--pack",
            "--checkpoint-activations", "--micro-batch-tokens", "40", "--dtype", "float32");
        Assert.Equal(["adapter_config.json", "adapter_model.safetensors"],
            Directory.GetFiles(In("adapter")).Select(Path.GetFileName).Order());
        await Done("export", "--model", In("adapter"), "--out", In("merged"));
        string expected = await Score("--model", In("merged"));
        Assert.Equal(expected, await Score("--model", In("adapter")));
        Assert.Equal(expected, await Score("--model", _model.Folder, "--adapter", In("adapter")));
        Assert.NotEqual(expected, await Score("--model", _model.Folder));
        Assert.True(File.Exists(In("merged", "tokenizer.json")));

        // A finished adapter is left as it is; with other numbers the folder is another run's.
        byte[] before = File.ReadAllBytes(In("adapter", "adapter_model.safetensors"));
        var other = await ToolformerRun.Of([.. Arguments("adapter"), "--lora", "--lora-rank", "2"]);
        Assert.Equal(CommandLine.Failed, other.Status);
        Assert.Contains("rank", other.Error);
        Assert.Equal(before, File.ReadAllBytes(In("adapter", "adapter_model.safetensors")));

        (await ToolformerRun.OfInput(Line, "score", "--model", In("adapter"), "--adapter", In("adapter")))
            .AssertRefused("already", "--adapter");
        (await ToolformerRun.Of([.. Arguments("second", In("adapter")), "--lora"])).AssertRefused("export");
    }

    [Fact]
    public async Task Work_that_can_not_fit_is_refused_before_it_starts_and_memory_is_said_before_it_does()
    {
        var refused = await ToolformerRun.Of([.. Arguments("none"), "--memory", "0.0001"]);
        Assert.Equal(CommandLine.Failed, refused.Status);
        Assert.Contains("GiB at its peak", refused.Error);
        Assert.Contains("--lora", refused.Error);
        Assert.False(ModelFolder.IsComplete(In("none")));
        Assert.Contains("of memory at its peak (weights", (await Finetune("some")).Error);
    }

    [Fact]
    public async Task An_estimate_needs_neither_data_nor_weights()
    {
        Directory.CreateDirectory(In("config only"));
        File.Copy(_model.File("config.json"), In("config only", "config.json"));
        var full = await Done("finetune", "--model", In("config only"), "--estimate", "--json");
        long count = _model.Shape.ParameterCount;
        var figures = JsonSerializer.Deserialize<JsonElement>(full.Output);
        Assert.Equal(4 * count, figures.GetProperty("weights").GetInt64());
        Assert.Equal(8 * count, figures.GetProperty("optimizer").GetInt64());
        var lora = await Done("finetune", "--model", In("config only"), "--estimate", "--json", "--lora");
        figures = JsonSerializer.Deserialize<JsonElement>(lora.Output);
        Assert.InRange(figures.GetProperty("optimizer").GetInt64(), 1, 8 * count - 1);
        var lines = await Done("finetune", "--model", In("config only"), "--estimate", "--memory", "3");
        Assert.Contains("available         3.00 GiB", lines.Output);
        (await ToolformerRun.Of("finetune", "--model", _model.Folder)).AssertRefused("--dataset", "--estimate");
    }

    [Fact]
    public async Task Where_nothing_is_held_out_the_last_step_is_kept_and_it_is_said() =>
        Assert.Contains("none of the 12 examples is held out",
            (await Finetune("last", "--held-out", "0")).Error);

    [Fact]
    public async Task A_dataset_is_exported_by_the_ending_of_its_name()
    {
        await Done("export", "--dataset", _folder, "--out", In("d.parquet"), "--columns", "text");
        Assert.Equal(12, new Corpus([In("d.parquet")]).Read().Count());
        await Done("export", "--dataset", In("dataset.jsonl"), "--out", In("d.jsonl"));
        var line = JsonLines.Read<JsonElement>(In("d.jsonl")).First();
        var function = line.GetProperty("tools")[0].GetProperty("function");
        Assert.NotEqual("", function.GetProperty("description").GetString());
        (await ToolformerRun.Of("export", "--dataset", _folder, "--out", In("d.csv")))
            .AssertRefused(".csv", ".parquet");
        (await ToolformerRun.Of("export", "--out", In("d.jsonl"))).AssertRefused("Neither");
        (await ToolformerRun.Of("export", "--dataset", _folder, "--out", In("d.jsonl"), "--columns", "txt"))
            .AssertRefused("'txt'", "text");
        (await ToolformerRun.Of("export", "--model", _model.Folder, "--out", _model.Folder)).AssertRefused("itself");
    }

    private string[] Arguments(string target, string? model = null) =>
    [
        "finetune", "--model", model ?? _model.Folder, "--dataset", In("dataset.jsonl"), "--out", In(target),
        "--batch-size", "4", "--epochs", "2", "--learning-rate", "0.01", "--threads", "1",
    ];

    private Task<ToolformerRun> Finetune(string target, params string[] more) =>
        Done([.. Arguments(target), .. more]);

    private static async Task<ToolformerRun> Done(params string[] arguments)
    {
        var run = await ToolformerRun.Of(arguments);
        Assert.True(run.Status == CommandLine.Done, run.Error);
        return run;
    }

    private static async Task<string> Score(params string[] arguments)
    {
        var run = await ToolformerRun.OfInput(Line, ["score", .. arguments]);
        Assert.True(run.Status == CommandLine.Done, run.Error);
        return run.Output;
    }

    private string In(params string[] parts) => Path.Combine([_folder, .. parts]);
}
