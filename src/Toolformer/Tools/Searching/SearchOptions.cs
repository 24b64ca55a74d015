namespace Toolformer.Tools.Searching;

/// <summary>
/// What a tool of a tools file searches: <c>"index": "FOLDER"</c>, <c>"files": ["passages.jsonl"]</c>, or
/// <c>"opensearch": {"url": …}</c>.
/// </summary>
public abstract record SearchOptions
{
    /// <summary>The folder of an index that `toolformer index` made.</summary>
    public string? Index { get; init; }

    /// <summary>
    /// Passages, or questions with answers, as JSON Lines: read into memory, so for collections that fit there.
    /// </summary>
    public IReadOnlyList<string>? Files { get; init; }

    public OpenSearchOptions? Opensearch { get; init; }

    /// <summary>Opens it; it is disposed with the tools.</summary>
    /// <param name="otherwise">What is searched where the entry names nothing.</param>
    /// <exception cref="InvalidDataException">Nothing or too much is named.</exception>
    public PassageSearch Open(ToolSettings settings, PassageSearch? otherwise)
    {
        if (new object?[] { Index, Files, Opensearch }.Count(given => given is not null) > 1)
            throw settings.Bad("More than one of \"index\", \"files\" and \"opensearch\" is given.",
                "Keep one of them.");
        if (Index is not null)
            return settings.Own(SearchIndex.Open(settings.Locate(Index)));
        if (Files is not null)
            return settings.Own(InMemory(settings));
        if (Opensearch is null)
            return otherwise ?? throw settings.Bad($"{settings.Name} has nothing to search.",
                "Write \"index\": \"FOLDER\", made by `toolformer index`, or give --index FOLDER.");
        if (!Uri.TryCreate(Opensearch.Url, UriKind.Absolute, out _))
            throw settings.Bad($"\"url\" is '{Opensearch.Url}', no address.", "Write \"https://search.example.org\".");
        var headers = Opensearch.Headers.ToDictionary(h => h.Key, h => settings.Reveal(h.Value));
        return settings.Own(new OpenSearchIndex(settings.Http, Opensearch with { Headers = headers }));
    }

    private SearchIndex InMemory(ToolSettings settings)
    {
        try
        {
            return SearchIndex.InMemory(Files!.SelectMany(file => Passage.ReadFile(settings.Locate(file))));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw settings.Bad($"What is to be searched can't be read: {e.Message}",
                "Name files of lines such as {\"title\": \"Copper\", \"text\": \"Copper is red.\"}.");
        }
    }
}
