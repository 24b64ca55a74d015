using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Toolformer.Reports;

/// <summary>
/// A piece of a page. It is made from interpolated strings: what stands in the program's text is markup, what is put
/// in is escaped, unless it is such a piece itself. So nothing that a run holds can become markup.
/// </summary>
internal sealed class Html
{
    private readonly string _markup;

    private Html(string markup) => _markup = markup;

    public static Html Empty { get; } = new("");

    public static Html Of(Builder markup) => new(markup.Text);

    /// <summary>A style sheet or a script that ships with the program.</summary>
    public static Html Shipped(string markup) => new(markup);

    public static Html Join(IEnumerable<Html> pieces) => new(string.Concat(pieces));

    public override string ToString() => _markup;

    /// <summary>
    /// Text as it may be shown: what is not printable or would turn the reading direction is shown as its code point,
    /// so that a text can't look like another one.
    /// </summary>
    public static string Visible(string text)
    {
        StringBuilder? changed = null;
        int kept = 0;
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
            {
                i++;
                continue;
            }
            if (!IsHidden(c))
                continue;
            (changed ??= new StringBuilder()).Append(text, kept, i - kept);
            changed.Append(char.IsSurrogate(c) ? "\uFFFD" : $"[U+{(int)c:X4}]");
            kept = i + 1;
        }
        return changed is null ? text : changed.Append(text, kept, text.Length - kept).ToString();
    }

    private static bool IsHidden(char c) => char.IsSurrogate(c)
        || (char.IsControl(c) && c is not ('\n' or '\t'))
        || c is '\u2028' or '\u2029' || char.GetUnicodeCategory(c) == UnicodeCategory.Format;

    private static string Escape(string text) => Visible(text)
        .Replace("&", "&amp;").Replace("<", "&lt;").Replace(">", "&gt;").Replace("\"", "&quot;").Replace("'", "&#39;");

    /// <summary>What the compiler turns an interpolated string into.</summary>
    [InterpolatedStringHandler]
    public readonly ref struct Builder
    {
        private readonly StringBuilder _text;

        public Builder(int literalLength, int formattedCount) =>
            _text = new StringBuilder(literalLength + (16 * formattedCount));

        internal string Text => _text.ToString();

        public void AppendLiteral(string markup) => _text.Append(markup);

        public void AppendFormatted(Html? piece) => _text.Append(piece?._markup);

        public void AppendFormatted(IEnumerable<Html> pieces)
        {
            foreach (var piece in pieces)
                _text.Append(piece._markup);
        }

        public void AppendFormatted(string? text) => _text.Append(Escape(text ?? ""));

        public void AppendFormatted<T>(T number, string? format = null) where T : struct, IFormattable =>
            _text.Append(Escape(number.ToString(format, CultureInfo.InvariantCulture)));
    }
}
