using Toolformer.Markup;
using Toolformer.Modeling;

namespace Toolformer.Inference;

/// <summary>Why a completion ends where it does.</summary>
public enum FinishReason
{
    /// <summary>The model ended the text.</summary>
    EndOfText,

    /// <summary><see cref="GenerationOptions.MaxNewTokens"/> were written.</summary>
    MaxNewTokens,

    /// <summary>The model wrote one of <see cref="GenerationOptions.StopStrings"/>.</summary>
    StopString,

    /// <summary>
    /// Prompt and completion fill the model's context, or the model began a call that would not have fitted. A call
    /// that has begun is always closed. A prompt that leaves no room has an empty completion.
    /// </summary>
    ContextFull,

    /// <summary>
    /// A prompted model began another call although it had been told to finish without: the text ends before it.
    /// </summary>
    CallLimit,

    /// <summary>
    /// The model called one of <see cref="GenerationOptions.CallerTools"/>: <see cref="GenerationResult.OpenCall"/>.
    /// </summary>
    CallerTool,
}

/// <summary>What is known of a token when it is written.</summary>
/// <param name="Sampled">False for a tool's result and the "]" after it.</param>
/// <param name="StartProbability">p(&lt;API&gt;) in its place; null inside of calls, or not asked for.</param>
/// <param name="LogProbability">Nats; null where the token was not sampled, or not asked for.</param>
/// <param name="Top">The likeliest tokens in its place, where they were asked for.</param>
public sealed record WrittenToken(int Id, bool InCall, bool Sampled, double? StartProbability,
    float? LogProbability, IReadOnlyList<TokenScore> Top);

/// <summary>A call that was executed while generating.</summary>
/// <param name="Call">As it stands in the text; its result is empty where the tool failed.</param>
/// <param name="Error">Why there is no result; null: there is.</param>
/// <param name="Start">
/// Where in the completion's tokens it begins: the index of " ["; 0 where a prompted model's tokens are not known.
/// </param>
/// <param name="End">The index after its last token.</param>
public sealed record GeneratedCall(ApiCall Call, string? Error, TimeSpan Duration, int Start, int End);

/// <summary>What was written after one prompt.</summary>
public sealed record GenerationResult
{
    public required GenerationRequest Request { get; init; }

    /// <summary>The prompt's token ids as the model read them.</summary>
    public required IReadOnlyList<int> PromptTokens { get; init; }

    /// <summary>
    /// The completion with its calls; without a stop string, and without a character that was not finished.
    /// </summary>
    public required string Text { get; init; }

    /// <summary>The same without its calls: what a reader is meant to see.</summary>
    public required string TextWithoutCalls { get; init; }

    /// <summary>
    /// The completion's tokens; the one that ends a text is left out, those of a stop string are not.
    /// </summary>
    public required IReadOnlyList<int> TokenIds { get; init; }

    /// <summary>
    /// Per token, whether the model wrote it: false for a tool's result and the "]" after it. The start of a call
    /// counts as written where the top-k rule demanded it.
    /// </summary>
    public required IReadOnlyList<bool> Sampled { get; init; }

    public required IReadOnlyList<GeneratedCall> Calls { get; init; }
    public required FinishReason FinishReason { get; init; }

    /// <summary>The call that the caller is to run: the text ends after its arrow.</summary>
    public ApiCall? OpenCall { get; init; }

    /// <summary>The tokens with what was noted of them, where something was asked for.</summary>
    public IReadOnlyList<WrittenToken> Written { get; init; } = [];

    /// <summary>The token that ended the text, where something was asked for and it was the end of text.</summary>
    public WrittenToken? End { get; init; }

    /// <summary>p(&lt;API&gt;) before each token outside of calls, in order, where it was asked for.</summary>
    public required IReadOnlyList<double> StartProbabilities { get; init; }
}

/// <summary>What happens while a text is written.</summary>
public abstract record GenerationEvent
{
    private GenerationEvent() { }

    /// <summary>More text; whole characters only, and nothing that may yet turn out to be a stop string.</summary>
    /// <param name="InCall">Whether it belongs to a call, from its opening space to its closing bracket.</param>
    public sealed record TextDelta(string Text, bool InCall) : GenerationEvent;

    /// <summary>A token, before the text that it settles; only where something is noted of tokens.</summary>
    public sealed record TokenAdded(WrittenToken Token) : GenerationEvent;

    /// <summary>A call is complete up to its arrow, and its tool starts to work.</summary>
    public sealed record CallStarted(ApiCall Call) : GenerationEvent;

    /// <summary>The tool has answered, or failed.</summary>
    public sealed record CallFinished(GeneratedCall Call) : GenerationEvent;

    /// <summary>The last event.</summary>
    public sealed record Finished(GenerationResult Result) : GenerationEvent;
}
