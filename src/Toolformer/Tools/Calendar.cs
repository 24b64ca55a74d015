using System.Globalization;
using Toolformer.Modeling;

namespace Toolformer.Tools;

/// <summary>
/// The calendar of the paper (section 3): no input, answers which day it is. While a document is at hand that is the
/// day on which the document was written, by its date or its URL; otherwise the day of the context's clock.
/// </summary>
public sealed class Calendar : Tool
{
    public override string Name => "Calendar";

    public override string Description => "Tells today's date with its weekday. It takes no input.";

    public override string Instruction =>
        "Your task is to put calls to a Calendar API into a text, each right before something that depends on the day "
        + "on which the text was written. You can call the API by writing \"[Calendar()]\"; it takes no input.";

    public override IReadOnlyList<string> Demonstrations { get; } =
    [
        "The library is closed today because it is [Calendar()] Sunday, but the box for returned books is open.",
        "Please send in the form by tomorrow, [Calendar()] March 22, or ask for more time.",
        "The tower was finished in 1919 and so turns a hundred this year, [Calendar()] 2019.",
        "It has been the wettest [Calendar()] October since the station began to keep records.",
        "There are only [Calendar()] 12 days left until the end of the year.",
    ];

    /// <summary>Only documents whose day is known (section 3; they are about 18% of the paper's corpus).</summary>
    public override bool IsWorthAnnotating(Document document) => DayOf(document) is not null;

    public override TokenPattern InputPattern(string? text) => TokenPattern.Exactly("");

    public override ValueTask<ToolResult> CallAsync(string input, ToolContext context, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (!string.IsNullOrWhiteSpace(input))
        {
            string shown = input.Length <= 60 ? input : input[..60] + "…";
            return new(ToolResult.Failure($"The calendar was asked '{shown}', but takes no input: write Calendar()."));
        }
        string answer = Day(context).ToString("'Today is 'dddd', 'MMMM d', 'yyyy'.'", CultureInfo.InvariantCulture);
        return new(ToolResult.Success(answer));
    }

    /// <summary>The day: calls from documents of the same day are one call.</summary>
    public override string ContextKey(ToolContext context) => Day(context).ToString("o", CultureInfo.InvariantCulture);

    private static DateOnly Day(ToolContext context) =>
        context.Document is { } document && DayOf(document) is { } written
            ? written
            : DateOnly.FromDateTime(context.Clock.GetLocalNow().DateTime);

    private static DateOnly? DayOf(Document document) => document.Date ?? UrlDate.Find(document.Url);
}
