using System.Text;

namespace Toolformer.Tools.Outbound;

/// <summary>
/// An address with places for values: <c>https://api.example.org/{city}/weather?days={days}</c>. A value is escaped so
/// that it stays in its place: it can end neither its path segment nor its query value, nor climb out of a folder.
/// </summary>
public sealed class AddressTemplate
{
    private readonly List<(string Literal, string? Place)> _parts = [];
    private readonly int _queryPart;

    /// <exception cref="FormatException">No address of http or https, or a place where none may be.</exception>
    public AddressTemplate(string text)
    {
        int hostEnd = text.IndexOf("://", StringComparison.Ordinal) is >= 0 and var scheme
            ? text.IndexOfAny(['/', '?', '#'], scheme + 3) : -1;
        string origin = hostEnd < 0 ? text : text[..hostEnd];
        if (!Uri.TryCreate(origin, UriKind.Absolute, out var parsed)
            || (parsed.Scheme != Uri.UriSchemeHttp && parsed.Scheme != Uri.UriSchemeHttps))
            throw new FormatException($"'{text}' is no address: begin with https:// and a host that is written out");
        if (origin.AsSpan().IndexOfAny('{', '}', '@') >= 0)
            throw new FormatException($"'{text}' has a place for a value, or a user, in its host");
        if (text.Contains('#'))
            throw new FormatException($"'{text}' has a '#': what follows it is not sent");
        Origin = parsed;
        int at = origin.Length, query = text.IndexOf('?');
        var literal = new StringBuilder(origin);
        for (; at < text.Length; at++)
        {
            if (at == query)
                _queryPart = _parts.Count + 1;
            if (text[at] == '}')
                throw new FormatException($"'{text}' has a '}}' without a '{{'");
            if (text[at] != '{')
            {
                literal.Append(text[at]);
                continue;
            }
            int close = text.IndexOf('}', at);
            string name = close < 0 ? "" : text[(at + 1)..close];
            if (name.Length == 0 || name.Contains('{'))
                throw new FormatException($"'{text}' has a '{{' without a name and '}}' after it");
            _parts.Add((literal.ToString(), name));
            literal.Clear();
            at = close;
        }
        _parts.Add((literal.ToString(), null));
        if (query < 0)
            _queryPart = int.MaxValue;
    }

    /// <summary>Scheme, host and port.</summary>
    public Uri Origin { get; }

    /// <summary>The names of the places, in order.</summary>
    public IReadOnlyList<string> Places => [.. _parts.Select(p => p.Place).OfType<string>().Distinct()];

    /// <summary>The address with values in their places; a place of the query without a value is left empty.</summary>
    /// <param name="query">More names and values for the query.</param>
    /// <exception cref="FormatException">A value can't stand in its place; the message says why.</exception>
    public Uri Fill(Func<string, string?> value, IEnumerable<KeyValuePair<string, string>>? query = null)
    {
        var address = new StringBuilder();
        foreach (var (i, (literal, place)) in _parts.Index())
        {
            address.Append(literal);
            if (place is not null)
                address.Append(Escape(place, value(place) ?? "", isInPath: i + 1 < _queryPart));
        }
        bool hasQuery = _queryPart != int.MaxValue;
        foreach (var (name, text) in query ?? [])
        {
            address.Append(hasQuery ? '&' : '?').Append(Uri.EscapeDataString(name)).Append('=')
                .Append(Escape(name, text, isInPath: false));
            hasQuery = true;
        }
        var filled = new Uri(address.ToString(), UriKind.Absolute);
        bool isSamePlace = filled.Host == Origin.Host && filled.Port == Origin.Port && filled.Scheme == Origin.Scheme;
        return isSamePlace ? filled : throw new FormatException("the values lead to another host");
    }

    private static string Escape(string place, string value, bool isInPath)
    {
        if (value.Any(c => char.IsControl(c)))
            throw new FormatException($"{place} has a control character in it");
        if (isInPath && value.Length == 0)
            throw new FormatException($"{place} is empty");
        // Servers differ in whether %2F ends a segment, so dots are judged behind either slash.
        if (isInPath && value.Split('/', '\\').Any(part => part.Trim() is "." or ".."))
            throw new FormatException($"{place} has dots in it that would lead to another folder");
        try
        {
            return Uri.EscapeDataString(value);
        }
        catch (UriFormatException e)
        {
            throw new FormatException($"{place} can't stand in an address: {e.Message}", e);
        }
    }
}
