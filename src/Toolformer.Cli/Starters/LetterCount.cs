using Toolformer.Modeling;
using Toolformer.Tools;

namespace Toolformer.Cli.Starters;

/// <summary>Counts the letters of a word: what `toolformer tools new NAME --kind class` begins with.</summary>
public sealed class LetterCount : Tool
{
    public override string Name => "LetterCount";

    public override string Description => "Counts the letters of a word.";

    /// <summary>What the tool is for and how a call is written.</summary>
    public override string Instruction =>
        "Your task is to put calls to a LetterCount API into a text, each right before something that it helps to "
        + "predict. You can call the API by writing \"[LetterCount(word)]\" where \"word\" is the word to be counted.";

    /// <summary>True texts with calls, without results, each call right before what it helps to predict.</summary>
    public override IReadOnlyList<string> Demonstrations { get; } =
    [
        "The word banana has [LetterCount(banana)] 6 letters, three of which are the same.",
        "There is no room for Constantinople: with [LetterCount(Constantinople)] 14 letters it is too long.",
        "A name like Bo, of [LetterCount(Bo)] 2 letters, is soon written.",
    ];

    /// <summary>Which texts are worth annotating: those that speak of letters.</summary>
    public override bool IsWorthAnnotating(Document document) =>
        document.Text.Contains("letter", StringComparison.OrdinalIgnoreCase);

    /// <summary>What an input may look like; null where any text will do.</summary>
    public override TokenPattern? InputPattern(string? text) => TokenPattern.FreeText("[]()\r\n \"->", 40);

    /// <summary>Answers. Bad input is no exception: <see cref="ToolResult.Failure"/> says why.</summary>
    public override ValueTask<ToolResult> CallAsync(string input, ToolContext context, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        int letters = input.Count(char.IsLetter);
        return new(letters > 0
            ? ToolResult.Success($"{letters}")
            : ToolResult.Failure("There is no letter to count: give a word."));
    }
}
