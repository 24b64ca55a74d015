using System.Text.RegularExpressions;

namespace Toolformer;

/// <summary>
/// The day that a web address names: news pages and blogs carry it in their paths. The paper takes the calendar's dates
/// from there (appendix A) without saying which patterns count; these do, and only if the day exists.
/// </summary>
public static partial class UrlDate
{
    /// <summary>
    /// The first day found: /2017/03/09/, /2017/mar/9/, 2017-03-09, 2017_3_9, 2017.03.09, 20170309, 2017/0309. Null
    /// where there is none, for a month alone, and for orders that may mean two days, such as 09-03-2017.
    /// </summary>
    public static DateOnly? Find(string? url)
    {
        if (url is null)
            return null;
        // The host is no place for a date: 2017-03-09.example.org is a name.
        int scheme = url.IndexOf("://", StringComparison.Ordinal);
        int path = scheme < 0 ? 0 : url.IndexOf('/', scheme + 3);
        if (path < 0)
            return null;
        foreach (Match match in Pattern().Matches(url[path..]))
        {
            int year = int.Parse(match.Groups["y"].Value);
            int day = int.Parse(match.Groups["d"].Value);
            int month = match.Groups["name"].Success
                ? "janfebmaraprmayjunjulaugsepoctnovdec".IndexOf(
                    match.Groups["name"].Value[..3].ToLowerInvariant(), StringComparison.Ordinal) / 3 + 1
                : int.Parse(match.Groups["m"].Value);
            if (month is >= 1 and <= 12 && day >= 1 && day <= DateTime.DaysInMonth(year, month))
                return new DateOnly(year, month, day);
        }
        return null;
    }

    [GeneratedRegex("""
        (?<![0-9])(?<y>(?:18|19|20)[0-9]{2})
        (?: (?<s>[-/_.]) (?:(?<m>[0-9]{1,2})
            | (?<name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t|tember)?
              |oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)) \k<s> (?<d>[0-9]{1,2})
          | (?<m>[0-9]{2})(?<d>[0-9]{2})
          | / (?<m>[0-9]{2})(?<d>[0-9]{2}) )
        (?![0-9])
        """, RegexOptions.IgnorePatternWhitespace | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();
}
