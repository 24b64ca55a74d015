using System.Text;
using System.Xml;

namespace Toolformer.Tools.Searching;

/// <summary>A page of a dump.</summary>
/// <param name="IsArticle">Of namespace 0, in wikitext, no redirect, and short enough.</param>
/// <param name="Problem">Why a page that would be an article can't be used.</param>
internal sealed record WikiPage(string Id, string Title, string Text, bool IsArticle, string? Problem);

/// <summary>
/// Reads the pages of a dump's XML one by one. What is hostile in it (a document type, entities, deep nesting, a name
/// or a text without end) ends in an error before it fills the memory.
/// </summary>
internal sealed class WikiPageReader : IDisposable
{
    /// <summary>MediaWiki's own limit is 2 MiB; a page of more characters is left out.</summary>
    private const int MaxText = 8 << 20;

    private const int MaxField = 4096, MaxDepth = 16;

    private readonly BudgetStream _bytes;
    private readonly XmlReader _xml;
    private readonly char[] _buffer = new char[1 << 14];

    public WikiPageReader(Stream xml)
    {
        _bytes = new BudgetStream(xml);
        _xml = XmlReader.Create(_bytes, new XmlReaderSettings
        {
            DtdProcessing = DtdProcessing.Prohibit,
            XmlResolver = null,
            IgnoreComments = true,
            IgnoreProcessingInstructions = true,
            CloseInput = true,
        });
    }

    /// <summary>The next page; null after the last.</summary>
    /// <exception cref="XmlException">It is no XML, or forbidden XML.</exception>
    public WikiPage? Read()
    {
        _bytes.Renew();
        while (Advance())
        {
            if (_xml.NodeType == XmlNodeType.Element && _xml.LocalName == "page")
                return Page();
            _bytes.Renew(); // what stands between pages is passed over, however long it is
        }
        return null;
    }

    public void Dispose() => _xml.Dispose();

    private bool Advance()
    {
        bool more = _xml.Read();
        return !more || _xml.Depth <= MaxDepth ? more
            : throw new XmlException($"elements are nested more than {MaxDepth} deep, which no dump does.");
    }

    private WikiPage Page()
    {
        int depth = _xml.Depth;
        string title = "", id = "", ns = "0", model = "wikitext", text = "";
        bool isRedirect = false, isTooLong = false;
        while (!(_xml.IsEmptyElement && _xml.Depth == depth) && Advance() && _xml.Depth > depth)
        {
            if (_xml.NodeType != XmlNodeType.Element)
                continue;
            switch (_xml.LocalName)
            {
                case "redirect":
                    isRedirect = true;
                    break;
                case "title":
                    title = Value(MaxField, out _);
                    break;
                case "ns":
                    ns = Value(MaxField, out _);
                    break;
                case "id" when id.Length == 0: // the revision and its author have ids too
                    id = Value(MaxField, out _);
                    break;
                case "model":
                    model = Value(MaxField, out _);
                    break;
                case "text": // of several revisions the last counts
                    text = Value(MaxText, out isTooLong);
                    break;
            }
        }
        isRedirect |= text.AsSpan().TrimStart().StartsWith("#REDIRECT", StringComparison.OrdinalIgnoreCase);
        bool isArticle = !isRedirect && ns.Trim() == "0" && model.Trim() == "wikitext" && title.Length > 0;
        return new(id, title, isTooLong ? "" : text, isArticle && !isTooLong,
            isArticle && isTooLong ? $"it has more than {MaxText:N0} characters" : null);
    }

    /// <summary>The text of the element at hand, which is left at its end.</summary>
    private string Value(int max, out bool isTooLong)
    {
        isTooLong = false;
        var value = new StringBuilder();
        int depth = _xml.Depth;
        while (!_xml.IsEmptyElement && Advance() && _xml.Depth > depth)
        {
            if (!_xml.CanReadValueChunk || _xml.NodeType is not (XmlNodeType.Text or XmlNodeType.CDATA
                or XmlNodeType.Whitespace or XmlNodeType.SignificantWhitespace))
                continue;
            for (int count; (count = _xml.ReadValueChunk(_buffer, 0, _buffer.Length)) > 0;)
            {
                isTooLong |= value.Length + count > max;
                if (!isTooLong)
                    value.Append(_buffer, 0, count);
            }
        }
        return value.ToString();
    }

    /// <summary>Lets no more than so many bytes through for one page.</summary>
    private sealed class BudgetStream(Stream inner) : ReadOnlyStream
    {
        private const int Budget = 256 << 20;

        private long _left = Budget;

        public void Renew() => _left = Budget;

        public override int Read(byte[] buffer, int offset, int count)
        {
            int read = inner.Read(buffer, offset, count);
            _left -= read;
            return _left >= 0 ? read
                : throw new XmlException($"one page has more than {Budget >> 20} MB, which none of a dump has.");
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
