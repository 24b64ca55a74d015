using System.Text.Json;
using Toolformer.Markup;
using Toolformer.Modeling;
using Toolformer.Tools.Reading;
using Toolformer.Tools.Searching;

namespace Toolformer.Tools;

/// <summary>
/// The question answering of the paper (section 3): passages found for the question, and a reader that answers from
/// them in a few words or abstains. The paper's is Atlas.
/// </summary>
/// <param name="search">
/// What is searched; without it the tool can be described but not used. It stays the caller's to dispose.
/// </param>
/// <param name="reader">
/// What reads the passages; null: a <see cref="FactReader"/>, for an index of questions with answers.
/// </param>
public sealed class QuestionAnswering(PassageSearch? search = null, AnswerReader? reader = null) : Tool
{
    private static readonly string[] QuestionWords =
        ["What", "Who", "Where", "When", "Which", "In which year", "In which country", "How many", "How"];

    private static readonly string[] Verbs = ["is", "was", "are", "were", "did", "does", "do", "has"];

    private readonly AnswerReader _reader = reader ?? new FactReader();

    /// <summary>How many passages the reader gets.</summary>
    public int Passages { get; init; } = 10;

    /// <summary>As the paper writes it in calls.</summary>
    public override string Name => "QA";

    public override string Version => $"1 {Passages} {_reader.GetType().Name} {search?.Fingerprint}";

    public override string Description => "Answers a short question about facts with a few words.";

    public override string Instruction =>
        "Your task is to put calls to a Question Answering API into a text, each right before the words that answer "
        + "the question. The questions should ask for what a reader could not guess. You can call the API by writing "
        + "\"[QA(question)]\" where \"question\" is the question you want to ask.";

    public override IReadOnlyList<string> Demonstrations { get; } =
    [
        "The inventor of the safety razor was [QA(Who was the inventor of the safety razor?)] King Camp Gillette, who "
            + "sold the first ones in 1903.",
        "The capital of Burkina Faso is [QA(What is the capital of Burkina Faso?)] Ouagadougou, and the capital of "
            + "Niger is [QA(What is the capital of Niger?)] Niamey.",
        "The Eiffel Tower was completed in [QA(When was the Eiffel Tower completed?)] 1889 for a world's fair.",
        "The deepest lake on earth lies in [QA(Where is the deepest lake on earth?)] Siberia and is called [QA(What is "
            + "the deepest lake on earth?)] Lake Baikal.",
    ];

    /// <summary>
    /// A question about phrases of the text: a question word, perhaps a verb, one or two phrases of the text; so that a
    /// small model need not find words of its own. Without a text: any short question.
    /// </summary>
    public override TokenPattern InputPattern(string? text)
    {
        var end = TokenPattern.Exactly("?");
        if (text is null)
            return TokenPattern.Concat(TokenPattern.FreeText(CallSyntax.NotInInput + "()\"?-", 120), end);
        var phrase = TokenPattern.Concat(
            Maybe(TokenPattern.Exactly(" the")), TokenPattern.OneOf(TextPhrases.Of(text).Select(p => " " + p)));
        return TokenPattern.Concat(
            TokenPattern.OneOf(QuestionWords), Maybe(TokenPattern.OneOf(Verbs.Select(v => " " + v))),
            new TokenPattern.Repeat(phrase, 1, 2), end);
    }

    public override async ValueTask<ToolResult> CallAsync(
        string input, ToolContext context, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (search is null)
            return ToolResult.Failure("QA has nothing to look into: build an index with `toolformer index` and name "
                + "its folder.");
        // One line without marks: a question stands in a reader's prompt.
        string question = CallSyntax.Neutralise(input);
        if (search.QueryTerms(question).Count == 0)
            return ToolResult.Failure($"'{Shown(question)}' has no word to search for: ask a question.");
        var found = await search.FindAsync(question, Passages, cancellation);
        if (found.Error is { } error)
            return ToolResult.Failure(error, found.IsTransient);
        if (found.Hits.Count == 0)
            return ToolResult.Failure($"No passage has a word of '{Shown(question)}': ask in other words.");
        var answer = await _reader.AnswerAsync(question, [.. found.Hits.Select(h => h.Passage)], cancellation);
        return answer.IsError || !string.IsNullOrWhiteSpace(answer.Text)
            ? answer
            : ToolResult.Failure($"None of {found.Hits.Count} passages answers '{Shown(question)}'.");
    }

    private static TokenPattern Maybe(TokenPattern pattern) => new TokenPattern.Repeat(pattern, 0, 1);

    private static string Shown(string text) => text.Length <= 60 ? text : text[..60] + "…";
}

/// <summary>
/// QA in a tools file: <c>"QA": {"index": "FOLDER", "passages": 10, "reader": {"kind": "facts"}}</c>; without a reader
/// facts are looked up.
/// </summary>
/// <param name="index">What is searched where the entry names nothing.</param>
/// <param name="readers">The kinds of readers there are; null: those of this assembly.</param>
public sealed class QuestionAnsweringKind(
    PassageSearch? index = null, IReadOnlyList<ReaderKind>? readers = null) : ToolKind
{
    private sealed record Options : SearchOptions
    {
        public int Passages { get; init; } = 10;
        public JsonElement? Reader { get; init; }
    }

    public override string Kind => "QA";

    public override ValueTask<IReadOnlyList<Tool>> OpenAsync(ToolSettings settings, CancellationToken cancellation)
    {
        var options = settings.Read<Options>();
        if (options.Passages is < 1 or > 100)
            throw settings.Bad($"\"passages\" is {options.Passages}.", "Write a number from 1 to 100.");
        var reader = options.Reader is { } described
            ? ReaderKind.Open(described, settings, readers ?? Catalog.Find<ReaderKind>())
            : null;
        var search = options.Open(settings, index);
        return new([new QuestionAnswering(search, reader) { Passages = options.Passages }]);
    }
}
