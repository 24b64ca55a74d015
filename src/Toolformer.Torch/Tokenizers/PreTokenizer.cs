using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Toolformer.Torch.Tokenizers;

/// <summary>What becomes of the matches of a pattern that cuts a text.</summary>
public enum SplitBehavior
{
    /// <summary>Each is a word of its own.</summary>
    Isolated,

    /// <summary>They are left out.</summary>
    Removed,

    /// <summary>Each ends the word before it.</summary>
    MergedWithPrevious,

    /// <summary>Each begins the word after it.</summary>
    MergedWithNext,

    /// <summary>Neighbouring ones are one word.</summary>
    Contiguous,
}

/// <summary>One way to cut words.</summary>
/// <param name="Invert">Whether what the pattern does not match counts as the match.</param>
public sealed record SplitStep(string Pattern, SplitBehavior Behavior = SplitBehavior.Isolated, bool Invert = false);

/// <summary>
/// The second step from text to tokens: cuts it into the words that tokens never reach across. Each step cuts the words
/// of the one before.
/// </summary>
public sealed partial class PreTokenizer
{
    /// <summary>GPT-2's pattern (Radford et al. 2019), also that of GPT-J and GPT-NeoX.</summary>
    public const string Gpt2Pattern =
        @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    /// <summary>
    /// The pattern of our own vocabularies: GPT-2's, but every digit is a word of its own, so that a small model sees
    /// numbers place by place.
    /// </summary>
    public const string DigitPattern =
        @"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    // A pattern comes out of a file: one that backtracks without end must become an error and not a hang.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private const int LongestPattern = 20_000;

    private readonly Regex[] _patterns;

    /// <param name="patterns">Applied one after the other, each isolating its matches.</param>
    /// <exception cref="ArgumentException">A pattern is no regular expression.</exception>
    public PreTokenizer(params IEnumerable<string> patterns)
        : this(patterns.Select(p => new SplitStep(p)))
    {
    }

    /// <exception cref="ArgumentException">A pattern is no regular expression.</exception>
    public PreTokenizer(IEnumerable<SplitStep> steps)
    {
        Steps = [.. steps];
        _patterns = [.. Steps.Select(step => step.Pattern switch
        {
            Gpt2Pattern => Gpt2(),
            DigitPattern => Digit(),
            var pattern => Compile(pattern),
        })];
    }

    public IReadOnlyList<SplitStep> Steps { get; }

    /// <summary>A pattern that comes out of a file.</summary>
    /// <exception cref="ArgumentException">It is no regular expression, or too long for one of a tokenizer.</exception>
    internal static Regex Compile(string pattern) => pattern.Length <= LongestPattern
        ? new Regex(pattern, RegexOptions.CultureInvariant | RegexOptions.Compiled, s_patience)
        : throw new ArgumentException($"A pattern has {pattern.Length} characters; the limit is {LongestPattern}.");

    /// <summary>The error for a pattern that backtracks without end.</summary>
    internal static InvalidDataException Endless(Regex pattern, int length, Exception cause) => new(
        $"The tokenizer's pattern {pattern} needs more than {s_patience.TotalSeconds} s for a text of {length} "
        + "characters. Look into the tokenizer's files: it is not to be trusted.", cause);

    /// <summary>The words in order, as character ranges [Start, End).</summary>
    public List<(int Start, int End)> Split(ReadOnlySpan<char> text)
    {
        int[]? origins = null;
        if (text.IndexOfAnyInRange('\uD800', '\uDFFF') >= 0)
            text = StandIns(text, out origins);
        List<(int Start, int End)> words = text.IsEmpty ? [] : [(0, text.Length)];
        for (int s = 0; s < _patterns.Length; s++)
        {
            try
            {
                words = Steps[s] is { Behavior: SplitBehavior.Isolated, Invert: false }
                    ? Isolate(_patterns[s], text, words)
                    : Cut(_patterns[s], Steps[s], text, words);
            }
            catch (RegexMatchTimeoutException e)
            {
                throw Endless(_patterns[s], text.Length, e);
            }
        }
        if (origins is not null)
        {
            for (int i = 0; i < words.Count; i++)
                words[i] = (origins[words[i].Start], origins[words[i].End]);
        }
        return words;
    }

    private static List<(int Start, int End)> Isolate(
        Regex step, ReadOnlySpan<char> text, List<(int Start, int End)> words)
    {
        var finer = new List<(int, int)>(words.Count == 1 ? text.Length / 4 : words.Count);
        foreach ((int start, int end) in words)
        {
            int done = start;
            foreach (ValueMatch match in step.EnumerateMatches(text[start..end]))
            {
                if (match.Length == 0)
                    continue;
                int from = start + match.Index;
                if (from > done)
                    finer.Add((done, from));
                done = from + match.Length;
                finer.Add((from, done));
            }
            if (end > done)
                finer.Add((done, end));
        }
        return finer;
    }

    private static List<(int Start, int End)> Cut(
        Regex pattern, SplitStep step, ReadOnlySpan<char> text, List<(int Start, int End)> words)
    {
        var result = new List<(int, int)>();
        foreach ((int start, int end) in words)
        {
            var parts = new List<(int Start, int End, bool Match)>();
            int done = start;
            foreach (ValueMatch match in pattern.EnumerateMatches(text[start..end]))
            {
                if (match.Length == 0)
                    continue;
                if (start + match.Index > done)
                    parts.Add((done, start + match.Index, step.Invert));
                done = start + match.Index + match.Length;
                parts.Add((start + match.Index, done, !step.Invert));
            }
            if (end > done)
                parts.Add((done, end, step.Invert));
            for (int i = 0, next; i < parts.Count; i = next)
            {
                next = i + 1;
                switch (step.Behavior)
                {
                    case SplitBehavior.Removed when parts[i].Match:
                        continue;
                    case SplitBehavior.MergedWithPrevious when !parts[i].Match && next < parts.Count:
                    case SplitBehavior.MergedWithNext when parts[i].Match && next < parts.Count && !parts[next].Match:
                        next++;
                        break;
                    case SplitBehavior.Contiguous:
                        while (next < parts.Count && parts[next].Match == parts[i].Match)
                            next++;
                        break;
                }
                result.Add((parts[i].Start, parts[next - 1].End));
            }
        }
        return result;
    }

    /// <summary>
    /// .NET's expressions see UTF-16 units, the reference's see characters: 𝔘 is a letter there, two surrogates here.
    /// So each character beyond U+FFFF is replaced by one of the same category below it, all that patterns ask about.
    /// </summary>
    /// <param name="origins">For each character of the result, and its end, where it began in the text.</param>
    private static ReadOnlySpan<char> StandIns(ReadOnlySpan<char> text, out int[] origins)
    {
        var result = new char[text.Length];
        origins = new int[text.Length + 1];
        int length = 0;
        for (int i = 0; i < text.Length;)
        {
            origins[length] = i;
            // A lone surrogate becomes U+FFFD, as it will in UTF-8.
            Rune.DecodeFromUtf16(text[i..], out Rune rune, out int used);
            result[length++] = rune.IsBmp ? (char)rune.Value : StandIn(rune);
            i += used;
        }
        origins[length] = text.Length;
        return result.AsSpan(0, length);
    }

    private static char StandIn(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.UppercaseLetter => '\u0191',
        UnicodeCategory.LowercaseLetter => '\u0192',
        UnicodeCategory.TitlecaseLetter => '\u01C5',
        UnicodeCategory.ModifierLetter => '\u02B0',
        UnicodeCategory.OtherLetter => '\u01BB',
        UnicodeCategory.NonSpacingMark => '\u0300',
        UnicodeCategory.SpacingCombiningMark => '\u0903',
        UnicodeCategory.EnclosingMark => '\u0488',
        UnicodeCategory.DecimalDigitNumber => '\u0660',
        UnicodeCategory.LetterNumber => '\u2160',
        UnicodeCategory.OtherNumber => '\u00B2',
        UnicodeCategory.Format => '\u200B',
        UnicodeCategory.PrivateUse => '\uE000',
        UnicodeCategory.MathSymbol => '\u2200',
        UnicodeCategory.CurrencySymbol => '\u20AC',
        UnicodeCategory.ModifierSymbol => '\u02C2',
        UnicodeCategory.OtherSymbol => '\u2600',
        UnicodeCategory.ConnectorPunctuation => '\u203F',
        UnicodeCategory.DashPunctuation => '\u2010',
        UnicodeCategory.OpenPunctuation => '\u2045',
        UnicodeCategory.ClosePunctuation => '\u2046',
        UnicodeCategory.OtherPunctuation => '\u2020',
        _ => '\u0378', // unassigned; the remaining categories have no member beyond U+FFFF
    };

    [GeneratedRegex(Gpt2Pattern, RegexOptions.CultureInvariant)]
    private static partial Regex Gpt2();

    [GeneratedRegex(DigitPattern, RegexOptions.CultureInvariant)]
    private static partial Regex Digit();
}
