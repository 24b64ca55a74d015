namespace Toolformer.Tools.Searching;

/// <summary>
/// What a tool of a tools file searches: <c>"index": "FOLDER"</c>, or <c>"opensearch": {"url": …}</c>.
/// </summary>
public abstract record SearchOptions
{
    /// <summary>The folder of an index that `toolformer index` made.</summary>
    public string? Index { get; init; }

    public OpenSearchOptions? Opensearch { get; init; }

    /// <summary>Opens it; it is disposed with the tools.</summary>
    /// <param name="otherwise">What is searched where the entry names nothing.</param>
    /// <exception cref="InvalidDataException">Nothing or too much is named.</exception>
    public PassageSearch Open(ToolSettings settings, PassageSearch? otherwise)
    {
        if (Index is not null && Opensearch is not null)
            throw settings.Bad("Both \"index\" and \"opensearch\" are given.", "Leave one of them out.");
        if (Index is not null)
            return settings.Own(SearchIndex.Open(settings.Locate(Index)));
        if (Opensearch is null)
            return otherwise ?? throw settings.Bad($"{settings.Name} has nothing to search.",
                "Write \"index\": \"FOLDER\", made by `toolformer index`, or give --index FOLDER.");
        if (!Uri.TryCreate(Opensearch.Url, UriKind.Absolute, out _))
            throw settings.Bad($"\"url\" is '{Opensearch.Url}', no address.", "Write \"https://search.example.org\".");
        var headers = Opensearch.Headers.ToDictionary(h => h.Key, h => settings.Reveal(h.Value));
        return settings.Own(new OpenSearchIndex(settings.Http, Opensearch with { Headers = headers }));
    }
}
