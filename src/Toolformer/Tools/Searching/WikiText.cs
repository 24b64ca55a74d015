using System.Net;
using System.Text;

namespace Toolformer.Tools.Searching;

/// <summary>
/// MediaWiki's markup as plain text by sections. Templates, references, tables, pictures and comments are left out,
/// links and formatting leave their words. Linear in the length of any text, however its markup is nested or broken.
/// </summary>
public static class WikiText
{
    /// <summary>The sections of an article in order; those without text are left out.</summary>
    public static IReadOnlyList<ArticleSection> Read(string wikitext)
    {
        var sections = new List<ArticleSection>();
        string? heading = null;
        var text = new StringBuilder();
        foreach (string raw in new WikiTextScanner(wikitext).Scan().Split('\n'))
        {
            string line = raw.Trim();
            if (Heading(line) is { } next)
            {
                End();
                heading = next;
            }
            else if (Plain(line) is { Length: > 0 } plain)
            {
                text.Append(text.Length > 0 ? "\n" : "").Append(plain);
            }
        }
        End();
        return sections;

        void End()
        {
            if (text.Length > 0)
                sections.Add(new(heading, text.ToString()));
            text.Clear();
        }
    }

    /// <summary>"== Early life ==" → "Early life".</summary>
    private static string? Heading(string line)
    {
        if (line.Length < 3 || line[0] != '=' || line[^1] != '=')
            return null;
        string name = line.Trim('=').Trim();
        return name.Length is > 0 and <= 200 ? name : null;
    }

    private static string Plain(string line)
    {
        // What a broken table leaves, and rules.
        if (line.Length == 0 || line[0] is '|' or '!' || line.StartsWith("{|", StringComparison.Ordinal)
            || line.StartsWith("----", StringComparison.Ordinal))
            return "";
        string item = line.TrimStart('*', '#', ':', ';', ' ');
        return WithoutHoles(string.Join(' ', Sentences.Words(item)));
    }

    /// <summary>Mends what stood around a template: "(; born 1900)", "( )", " ,".</summary>
    private static string WithoutHoles(string line)
    {
        if (!line.Contains('('))
            return line;
        var mended = new StringBuilder(line.Length);
        for (int i = 0; i < line.Length; i++)
        {
            mended.Append(line[i]);
            if (line[i] != '(')
                continue;
            int next = i + 1;
            while (next < line.Length && line[next] is ' ' or ',' or ';' or ':')
                next++;
            i = next - 1;
            if (next < line.Length && line[next] == ')')
            {
                mended.Length--;
                while (mended.Length > 0 && mended[^1] == ' ')
                    mended.Length--;
                i = next;
            }
        }
        return mended.ToString();
    }
}

/// <summary>One pass over wikitext with a stack of what is open.</summary>
internal sealed class WikiTextScanner(string text)
{
    /// <summary>What is nested deeper is left out.</summary>
    private const int MaxDepth = 40;

    private const int MaxTag = 4000, MaxEntity = 12;

    private static readonly HashSet<string> LeftOut = new(
        [
            "ref", "gallery", "math", "chem", "ce", "timeline", "syntaxhighlight", "source", "score", "imagemap",
            "hiero", "graph", "mapframe", "maplink", "templatestyles", "indicator", "section", "references",
        ], StringComparer.OrdinalIgnoreCase);

    private static readonly HashSet<string> Breaks = new(
        ["br", "p", "div", "li", "ul", "ol", "dd", "dt", "dl", "blockquote", "hr", "poem", "center", "tr"],
        StringComparer.OrdinalIgnoreCase);

    private static readonly HashSet<string> Formatting = new(
        [
            "b", "i", "u", "s", "em", "strong", "small", "big", "sub", "sup", "span", "font", "code", "tt", "nowiki",
            "pre", "var", "kbd", "samp", "cite", "q", "abbr", "del", "ins", "bdi", "bdo", "ruby", "rb", "rt", "rp",
            "noinclude", "includeonly", "onlyinclude", "table", "td", "th", "caption", "h1", "h2", "h3", "h4", "h5",
            "strike", "mark", "time", "data", "wbr", "langconvert", "categorytree",
        ], StringComparer.OrdinalIgnoreCase);

    // Where a page's address has one of these before the colon, the link shows a picture or files the page.
    private static readonly HashSet<string> NoText = new(
        [
            "file", "image", "media", "category", "datei", "bild", "kategorie", "fichier", "catégorie", "archivo",
            "imagen", "categoría", "immagine", "categoria", "ficheiro", "imagem", "bestand", "afbeelding", "categorie",
            "plik", "grafika", "kategoria", "файл", "категория", "fil", "kategori", "soubor", "tiedosto", "luokka",
        ], StringComparer.OrdinalIgnoreCase);

    private enum Kind { Template, Link, Address, Table }

    private readonly record struct Frame(Kind Kind, int Start);

    private readonly StringBuilder _out = new(text.Length);
    private readonly Stack<Frame> _open = new();
    private readonly int[] _opened = new int[4];
    private readonly HashSet<string> _neverClosed = new(StringComparer.OrdinalIgnoreCase);
    private int _at;

    /// <summary>The text without markup but for headings and the marks of list items.</summary>
    public string Scan()
    {
        while (_at < text.Length)
        {
            int markup = text.AsSpan(_at).IndexOfAny("<{}|[]'&_\n");
            int plain = markup < 0 ? text.Length - _at : markup;
            _out.Append(text, _at, plain);
            _at += plain;
            if (_at < text.Length)
                Take(text[_at]);
        }
        return _out.ToString();
    }

    private void Take(char c)
    {
        switch (c)
        {
            case '<':
                Tag();
                break;
            case '{' when At("{|") && IsLineStart() && !At("{|}"):
                Push(Kind.Table, 2);
                break;
            case '{' when At("{{"):
                Push(Kind.Template, 2);
                break;
            case '}' when At("}}") && _opened[(int)Kind.Template] > 0:
                Close(Kind.Template, 2);
                break;
            case '|' when At("|}") && !At("|}}") && _opened[(int)Kind.Table] > 0 && IsLineStart():
                Close(Kind.Table, 2);
                break;
            case '[' when At("[["):
                Push(Kind.Link, 2);
                break;
            case '[' when At("[http") || At("[//") || At("[ftp:") || At("[mailto:"):
                Push(Kind.Address, 1);
                break;
            case ']' when At("]]") && _opened[(int)Kind.Link] > 0:
                Close(Kind.Link, 2);
                break;
            case ']' when _open.TryPeek(out var top) && top.Kind == Kind.Address:
                Close(Kind.Address, 1);
                break;
            case '\'' when At("''"):
                while (_at < text.Length && text[_at] == '\'')
                    _at++;
                break;
            case '&':
                Entity();
                break;
            case '_' when At("__"):
                Switch();
                break;
            default:
                if (c == '\n')
                    DropAddress();
                Literal();
                break;
        }
    }

    private bool At(string markup) => string.CompareOrdinal(text, _at, markup, 0, markup.Length) == 0;

    private bool IsLineStart()
    {
        for (int i = _at - 1; i >= 0 && i > _at - 8; i--)
        {
            if (text[i] == '\n')
                return true;
            if (text[i] is not (' ' or ':' or '*'))
                return false;
        }
        return _at < 8;
    }

    private void Literal() => _out.Append(text[_at++]);

    private void Push(Kind kind, int length)
    {
        _open.Push(new(kind, _out.Length));
        _opened[(int)kind]++;
        _at += length;
    }

    /// <summary>Ends the innermost of a kind; what was opened inside and not closed keeps its words.</summary>
    private void Close(Kind kind, int length)
    {
        Frame frame;
        do
        {
            frame = _open.Pop();
            _opened[(int)frame.Kind]--;
        }
        while (frame.Kind != kind);
        _at += length;
        // Too deep, or inside of what is left out anyway: nothing is copied.
        string inside = kind == Kind.Table || _open.Count >= MaxDepth
            ? "" : _out.ToString(frame.Start, _out.Length - frame.Start);
        _out.Length = frame.Start;
        _out.Append(kind switch
        {
            Kind.Template => WikiTemplate.Text(inside),
            Kind.Link => LinkText(inside),
            Kind.Address => inside.IndexOf(' ') is > 0 and var space ? inside[(space + 1)..] : "",
            _ => "",
        });
    }

    // The address of a page outside ends with its line.
    private void DropAddress()
    {
        while (_open.TryPeek(out var top) && top.Kind == Kind.Address)
            _opened[(int)_open.Pop().Kind]--;
    }

    private static string LinkText(string inside)
    {
        int bar = inside.IndexOf('|');
        string target = (bar < 0 ? inside : inside[..bar]).Trim(), label = bar < 0 ? "" : inside[(bar + 1)..];
        int colon = target.IndexOf(':');
        if (colon > 0 && NoText.Contains(target[..colon].Trim()))
            return "";
        // A link to the same article in another language stands at the article's side.
        bool toOtherLanguage = bar < 0 && colon is 2 or 3
            && target.AsSpan(0, colon).IndexOfAnyExceptInRange('a', 'z') < 0;
        return toOtherLanguage ? "" : label.Length > 0 ? label : target.TrimStart(':');
    }

    private void Tag()
    {
        if (At("<!--"))
        {
            int end = text.IndexOf("-->", _at + 4, StringComparison.Ordinal);
            _at = end < 0 ? text.Length : end + 3;
            return;
        }
        int name = _at + 1;
        bool closes = name < text.Length && text[name] == '/';
        name += closes ? 1 : 0;
        int nameEnd = name;
        while (nameEnd < text.Length && nameEnd - name < 20 && char.IsAsciiLetterOrDigit(text[nameEnd]))
            nameEnd++;
        string tag = text[name..nameEnd];
        bool isLeftOut = LeftOut.Contains(tag), isBreak = Breaks.Contains(tag);
        int close = isLeftOut || isBreak || Formatting.Contains(tag)
            ? text.AsSpan(nameEnd, Math.Min(MaxTag, text.Length - nameEnd)).IndexOf('>') : -1;
        if (close < 0)
        {
            Literal();
            return;
        }
        bool isWhole = text[nameEnd + close - (close > 0 ? 1 : 0)] == '/';
        _at = nameEnd + close + 1;
        if (isBreak)
            _out.Append('\n');
        if (closes || isWhole)
            return;
        if (isLeftOut && EndOf(tag, _at) is { } after)
            _at = after.After;
        else if (tag.Equals("nowiki", StringComparison.OrdinalIgnoreCase) && EndOf(tag, _at) is { } quoted)
        {
            _out.Append(text, _at, quoted.Before - _at);
            _at = quoted.After;
        }
    }

    /// <summary>Where the closing tag begins and ends; null where there is none any more.</summary>
    private (int Before, int After)? EndOf(string tag, int from)
    {
        // Once there is none, there is none further on: a text of nothing but opening tags is read once.
        if (_neverClosed.Contains(tag))
            return null;
        int before = text.IndexOf("</" + tag, from, StringComparison.OrdinalIgnoreCase);
        int after = before < 0 ? -1 : text.IndexOf('>', before);
        if (after >= 0)
            return (before, after + 1);
        _neverClosed.Add(tag);
        return null;
    }

    private void Entity()
    {
        int end = text.AsSpan(_at, Math.Min(MaxEntity, text.Length - _at)).IndexOf(';');
        string decoded = end < 0 ? "&" : WebUtility.HtmlDecode(text.Substring(_at, end + 1));
        bool isEntity = end > 0 && decoded.Length < end + 1;
        _out.Append(isEntity ? decoded == "\u00a0" ? " " : decoded : "&");
        _at += isEntity ? end + 1 : 1;
    }

    /// <summary>"__NOTOC__" and the like.</summary>
    private void Switch()
    {
        int end = _at + 2;
        while (end < text.Length && end - _at < 40 && char.IsAsciiLetterUpper(text[end]))
            end++;
        if (end > _at + 2 && string.CompareOrdinal(text, end, "__", 0, 2) == 0)
            _at = end + 2;
        else
            Literal();
    }
}
