using System.Globalization;
using System.Text;

namespace Toolformer.Torch.Chat.Jinja;

internal enum TokenKind
{
    /// <summary>Text between tags.</summary>
    Data,

    BlockBegin,
    BlockEnd,
    VariableBegin,
    VariableEnd,
    Name,
    String,
    Integer,
    Float,
    Operator,
    End,
}

internal readonly record struct TemplateToken(TokenKind Kind, string Text, Place Place)
{
    public bool Is(string text) => Kind is TokenKind.Name or TokenKind.Operator && Text == text;
}

/// <summary>
/// Cuts a template into tokens, as Jinja does with trim_blocks and lstrip_blocks: the line break after a block and the
/// spaces before one at the beginning of a line are no text, nor is what '-' takes away.
/// </summary>
internal sealed class TemplateLexer
{
    private static readonly string[] Operators =
    [
        "**", "//", "==", "!=", "<=", ">=", "+", "-", "*", "/", "%", "~", "<", ">", "=", "(", ")", "[", "]", "{", "}",
        ".", ":", "|", ",", ";",
    ];

    private readonly string _source;
    private readonly List<TemplateToken> _tokens = [];
    private readonly int[] _lines;
    private int _at;

    private TemplateLexer(string source)
    {
        source = source.ReplaceLineEndings("\n");
        _source = source.EndsWith('\n') ? source[..^1] : source;
        _lines = [0, .. _source.Index().Where(c => c.Item == '\n').Select(c => c.Index + 1)];
    }

    public static IReadOnlyList<TemplateToken> Read(string source)
    {
        var lexer = new TemplateLexer(source);
        lexer.ReadAll();
        return lexer._tokens;
    }

    private void ReadAll()
    {
        bool trims = false;
        while (_at < _source.Length)
        {
            int open = NextTag();
            int end = open < 0 ? _source.Length : open;
            string text = _source[_at..end];
            int from = _at;
            if (trims)
                from += text.Length - text.TrimStart().Length;
            if (open >= 0)
                end = WithoutSpaceBefore(open, from);
            if (end > from)
                _tokens.Add(new(TokenKind.Data, _source[from..end], PlaceOf(from)));
            if (open < 0)
                break;
            trims = _source[open + 1] == '#' ? SkipComment(open) : ReadTag(open);
        }
        _tokens.Add(new(TokenKind.End, "the end of the template", PlaceOf(_source.Length)));
    }

    private int NextTag()
    {
        for (int i = _source.IndexOf('{', _at); i >= 0 && i + 1 < _source.Length; i = _source.IndexOf('{', i + 1))
        {
            if (_source[i + 1] is '{' or '%' or '#')
                return i;
        }
        return -1;
    }

    /// <summary>Where the text before a tag ends.</summary>
    private int WithoutSpaceBefore(int open, int from)
    {
        char sign = open + 2 < _source.Length ? _source[open + 2] : ' ';
        int end = open;
        if (sign == '-')
        {
            while (end > from && char.IsWhiteSpace(_source[end - 1]))
                end--;
        }
        else if (sign != '+' && _source[open + 1] != '{')
        {
            int line = open;
            while (line > from && _source[line - 1] != '\n' && char.IsWhiteSpace(_source[line - 1]))
                line--;
            if (line == 0 || _source[line - 1] == '\n')
                end = line;
        }
        return end;
    }

    /// <returns>Whether the white space after it is taken away.</returns>
    private bool SkipComment(int open)
    {
        int close = _source.IndexOf("#}", open + 2, StringComparison.Ordinal);
        if (close < 0)
            throw new TemplateException("A comment does not end.", PlaceOf(open));
        char sign = _source[close - 1];
        _at = close + 2;
        if (sign is not ('-' or '+'))
            SkipLineBreak();
        return sign == '-';
    }

    private void SkipLineBreak()
    {
        if (_at < _source.Length && _source[_at] == '\n')
            _at++;
    }

    private bool ReadTag(int open)
    {
        bool isBlock = _source[open + 1] == '%';
        string close = isBlock ? "%}" : "}}";
        _tokens.Add(new(isBlock ? TokenKind.BlockBegin : TokenKind.VariableBegin, _source[open..(open + 2)],
            PlaceOf(open)));
        _at = open + 2;
        if (_at < _source.Length && _source[_at] is '-' or '+')
            _at++;
        int first = _tokens.Count, depth = 0;
        while (true)
        {
            while (_at < _source.Length && char.IsWhiteSpace(_source[_at]))
                _at++;
            if (_at >= _source.Length)
                throw new TemplateException($"A tag does not end: '{close}' is missing.", PlaceOf(open));
            bool isSign = _source[_at] == '-' || (isBlock && _source[_at] == '+');
            char sign = depth == 0 && isSign && Stands(close, _at + 1)
                ? _source[_at] : ' ';
            if (sign != ' ' || (depth == 0 && Stands(close, _at)))
            {
                _tokens.Add(new(isBlock ? TokenKind.BlockEnd : TokenKind.VariableEnd, close, PlaceOf(_at)));
                _at += close.Length + (sign == ' ' ? 0 : 1);
                if (isBlock && _tokens.Count == first + 2 && _tokens[first].Is("raw"))
                    return ReadRaw(first, sign == '-');
                if (isBlock && sign == ' ')
                    SkipLineBreak();
                return sign == '-';
            }
            var token = ReadToken();
            depth += token.Kind != TokenKind.Operator ? 0
                : token.Text is "(" or "[" or "{" ? 1 : token.Text is ")" or "]" or "}" ? -1 : 0;
            _tokens.Add(token);
        }
    }

    /// <summary>{% raw %} … {% endraw %}: text, whatever stands in it.</summary>
    private bool ReadRaw(int first, bool trims)
    {
        int start = _at;
        for (int i = _source.IndexOf("{%", _at, StringComparison.Ordinal); i >= 0;
            i = _source.IndexOf("{%", i + 2, StringComparison.Ordinal))
        {
            int close = _source.IndexOf("%}", i, StringComparison.Ordinal);
            if (close < 0 || _source[(i + 2)..close].Trim('-', '+', ' ', '\n', '\t') != "endraw")
                continue;
            int from = start, end = WithoutSpaceBefore(i, start);
            while (trims && from < end && char.IsWhiteSpace(_source[from]))
                from++;
            var place = _tokens[first - 1].Place;
            _tokens.RemoveRange(first - 1, 3);
            _tokens.Add(new(TokenKind.Data, _source[from..end], place));
            _at = close + 2;
            if (_source[close - 1] is not ('-' or '+'))
                SkipLineBreak();
            return _source[close - 1] == '-';
        }
        throw new TemplateException("{% raw %} has no {% endraw %}.", _tokens[first].Place);
    }

    private TemplateToken ReadToken()
    {
        int start = _at;
        char c = _source[_at];
        if (c is '"' or '\'')
            return new(TokenKind.String, ReadString(c), PlaceOf(start));
        if (char.IsAsciiDigit(c))
            return ReadNumber();
        if (char.IsLetter(c) || c == '_')
        {
            while (_at < _source.Length && (char.IsLetterOrDigit(_source[_at]) || _source[_at] == '_'))
                _at++;
            return new(TokenKind.Name, _source[start.._at], PlaceOf(start));
        }
        string? found = Array.Find(Operators, o => Stands(o, start))
            ?? throw new TemplateException($"'{c}' begins nothing that a template can say.", PlaceOf(start));
        _at += found.Length;
        return new(TokenKind.Operator, found, PlaceOf(start));
    }

    private TemplateToken ReadNumber()
    {
        int start = _at;
        void Digits()
        {
            while (_at < _source.Length && (char.IsAsciiDigit(_source[_at]) || _source[_at] == '_'))
                _at++;
        }
        bool Next(int at, Func<char, bool> holds) => at < _source.Length && holds(_source[at]);
        Digits();
        bool isFloat = false;
        if (Next(_at, c => c == '.') && Next(_at + 1, char.IsAsciiDigit))
        {
            _at++;
            Digits();
            isFloat = true;
        }
        if (Next(_at, c => c is 'e' or 'E')
            && (Next(_at + 1, char.IsAsciiDigit)
                || (Next(_at + 1, c => c is '+' or '-') && Next(_at + 2, char.IsAsciiDigit))))
        {
            _at += 2;
            Digits();
            isFloat = true;
        }
        string text = _source[start.._at].Replace("_", "");
        return new(isFloat ? TokenKind.Float : TokenKind.Integer, text, PlaceOf(start));
    }

    private string ReadString(char quote)
    {
        int start = _at++;
        var text = new StringBuilder();
        while (_at < _source.Length && _source[_at] != quote)
        {
            char c = _source[_at++];
            if (c != '\\' || _at >= _source.Length)
                text.Append(c);
            else
                Unescape(text, start);
        }
        if (_at++ >= _source.Length)
            throw new TemplateException("A text in quotes does not end.", PlaceOf(start));
        return text.ToString();
    }

    private void Unescape(StringBuilder text, int start)
    {
        char c = _source[_at++];
        int digits = c switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
        if (digits > 0)
        {
            if (_at + digits > _source.Length || !int.TryParse(_source.AsSpan(_at, digits),
                NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int code)
                || code is < 0 or > 0x10FFFF)
                throw new TemplateException($"\\{c} is not followed by {digits} digits of a character.",
                    PlaceOf(start));
            text.Append(code is >= 0xD800 and <= 0xDFFF ? ((char)code).ToString() : char.ConvertFromUtf32(code));
            _at += digits;
            return;
        }
        int octal = 0;
        while (octal < 3 && _at - 1 + octal < _source.Length && _source[_at - 1 + octal] is >= '0' and <= '7')
            octal++;
        if (octal > 0)
        {
            text.Append((char)Convert.ToInt32(_source.Substring(_at - 1, octal), 8));
            _at += octal - 1;
            return;
        }
        int known = "\\'\"abfnrtv\n".IndexOf(c);
        if (known < 0)
            text.Append('\\').Append(c);
        else if (c != '\n')
            text.Append("\\'\"\a\b\f\n\r\t\v"[known]);
    }

    private bool Stands(string text, int at) => string.CompareOrdinal(_source, at, text, 0, text.Length) == 0;

    private Place PlaceOf(int at)
    {
        int line = Array.BinarySearch(_lines, at);
        line = line < 0 ? ~line - 1 : line;
        return new(line + 1, at - _lines[line] + 1);
    }
}
