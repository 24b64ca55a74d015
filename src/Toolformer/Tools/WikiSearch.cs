using Toolformer.Markup;
using Toolformer.Modeling;
using Toolformer.Tools.Searching;

namespace Toolformer.Tools;

/// <summary>
/// The Wikipedia search of the paper (section 3): BM25 over passages, answered as "Title > text" or
/// "Title > Section > text" (table 10) with the sentences of the best passage that have most of the query's words.
/// </summary>
/// <param name="index">
/// What is searched; without one the tool can be described but not used. It stays the caller's to dispose.
/// </param>
public sealed class WikiSearch(PassageSearch? index = null) : Tool
{
    /// <summary>So many characters of a passage are looked through for the snippet.</summary>
    private const int PassageLength = 20_000;

    /// <summary>
    /// The most words of the snippet. The paper's have one to three sentences; about 80 tokens leave room for text in a
    /// small context. The whole answer is also kept within <see cref="CallSyntax.MaxResultLength"/>.
    /// </summary>
    public int SnippetWords { get; init; } = 60;

    public override string Name => "WikiSearch";

    public override string Version => $"1 {SnippetWords} {index?.Fingerprint}";

    public override string Description => "Searches an encyclopedia for a term and answers with a few sentences.";

    public override string Instruction =>
        "Your task is to put calls to a Wikipedia Search API into a text, each right before something that can be "
        + "looked up. You can call the API by writing \"[WikiSearch(term)]\" where \"term\" is what you want to search "
        + "for.";

    public override IReadOnlyList<string> Demonstrations { get; } =
    [
        "The Kiel Canal was opened in 1895 and shortens the way from the North Sea to [WikiSearch(Kiel Canal)] the "
            + "Baltic Sea by about 450 kilometres.",
        "Dry peat moss soaks up many times its own weight of water, which is why it was once used to [WikiSearch(peat "
            + "moss)] dress wounds.",
        "The strings of a hurdy-gurdy are not plucked, but sounded by [WikiSearch(hurdy-gurdy)] a wheel that is turned "
            + "with a crank.",
    ];

    /// <summary>
    /// A phrase of the text: one to five words with nothing but spaces between them, neither the first nor the last of
    /// them an article or the like; nothing where the text has no such phrase. Without a text: any short term.
    /// </summary>
    public override TokenPattern InputPattern(string? text)
    {
        return text is null
            ? TokenPattern.FreeText(CallSyntax.NotInInput + "()\"", 80)
            : TokenPattern.OneOf(TextPhrases.Of(text));
    }

    public override async ValueTask<ToolResult> CallAsync(
        string input, ToolContext context, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (index is null)
            return ToolResult.Failure(
                "WikiSearch has no search index: build one with `toolformer index` and name its folder.");
        string shown = input.Length <= 60 ? input : input[..60] + "…";
        var terms = index.QueryTerms(input);
        if (terms.Count == 0)
            return ToolResult.Failure($"'{shown}' has no word to search for: search for a term or a name.");
        var found = await index.FindAsync(input, 1, cancellation);
        return found.Error is { } error ? ToolResult.Failure(error, found.IsTransient)
            : found.Hits.Count > 0 ? ToolResult.Success(Answer(found.Hits[0].Passage, index, terms))
            : ToolResult.Failure($"No passage has a word of '{shown}': search for another term.");
    }

    private string Answer(Passage passage, PassageSearch searched, IReadOnlyList<string> terms)
    {
        string head = string.Concat(new[] { passage.Title, passage.Section }
            .Where(part => !string.IsNullOrWhiteSpace(part)).Select(part => part + " > "));
        return head + Snippet(passage.Text, searched, terms, CallSyntax.MaxResultLength - head.Length);
    }

    /// <summary>Consecutive sentences within the limits that have most of the terms, the first of equals.</summary>
    private string Snippet(string text, PassageSearch searched, IReadOnlyList<string> terms, int maxLength)
    {
        string read = text.Length <= PassageLength ? text : text[..PassageLength];
        string[] sentences = Sentences.Of(read);
        if (sentences.Length == 0)
            return "";
        int[] words = [.. sentences.Select(s => Sentences.Words(s).Length)];
        HashSet<string>[] found = [.. sentences.Select(s => searched.Terms(s).Intersect(terms).ToHashSet())];

        string best = "";
        int most = -1;
        for (int first = 0; first < sentences.Length; first++)
        {
            int end = first, wordsSoFar = 0, length = 0;
            var here = new HashSet<string>();
            while (end < sentences.Length && wordsSoFar + words[end] <= SnippetWords
                && length + sentences[end].Length + 1 <= maxLength)
            {
                wordsSoFar += words[end];
                length += sentences[end].Length + 1;
                here.UnionWith(found[end++]);
            }
            bool cut = end == first;
            int score = cut ? found[first].Count : here.Count;
            if (score <= most)
                continue;
            most = score;
            best = cut ? Cut(sentences[first], maxLength) : string.Join(' ', sentences[first..end]);
        }
        return best;
    }

    private string Cut(string sentence, int maxLength)
    {
        string cut = string.Join(' ', Sentences.Words(sentence).Take(SnippetWords));
        int end = Math.Max(0, maxLength - 1);
        if (cut.Length > end)
            cut = cut[..(cut.LastIndexOf(' ', end) is var space and > 0 ? space : end)];
        return cut + "…";
    }
}

/// <summary>
/// WikiSearch in a tools file: <c>"WikiSearch": {"index": "FOLDER"}</c>, or <c>"files": ["passages.jsonl"]</c>, or,
/// with <c>"opensearch": {"url": "…", "index": "NAME"}</c>, an index on other machines.
/// </summary>
/// <param name="index">What is searched where the entry names nothing.</param>
public sealed class WikiSearchKind(PassageSearch? index = null) : ToolKind
{
    private sealed record Options : SearchOptions;

    public override string Kind => nameof(WikiSearch);

    public override ValueTask<IReadOnlyList<Tool>> OpenAsync(
        ToolSettings settings, CancellationToken cancellation) =>
        new([new WikiSearch(settings.Read<Options>().Open(settings, index))]);
}
