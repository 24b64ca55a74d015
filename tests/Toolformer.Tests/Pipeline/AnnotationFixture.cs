using System.Text.Json;
using System.Text.Json.Nodes;
using Toolformer.Modeling;
using Toolformer.Pipeline;
using Toolformer.Tests.Fakes;
using Toolformer.Tools;

namespace Toolformer.Tests.Pipeline;

/// <summary>A clock that stands still, so that no file of a run depends on how long anything took.</summary>
internal sealed class StoppedClock : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    public override long GetTimestamp() => 0;
}

/// <summary>A small corpus and a run over it, in a folder of its own.</summary>
internal sealed class AnnotationFixture : IDisposable
{
    public static readonly string[] Files =
        ["documents.jsonl", "sampled.jsonl", "executed.jsonl", "filtered.jsonl", "dataset.jsonl"];

    private readonly string _folder = Directory.CreateTempSubdirectory("annotation").FullName;

    public AnnotationFixture(int documents = 7)
    {
        CorpusFile = Path.Combine(_folder, "corpus.jsonl");
        File.WriteAllLines(CorpusFile, Enumerable.Range(0, documents).Select(n => JsonSerializer.Serialize(new
        {
            text = $"Text {n}: Tim has {n} kites and buys {n % 3} more. Zoë counts {n + n % 3} 😀.",
            id = $"d{n}",
            date = n % 2 == 0 ? $"2024-05-{1 + n % 4:00}" : null,
        })));
    }

    public string CorpusFile { get; }
    public string RunPath(string name = "run") => Path.Combine(_folder, name);

    public AnnotationSettings Settings { get; init; } = new(
        [new TaughtTool(new AddTool()), new TaughtTool(new DayTool())])
    {
        Sample = new SampleOptions { DocumentsPerGroup = 2, Seed = 5 },
        Filter = new FilterOptions { DocumentsPerGroup = 2 },
        Dataset = new DatasetOptions { DocumentsPerGroup = 2 },
        Model = new JsonObject { ["name"] = "scripted" },
    };

    public async Task Run(
        string name = "run", ILanguageModel? model = null, AnnotationSettings? settings = null,
        AnnotationStage? only = null, IProgress<StageProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        settings ??= Settings;
        model ??= ScriptedModel.Make();
        var annotation = new Annotation(settings, new ByteTokenizer(), new Lazy<ILanguageModel>(model),
            new Toolbox(settings.Tools.Select(t => t.Tool)), new StoppedClock(), progress);
        using var folder = RunFolder.Open(RunPath(name));
        await annotation.RunAsync(folder, new Corpus([CorpusFile]), only, cancellation);
    }

    public byte[][] Outputs(string name = "run") =>
        [.. Files.Select(f => File.ReadAllBytes(Path.Combine(RunPath(name), f)))];

    public IReadOnlyList<T> Read<T>(string file, string name = "run") =>
        [.. JsonLines.Read<T>(Path.Combine(RunPath(name), file))];

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
