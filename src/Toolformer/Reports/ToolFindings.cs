using Toolformer.Pipeline;

namespace Toolformer.Reports;

/// <summary>Something that a step of the pipeline did not let through.</summary>
/// <param name="Reason">In words.</param>
internal sealed record Loss(string Reason, long Count);

/// <summary>A step of a tool's way from documents to kept calls.</summary>
/// <param name="Count">Null: the run does not say.</param>
/// <param name="Losses">What was lost on the way to this step.</param>
internal sealed record FunnelStep(string Name, long? Count, IReadOnlyList<Loss> Losses);

/// <summary>What a run says about one tool.</summary>
internal sealed record ToolFindings(string Tool)
{
    /// <summary>τ_f; null: the run was not filtered.</summary>
    public double? Threshold { get; init; }

    public IReadOnlyList<FunnelStep> Funnel { get; init; } = [];
    public GainHistogram Gains { get; init; } = new();
    public IReadOnlyList<ShownCall> Best { get; init; } = [];
    public IReadOnlyList<ShownCall> Borderline { get; init; } = [];
    public IReadOnlyList<ShownCall> Worst { get; init; } = [];
    public IReadOnlyList<StartStrip> Strips { get; init; } = [];

    public long? Count(string step) => Funnel.FirstOrDefault(s => s.Name == step)?.Count;
}

/// <summary>The steps of a tool, from the counts of the stages.</summary>
internal static class Funnel
{
    public const string Documents = "documents", Texts = "texts read", Positions = "positions", Samples = "samples",
        Parsed = "parsed calls", Executed = "executed", Kept = "kept", Examples = "texts in the dataset";

    private static readonly IReadOnlyDictionary<string, string> Words = new Dictionary<string, string>
    {
        [SampleCalls.NotWorth] = "not worth annotating, by the tool's own heuristic",
        [SampleCalls.TooLong] = "too long for the model",
        [SampleCalls.NoInput] = "no possible input at the place",
        [SampleCalls.Duplicate] = "the same call as another at its place",
        [SampleCalls.Malformed] = "not a call",
        [SampleCalls.OtherTool] = "a call of another tool",
        [SampleCalls.Unfinished] = "not finished within the token limit",
        [SampleCalls.LineBreak] = "ended by a line break",
        [SampleCalls.EndOfText] = "ended by the end of the text",
        [FilterCalls.BelowThreshold] = "the result makes the next words too little likelier (gain below τ_f)",
        [FilterCalls.NotFinite] = "loss not finite",
    };

    /// <param name="stages">The stages of the run, with the counts that they have so far.</param>
    /// <param name="errors">Why calls had no result, the most frequent first.</param>
    public static IReadOnlyList<FunnelStep> Of(
        string tool, IReadOnlyDictionary<string, StageRecord> stages, IReadOnlyList<Loss> errors)
    {
        var (sample, execute, filter) = (Counts("sample"), Counts("execute"), Counts("filter"));
        long? texts = sample("texts"), samples = sample("samples");
        long? perPosition = Number(stages.GetValueOrDefault("sample"), tool, "calls_per_position");
        long noInput = sample(SampleCalls.NoInput) ?? 0;
        // Every position has as many samples as the options say, so their number need not be stored.
        long? positions = samples is null || perPosition is not > 0 ? null : (samples / perPosition) + noInput;
        return
        [
            new(Documents, texts is null ? null
                : texts + (sample(SampleCalls.NotWorth) ?? 0) + (sample(SampleCalls.TooLong) ?? 0), []),
            new(Texts, texts, Lost(sample, "", SampleCalls.NotWorth, SampleCalls.TooLong)),
            new(Positions, positions, []),
            new(Samples, samples, Lost(sample, "", SampleCalls.NoInput)),
            new(Parsed, sample("calls"), Lost(sample, "discarded.",
                [SampleCalls.Duplicate, .. SampleCalls.IllFormed])),
            new(Executed, execute("results"), errors.Count > 0 ? errors
                : execute("errors") is { } n and > 0 ? [new("no result", n)] : []),
            new(Kept, filter("kept"), Lost(filter, "",
                FilterCalls.BelowThreshold, FilterCalls.TooLong, FilterCalls.NotFinite)),
            new(Examples, Counts("dataset")("examples"), []),
        ];

        Func<string, long?> Counts(string stage) => name =>
            stages.GetValueOrDefault(stage) is { Counts.Count: > 0 } record
                ? record.Counts.GetValueOrDefault($"{tool}.{name}") : null;
    }

    /// <summary>An option of a stage for a tool.</summary>
    public static long? Number(StageRecord? stage, string tool, string option) =>
        stage?.Options["tools"] is System.Text.Json.Nodes.JsonObject tools
        && tools[tool] is System.Text.Json.Nodes.JsonObject options
        && options[option] is System.Text.Json.Nodes.JsonValue value && value.TryGetValue(out long number)
            ? number : null;

    private static IReadOnlyList<Loss> Lost(Func<string, long?> count, string prefix, params string[] reasons) =>
        [.. reasons.Select(r => new Loss(Words[r], count(prefix + r) ?? 0)).Where(l => l.Count > 0)
            .OrderByDescending(l => l.Count)];
}
