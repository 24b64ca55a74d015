using System.Globalization;
using System.Text;

namespace Toolformer.Markup;

/// <summary>
/// The one place that knows how a call is written: ` [Tool(input) -> result]` (paper, section 2 and footnote 1).
/// <c>spec/markup.md</c> is its specification. Total on any text: what is no call is left alone.
/// </summary>
/// <remarks>
/// No bracket and no line break stands inside a call, so the end of a call is the first bracket after its beginning, a
/// scan is linear, and inserting a call into a text can neither make nor break another one.
/// </remarks>
public static class CallSyntax
{
    /// <summary>&lt;API&gt;, with the space before it: one token in the vocabularies of the GPT-2 kind.</summary>
    public const string Open = " [";

    /// <summary>&lt;/API&gt;.</summary>
    public const string Close = "]";

    /// <summary>The arrow as printed. It is read with any number of spaces before it, or none.</summary>
    public const string Arrow = " ->";

    /// <summary>What stands between the arrow and a result that is not empty.</summary>
    public const string BeforeResult = " ";

    /// <summary>The characters that no input may contain; nor may it contain "->".</summary>
    public const string NotInInput = "[]\r\n";

    /// <summary>Characters that a tokenizer with compatibility normalisation reads as brackets.</summary>
    public const string LikeBrackets = "\uFF3B\uFF3D\uFE47\uFE48";

    /// <summary>The default cap on a result, in UTF-16 units: about a hundred tokens.</summary>
    public const int MaxResultLength = 400;

    private const string BareArrow = "->";

    /// <summary>Whether a tool may be called so: an ASCII letter, then letters, digits and underscores.</summary>
    public static bool IsName(string name) => name.Length > 0 && NameLength(name) == name.Length;

    /// <summary>Whether an input can be printed: no bracket, no line break, no arrow in it.</summary>
    public static bool IsInput(string input) =>
        input.AsSpan().IndexOfAny(NotInInput) < 0 && !input.Contains(BareArrow, StringComparison.Ordinal);

    /// <summary>Whether a result can be printed: no bracket and no line break. See <see cref="Neutralise"/>.</summary>
    public static bool IsResult(string result) => result.AsSpan().IndexOfAny(NotInInput) < 0;

    /// <summary>The call as it stands in a text, opening space included; <see cref="Find"/> reads it back.</summary>
    /// <exception cref="ArgumentException">Name, input or result would break the markup.</exception>
    public static string Print(ApiCall call, EmptyCallForm emptyForm = EmptyCallForm.ArrowKept)
    {
        var text = new StringBuilder(Open).Append(PrintHead(call));
        if (call.Result is { } result && (result.Length > 0 || emptyForm == EmptyCallForm.ArrowKept))
            text.Append(Arrow).Append(PrintResult(result));
        return text.Append(Close).ToString();
    }

    /// <summary>`Tool(input)`, the part of a call that the model writes itself.</summary>
    /// <exception cref="ArgumentException">Name or input would break the markup.</exception>
    public static string PrintHead(ApiCall call)
    {
        if (!IsName(call.Tool))
            throw new ArgumentException($"'{call.Tool}' can't name a tool in a call: use letters, digits and "
                + "underscores, a letter first.", nameof(call));
        if (!IsInput(call.Input))
            throw new ArgumentException($"The input '{call.Input}' of {call.Tool} contains a bracket, a line break or "
                + "an arrow and can't be written in a call: reject the call or rephrase the input.", nameof(call));
        return $"{call.Tool}({call.Input})";
    }

    /// <summary>What follows the arrow: nothing for an empty result, else a space and the result.</summary>
    /// <exception cref="ArgumentException">The result would break the markup.</exception>
    public static string PrintResult(string result) => IsResult(result)
        ? result.Length > 0 ? BeforeResult + result : ""
        : throw new ArgumentException($"The result '{result}' contains a bracket or a line break and can't be written "
            + $"in a call: pass it through {nameof(CallSyntax)}.{nameof(Neutralise)} first.", nameof(result));

    /// <summary>Reads `Tool(input)` as a whole, spaces around it allowed; null if it is not of that form.</summary>
    public static ApiCall? ParseHead(string text)
    {
        var found = ParseAt(Open + text.Trim(' ') + Close, 0);
        return found.Call is { Result: null } call ? call : null;
    }

    /// <summary>Reads the call that begins at <paramref name="offset"/>, the offset of the opening space.</summary>
    public static ParsedCall ParseAt(string text, int offset, IReadOnlySet<string>? tools = null)
    {
        var rest = text.AsSpan(offset);
        if (rest.Length < Open.Length)
            return Open.AsSpan().StartsWith(rest) ? ParsedCall.Incomplete : ParsedCall.NoCall;
        if (!rest.StartsWith(Open))
            return ParsedCall.NoCall;
        rest = rest[Open.Length..];
        int nameLength = NameLength(rest);
        string name = rest[..nameLength].ToString();
        if (nameLength == rest.Length)
            return tools is null || tools.Any(t => t.StartsWith(name, StringComparison.Ordinal))
                ? ParsedCall.Incomplete : ParsedCall.NoCall;
        if (nameLength == 0 || rest[nameLength] != '(' || tools?.Contains(name) == false)
            return ParsedCall.NoCall;

        rest = rest[(nameLength + 1)..];
        int end = rest.IndexOfAny(NotInInput);
        var body = end < 0 ? rest : rest[..end];
        int arrow = body.IndexOf(BareArrow, StringComparison.Ordinal);
        // The input runs to the last parenthesis before the arrow or the end, so it may hold parentheses of its own.
        var head = (arrow < 0 ? body : body[..arrow]).TrimEnd(' ');
        bool headClosed = head.EndsWith(')');
        if (end < 0)
            return arrow < 0 || headClosed ? ParsedCall.Incomplete : ParsedCall.NoCall;
        if (rest[end] != ']' || !headClosed)
            return ParsedCall.NoCall;

        string? result = null;
        if (arrow >= 0)
        {
            var after = body[(arrow + BareArrow.Length)..];
            result = (after.StartsWith(BeforeResult) ? after[BeforeResult.Length..] : after).ToString();
        }
        var call = new ApiCall(name, head[..^1].ToString(), result);
        return new ParsedCall(ParseState.Complete, call, Open.Length + nameLength + 1 + end + Close.Length);
    }

    /// <summary>All finished calls of a text, and where an unfinished one may have begun at its end.</summary>
    /// <param name="tools">The names that count as tools; null: every name.</param>
    public static CallScan Scan(string text, IReadOnlySet<string>? tools = null)
    {
        var calls = new List<CallSpan>();
        for (int at = 0; (at = text.IndexOf(Open[0], at)) >= 0;)
        {
            var found = ParseAt(text, at, tools);
            if (found.State == ParseState.Incomplete)
                return new CallScan(calls, at);
            if (found.Call is { } call)
                calls.Add(new CallSpan(at, at + found.Length, call));
            at += Math.Max(found.Length, 1);
        }
        return new CallScan(calls, null);
    }

    /// <summary>All finished calls of a text, in order.</summary>
    public static IReadOnlyList<CallSpan> Find(string text, IReadOnlySet<string>? tools = null) =>
        Scan(text, tools).Calls;

    /// <summary>The text without its finished calls.</summary>
    public static string Strip(string text, IReadOnlySet<string>? tools = null) => Remove(text, Find(text, tools));

    /// <summary>The text without the given spans, which are in order and do not overlap.</summary>
    public static string Remove(string text, IReadOnlyList<CallSpan> spans)
    {
        var plain = new StringBuilder(text.Length);
        int from = 0;
        foreach (var span in spans)
        {
            plain.Append(text, from, span.Start - from);
            from = span.End;
        }
        return plain.Append(text, from, text.Length - from).ToString();
    }

    /// <summary>The text with a call before the character at <paramref name="offset"/>.</summary>
    public static string Insert(string text, int offset, ApiCall call) => text.Insert(offset, Print(call));

    /// <summary>
    /// The text with calls before the characters at the given offsets (of the original text; those with the same offset
    /// keep their order), and where they stand now: <see cref="Remove"/> with these spans undoes it on any text.
    /// </summary>
    public static (string Text, IReadOnlyList<CallSpan> Calls) Splice(
        string text, IEnumerable<(int Offset, ApiCall Call)> insertions)
    {
        var spliced = new StringBuilder(text.Length);
        var spans = new List<CallSpan>();
        int from = 0;
        foreach (var (offset, call) in insertions.OrderBy(i => i.Offset))
        {
            spliced.Append(text, from, offset - from);
            int start = spliced.Length;
            spliced.Append(Print(call));
            spans.Add(new CallSpan(start, spliced.Length, call));
            from = offset;
        }
        return (spliced.Append(text, from, text.Length - from).ToString(), spans);
    }

    /// <summary>The input as a tool reads it: without outer spaces, and without the quotes around all of it.</summary>
    public static string NormaliseInput(string input)
    {
        string trimmed = input.Trim();
        if (trimmed.Length < 2)
            return trimmed;
        (char first, char last) = (trimmed[0], trimmed[^1]);
        var inner = trimmed.AsSpan(1, trimmed.Length - 2);
        bool quoted = (first, last) is ('"', '"') or ('\'', '\'') or ('“', '”') && !inner.ContainsAny(first, last);
        return quoted ? inner.Trim().ToString() : trimmed;
    }

    /// <summary>The same call with its input as a tool reads it: `QA("x")` and `QA(x)` become equal.</summary>
    public static ApiCall Normalise(ApiCall call) => call with { Input = NormaliseInput(call.Input) };

    /// <summary>
    /// A result as it may stand in a call: one line without control characters, invisible direction marks and lone
    /// surrogates, at most <paramref name="maxLength"/> UTF-16 units with "…" where it was cut, brackets turned into
    /// parentheses and "->" into "→", also in their full-width and small forms, which some tokenizers make plain ones
    /// of. Such a result can't end, forge or nest a call; doing it twice changes nothing.
    /// </summary>
    public static string Neutralise(string result, int maxLength = MaxResultLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, 1);
        var line = new StringBuilder();
        foreach (var rune in result.EnumerateRunes())
        {
            if (Rune.IsWhiteSpace(rune))
            {
                if (line.Length > 0 && line[^1] != ' ')
                    line.Append(' ');
            }
            else if (line.Length > maxLength + 2L && line[^1] != ' ')
            {
                break; // it is cut whatever follows
            }
            else if (IsGreater(rune.Value) && line.Length > 0 && IsHyphen(line[^1]))
            {
                line[^1] = '→';
            }
            else if (!IsInvisible(rune) && rune != Rune.ReplacementChar // what a lone surrogate enumerates as
                && !(IsJoining(rune.Value) && line.Length > 0 && IsHyphen(line[^1])))
            {
                line.Append(rune.Value switch
                {
                    '[' or 0xFF3B or 0xFE47 => "(",
                    ']' or 0xFF3D or 0xFE48 => ")",
                    _ => rune.ToString(),
                });
            }
        }
        string text = line.ToString().TrimEnd();
        return text.Length <= maxLength ? text : text[..CutPoint(text, maxLength - 1)].TrimEnd() + "…";
    }

    private static bool IsHyphen(int value) => value is '-' or 0xFE63 or 0xFF0D;

    private static bool IsGreater(int value) => value is '>' or 0xFE65 or 0xFF1E or 0x226F;

    private static bool IsJoining(int value) => value is 0x200C or 0x200D or (>= 0xFE00 and <= 0xFE0F);

    // Joiners are kept: emoji and several scripts are misspelt without them.
    private static bool IsInvisible(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.Control => true,
        UnicodeCategory.Format => rune.Value is not (0x200C or 0x200D),
        _ => false,
    };

    /// <summary>The last place up to <paramref name="max"/> that cuts no character, as people see it, in two.</summary>
    internal static int CutPoint(string text, int max)
    {
        int cut = 0;
        while (cut < max)
        {
            int next = cut + StringInfo.GetNextTextElementLength(text, cut);
            if (next > max)
                break;
            cut = next;
        }
        return cut;
    }

    private static int NameLength(ReadOnlySpan<char> text)
    {
        if (text.Length == 0 || !char.IsAsciiLetter(text[0]))
            return 0;
        int length = 1;
        while (length < text.Length && (char.IsAsciiLetterOrDigit(text[length]) || text[length] == '_'))
            length++;
        return length;
    }
}

/// <summary>How e(c, ε), a call without its result, is written: the paper does not spell it out.</summary>
public enum EmptyCallForm
{
    /// <summary>` [Tool(input) ->]`: e(c, r) with an empty r, as the definition reads.</summary>
    ArrowKept,

    /// <summary>` [Tool(input)]`: the same as e(c).</summary>
    NoArrow,
}

/// <summary>What stands at an offset of a text.</summary>
public enum ParseState
{
    /// <summary>No call, however the text goes on.</summary>
    NoCall,

    /// <summary>The text ends where a call may have begun: more text decides.</summary>
    Incomplete,

    /// <summary>A finished call.</summary>
    Complete,
}

/// <summary>The outcome of reading one call.</summary>
/// <param name="Call">The call, if complete.</param>
/// <param name="Length">Its length in UTF-16 units, from the opening space to the closing bracket; else 0.</param>
public readonly record struct ParsedCall(ParseState State, ApiCall? Call, int Length)
{
    internal static ParsedCall NoCall => new(ParseState.NoCall, null, 0);
    internal static ParsedCall Incomplete => new(ParseState.Incomplete, null, 0);
}

/// <summary>A call and the UTF-16 units [Start, End) of the text that it covers, opening space included.</summary>
public sealed record CallSpan(int Start, int End, ApiCall Call);

/// <summary>The calls of a text that may still grow.</summary>
/// <param name="Incomplete">Where an unfinished call may begin: what stands before is settled; null: all is.</param>
public sealed record CallScan(IReadOnlyList<CallSpan> Calls, int? Incomplete);
