using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Toolformer.Pipeline;

/// <summary>A line of documents.jsonl: a text as the model saw it, without a token before every text.</summary>
public sealed record DocumentRecord(string DocId, string Text, IReadOnlyList<int> InputIds)
{
    public string? Url { get; init; }
    public DateOnly? Date { get; init; }
    public string? Title { get; init; }
    public IReadOnlyDictionary<string, JsonElement>? Other { get; init; }

    /// <summary>Where each token begins in the text, in UTF-16 units; null: the run is of an older version.</summary>
    public IReadOnlyList<int>? Offsets { get; init; }

    /// <summary>
    /// p_i of every position i for each tool that the text was read for, in thousandths (sampled.jsonl has those of the
    /// positions taken as they were); null: the run is of an older version.
    /// </summary>
    public IReadOnlyDictionary<string, IReadOnlyList<float>>? PStart { get; init; }

    internal static DocumentRecord Of(TokenisedDocument source, IReadOnlyDictionary<string, float[]> starts) =>
        new(source.Document.Id, source.Document.Text, [.. source.Tokens.Select(t => t.Id)])
        {
            Url = source.Document.Url,
            Date = source.Document.Date,
            Title = source.Document.Title,
            Other = source.Document.Other,
            Offsets = [.. source.Tokens.Select(t => t.Start)],
            PStart = starts.ToDictionary(
                s => s.Key, IReadOnlyList<float> (s) => [.. s.Value.Select(Thousandths)]),
        };

    /// <summary>What is not a number is no probability, and JSON has no word for it.</summary>
    private static float Thousandths(float p) => float.IsNaN(p) ? 0 : MathF.Round(p, 3);

    internal Document ToDocument() =>
        new(DocId, Text) { Url = Url, Date = Date, Title = Title, Other = Other };
}

/// <summary>A line of sampled.jsonl: a call that the model wrote.</summary>
public record SampledCall
{
    public required string DocId { get; init; }

    public required string Tool { get; init; }

    /// <summary>Token index i, 0-based: the call stands before token i of the text.</summary>
    public required int Position { get; init; }

    /// <summary>The same place in the text, in UTF-16 units.</summary>
    public required int Offset { get; init; }

    /// <summary>p_i, the probability of &lt;API&gt; at that place.</summary>
    public required double PStart { get; init; }

    public required string Input { get; init; }

    /// <summary>The tokens of `Tool(input)`.</summary>
    public required IReadOnlyList<int> CallIds { get; init; }
}

/// <summary>A line of executed.jsonl: a sampled call with its result, or the reason why there is none.</summary>
public record ExecutedCall : SampledCall
{
    public ExecutedCall() { }

    [SetsRequiredMembers]
    public ExecutedCall(SampledCall call) : base(call) { }

    [JsonPropertyOrder(1)]
    public string? Result { get; init; }

    [JsonPropertyOrder(1)]
    public string? Error { get; init; }

    /// <summary>How long the tool took: the one field that differs from run to run.</summary>
    [JsonPropertyOrder(1)]
    public double Milliseconds { get; init; }
}

/// <summary>A line of filtered.jsonl: an executed call with its three losses (paper, section 2), in nats.</summary>
public sealed record FilteredCall : ExecutedCall
{
    public FilteredCall() { }

    [SetsRequiredMembers]
    public FilteredCall(ExecutedCall call) : base(call) { }

    /// <summary>L(ε); null also where the text's first token has nothing before it.</summary>
    [JsonPropertyOrder(2), JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public double? LossNone { get; init; }

    /// <summary>L(e(c, ε)).</summary>
    [JsonPropertyOrder(2), JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public double? LossCall { get; init; }

    /// <summary>L(e(c, r)).</summary>
    [JsonPropertyOrder(2), JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public double? LossResult { get; init; }

    /// <summary>L⁻ − L⁺, where L⁻ is the lesser of the first two losses.</summary>
    [JsonPropertyOrder(2), JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public double? Gain { get; init; }

    /// <summary>Whether the gain is at least τ_f.</summary>
    [JsonPropertyOrder(2)]
    public required bool Kept { get; init; }

    /// <summary>Why it is not kept: a constant of <see cref="FilterCalls"/>; null if it is.</summary>
    [JsonPropertyOrder(2), JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Reason { get; init; }

    /// <summary>The tokens before the text in e(c, ε), without one that stands before every text.</summary>
    [JsonPropertyOrder(2)]
    public IReadOnlyList<int>? PrefixCallIds { get; init; }

    /// <summary>The tokens before the text in e(c, r).</summary>
    [JsonPropertyOrder(2)]
    public IReadOnlyList<int>? PrefixResultIds { get; init; }

    /// <summary>
    /// log p of the tokens whose weighted sum is L(ε), from the call's position on, in nats: other weights, and what
    /// each token says of the call, need no model. Null as the loss is, and in runs of older versions.
    /// </summary>
    [JsonPropertyOrder(2)]
    public IReadOnlyList<float>? LogprobsNone { get; init; }

    /// <summary>The same for L(e(c, ε)).</summary>
    [JsonPropertyOrder(2)]
    public IReadOnlyList<float>? LogprobsCall { get; init; }

    /// <summary>The same for L(e(c, r)).</summary>
    [JsonPropertyOrder(2)]
    public IReadOnlyList<float>? LogprobsResult { get; init; }
}

/// <summary>A line of dataset.jsonl: an example of C*, a text with its calls in it.</summary>
/// <param name="Id">The document's id, with a suffix where a long text gave several examples.</param>
/// <param name="InputIds">Without a token that stands before every text.</param>
public sealed record DatasetExample(
    string Id, string Text, IReadOnlyList<int> InputIds, IReadOnlyList<DatasetCall> Calls);

/// <summary>A call in an example.</summary>
/// <param name="Start">Its first token, that of " [".</param>
/// <param name="ResultStart">The first token of its result: those from here on were not the model's to write.</param>
/// <param name="End">The token after its last.</param>
public sealed record DatasetCall(string Tool, string Input, string Result, int Start, int ResultStart, int End);
