using System.Text.Json;
using Toolformer.Tools.Outbound;

namespace Toolformer.Tools.Searching;

/// <summary>An index of OpenSearch or Elasticsearch.</summary>
/// <param name="Url">The server, such as "https://search.example.org:9200".</param>
/// <param name="Index">The index's name.</param>
public sealed record OpenSearchOptions(string Url, string Index)
{
    /// <summary>Sent with every request; a secret as "${NAME}".</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>The fields of its documents; only that of the text must be there.</summary>
    public string TitleField { get; init; } = "title";

    public string SectionField { get; init; } = "section";

    public string TextField { get; init; } = "text";
}

/// <summary>
/// Passages in an OpenSearch or Elasticsearch cluster, for those whose index outgrows one machine: its `_search`, with
/// BM25 over title, section and text as one field (`cross_fields`). Whatever the server answers, a search ends with
/// passages or with a reason.
/// </summary>
public sealed class OpenSearchIndex : PassageSearch
{
    private const int MaxQuery = 2000, MaxField = 20_000;

    private readonly OutboundHttp _http;
    private readonly OpenSearchOptions _options;
    private readonly Uri _address;

    /// <param name="http">The way to the web, which must allow the server's host; it stays the caller's.</param>
    /// <exception cref="UriFormatException">The address is none.</exception>
    public OpenSearchIndex(OutboundHttp http, OpenSearchOptions options)
    {
        (_http, _options) = (http, options);
        _address = new Uri($"{options.Url.TrimEnd('/')}/{Uri.EscapeDataString(options.Index)}/_search",
            UriKind.Absolute);
    }

    public override async ValueTask<SearchAnswer> FindAsync(
        string query, int count, CancellationToken cancellation)
    {
        var request = OutboundRequest.Post(_address, Body(query, count)) with { Headers = [.. _options.Headers] };
        var answer = await _http.SendAsync(request, cancellation);
        if (answer.Error is { } error)
            return SearchAnswer.Failure(error, answer.IsTransient);
        var (json, noJson) = answer.ReadJson();
        if (noJson is not null)
            return SearchAnswer.Failure(noJson);
        return Field(json, "hits") is { } hits && Field(hits, "hits") is { ValueKind: JsonValueKind.Array } found
            ? new SearchAnswer([.. found.EnumerateArray().Take(count).Select(Hit).OfType<SearchHit>()])
            : SearchAnswer.Failure($"The answer for the index '{_options.Index}' is none of _search: it has no "
                + "hits.hits.");
    }

    // What a query holds stands in a JSON string: multi_match knows no syntax that it could break out into.
    private JsonElement Body(string query, int count) => JsonSerializer.SerializeToElement(
        new
        {
            Size = count,
            Source = new[] { _options.TitleField, _options.SectionField, _options.TextField },
            Query = new
            {
                MultiMatch = new
                {
                    Query = Spaced(query.Length <= MaxQuery ? query : query[..MaxQuery]),
                    Type = "cross_fields",
                    Operator = "or",
                    Fields = new[] { _options.TitleField, _options.SectionField, _options.TextField },
                },
            },
        },
        Format);

    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = new Names(),
    };

    private sealed class Names : JsonNamingPolicy
    {
        public override string ConvertName(string name) =>
            name == "Source" ? "_source" : SnakeCaseLower.ConvertName(name);
    }

    private SearchHit? Hit(JsonElement hit)
    {
        if (Field(hit, "_source") is not { } source || Text(source, _options.TextField) is not { Length: > 0 } text)
            return null;
        var passage = new Passage(Text(hit, "_id") ?? "", Text(source, _options.TitleField) ?? "", text)
        {
            Section = Text(source, _options.SectionField),
        };
        float score = Field(hit, "_score") is { ValueKind: JsonValueKind.Number } given
            && given.TryGetSingle(out float number) && float.IsFinite(number) ? number : 0;
        return new(passage, score);
    }

    private static JsonElement? Field(JsonElement of, string name) =>
        of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out var value) ? value : null;

    private static string? Text(JsonElement of, string name)
    {
        try
        {
            return Field(of, name) is { ValueKind: JsonValueKind.String } value && value.GetString() is { } text
                ? text.Length <= MaxField ? text : text[..MaxField]
                : null;
        }
        catch (InvalidOperationException)
        {
            return null; // half a surrogate pair is no text
        }
    }
}
