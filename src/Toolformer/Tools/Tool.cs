using Toolformer.Modeling;

namespace Toolformer.Tools;

/// <summary>
/// A tool: text in, text out, and a few demonstrations (paper, sections 2 and 3). One file holds all that is known of
/// it: name, demonstrations, which texts are worth annotating, what its input may look like, and how it answers. Tools
/// are thread-safe.
/// </summary>
public abstract class Tool
{
    /// <summary>The name as written in calls: letters, digits and underscores.</summary>
    public abstract string Name { get; }

    /// <summary>One sentence for people and for models: what it answers and what its input is.</summary>
    public abstract string Description { get; }

    /// <summary>
    /// The first lines of the annotation prompt P(x), before "Here are some examples" (paper, appendix A.2).
    /// </summary>
    public abstract string Instruction { get; }

    /// <summary>Texts with calls inside, without results: "… makes [Calculator(4 * 30)] 120 minutes."</summary>
    public abstract IReadOnlyList<string> Demonstrations { get; }

    /// <summary>Thresholds and counts for annotating with this tool; the paper's values (section 4.1).</summary>
    public virtual AnnotationOptions Annotation => new();

    /// <summary>The corpus heuristic: whether a text is worth annotating with this tool (paper, appendix A).</summary>
    public virtual bool IsWorthAnnotating(Document document) => true;

    /// <summary>
    /// What an input may look like in the text at hand, for constrained sampling and generation;
    /// null: any text without line breaks and brackets.
    /// </summary>
    /// <param name="text">The text at hand, so that an input can be held to spans of it; null: not known.</param>
    public virtual TokenPattern? InputPattern(string? text) => null;

    /// <summary>
    /// Whether a scored call may stand in the dataset; the machine-translation leak filter of the paper is one.
    /// </summary>
    /// <param name="text">The whole text.</param>
    /// <param name="offset">Where the call would be inserted, in characters.</param>
    public virtual bool IsAdmissible(string text, int offset, string input) => true;

    /// <summary>
    /// What of the situation the answer depends on, beside the input: calls that agree in both are executed once. A
    /// tool that reads the context must say so here: the calendar gives the day, one that searches the document its id.
    /// Null: on what came before it, or it does more than answer; such an answer is not given again.
    /// </summary>
    public virtual string? ContextKey(ToolContext context) => "";

    /// <summary>
    /// Another one whenever the same input may be answered otherwise: for other code, data or options. Answers that
    /// were kept under another version are not given again.
    /// </summary>
    public virtual string Version => "1";

    /// <summary>
    /// Whether a call with this input changes something in the world. Such a call needs approval, is never answered
    /// from a cache and never tried twice.
    /// </summary>
    public virtual bool ChangesSomething(string input) => false;

    /// <summary>What a call costs where there is a budget; see <see cref="ToolSession"/>.</summary>
    public virtual double CostOf(string input) => 1;

    /// <summary>
    /// Answers an input. Never throws on bad input: it returns an error instead. Obeys cancellation.
    /// </summary>
    public abstract ValueTask<ToolResult> CallAsync(string input, ToolContext context, CancellationToken cancellation);
}

/// <summary>What a tool may know of the situation in which it is called.</summary>
/// <param name="Clock">The time as it is for this call: a test's, a question's, or the system's.</param>
public sealed record ToolContext(TimeProvider Clock)
{
    /// <summary>The document being annotated or completed, where there is one.</summary>
    public Document? Document { get; init; }

    /// <summary>What calls of one text or conversation share; null: each call is by itself.</summary>
    public ToolSession? Session { get; init; }

    /// <summary>Where text goes that is meant for the human alone; null: nobody is there.</summary>
    public Action<string>? Display { get; init; }

    /// <summary>A context in which it is noon of a day, wherever one is.</summary>
    public static ToolContext On(DateOnly day) => new(new Noon(day));

    private sealed class Noon(DateOnly day) : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

        public override DateTimeOffset GetUtcNow() => new(day, new TimeOnly(12, 0), TimeSpan.Zero);
    }
}

/// <summary>A tool's answer: a text, or the reason why there is none.</summary>
public readonly record struct ToolResult
{
    public string? Text { get; private init; }
    public string? Error { get; private init; }
    public bool IsError => Error is not null;

    /// <summary>Whether the same call may succeed later: the service was busy or not reached.</summary>
    public bool IsTransient { get; private init; }

    public static ToolResult Success(string text) => new() { Text = text };

    public static ToolResult Failure(string error, bool isTransient = false) =>
        new() { Error = error, IsTransient = isTransient };
}

/// <summary>Numbers of the annotation, with the paper's values for QA, WikiSearch and Calendar (section 4.1).</summary>
public sealed record AnnotationOptions
{
    /// <summary>τ_s: a position is a candidate if p(&lt;API&gt;) exceeds this probability.</summary>
    public double StartThreshold { get; init; } = 0.05;

    /// <summary>k: at most this many positions per text.</summary>
    public int Positions { get; init; } = 5;

    /// <summary>m: calls sampled per position.</summary>
    public int CallsPerPosition { get; init; } = 5;

    /// <summary>τ_f: a call is kept if it lowers the loss by at least this many nats.</summary>
    public double FilterThreshold { get; init; } = 1.0;

    /// <summary>
    /// At most this many new tokens per sampled call. The paper is silent; 64 holds every demonstration.
    /// </summary>
    public int MaxCallTokens { get; init; } = 64;

    /// <summary>At most this many examples with this tool enter the dataset (section 4.1).</summary>
    public int MaxExamples { get; init; } = 25_000;
}
