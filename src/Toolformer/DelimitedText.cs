using System.Text;

namespace Toolformer;

/// <summary>Rows of fields as spreadsheets write them: CSV (RFC 4180), and the same with tabs.</summary>
internal static class DelimitedText
{
    /// <summary>
    /// The rows of a text that are not empty. A field that begins with a quotation mark ends with one, and may hold
    /// separators, line breaks and doubled quotation marks.
    /// </summary>
    public static IEnumerable<List<string>> Rows(string text, char separator)
    {
        if (!text.EndsWith('\n'))
            text += '\n';
        var row = new List<string>();
        for (int at = 0; at < text.Length;)
        {
            var field = new StringBuilder();
            if (text[at] == '"')
                at = Unquote(text, at + 1, field);
            int length = text.AsSpan(at).IndexOfAny(separator, '\r', '\n');
            int end = length < 0 ? text.Length : at + length;
            row.Add(field.Append(text, at, end - at).ToString());
            at = end + 1;
            if (end < text.Length && text[end] == separator)
                continue;
            if (at < text.Length && text[end] == '\r' && text[at] == '\n')
                at++;
            if (row is not [""])
                yield return row;
            row = [];
        }
    }

    /// <summary>Takes a field up to its closing quotation mark, and says where reading goes on.</summary>
    private static int Unquote(string text, int at, StringBuilder field)
    {
        while (at < text.Length)
        {
            if (text[at] == '"')
            {
                if (at + 1 == text.Length || text[at + 1] != '"')
                    return at + 1;
                at++;
            }
            field.Append(text[at++]);
        }
        return at;
    }
}
