using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Toolformer.Torch.Tokenizers;

/// <summary>The first step from text to tokens: brings characters to the forms that the vocabulary knows.</summary>
internal abstract class Normalizer
{
    public abstract AlignedText Apply(AlignedText text, TextPlace place);

    /// <summary>Several, one after the other; null for none.</summary>
    public static Normalizer? InTurn(IReadOnlyList<Normalizer> steps) =>
        steps.Count switch { 0 => null, 1 => steps[0], _ => new Steps(steps) };

    private sealed class Steps(IReadOnlyList<Normalizer> steps) : Normalizer
    {
        public override AlignedText Apply(AlignedText text, TextPlace place) =>
            steps.Aggregate(text, (t, step) => step.Apply(t, place));
    }
}

/// <summary>Replaces each character by itself, by other characters or by nothing.</summary>
internal sealed class CharacterNormalizer(Func<Rune, string?> change) : Normalizer
{
    public override AlignedText Apply(AlignedText text, TextPlace place) => text.Replace(change);

    /// <summary>Lower case, character by character: a final sigma is any other sigma.</summary>
    public static CharacterNormalizer Lowercase => new(rune =>
    {
        if (rune.Value == 0x130) // İ, the one character whose lower case is two
            return "i\u0307";
        Rune lower = Rune.ToLowerInvariant(rune);
        return lower == rune ? null : lower.ToString();
    });

    /// <summary>Takes out combining marks: accents, where the text was decomposed before.</summary>
    public static CharacterNormalizer WithoutMarks => new(rune => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark
            ? ""
            : null);

    public static CharacterNormalizer WithoutNonSpacingMarks => new(rune =>
        Rune.GetUnicodeCategory(rune) == UnicodeCategory.NonSpacingMark ? "" : null);

    /// <summary>BERT's cleaning: control characters go, all white space is one kind of space.</summary>
    public static CharacterNormalizer Clean => new(rune =>
    {
        if (rune.Value is '\t' or '\n' or '\r')
            return " ";
        if (rune.Value == 0xFFFD || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format
            or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned or UnicodeCategory.Surrogate)
            return "";
        return rune.Value != ' ' && Rune.IsWhiteSpace(rune) ? " " : null;
    });

    /// <summary>BERT's spaces around Chinese characters, each of which is a word.</summary>
    public static CharacterNormalizer SpacedChinese => new(rune => IsChinese(rune.Value) ? $" {rune} " : null);

    private static bool IsChinese(int c) => c is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF)
        or (>= 0x20000 and <= 0x2A6DF) or (>= 0x2A700 and <= 0x2B73F) or (>= 0x2B740 and <= 0x2B81F)
        or (>= 0x2B820 and <= 0x2CEAF) or (>= 0xF900 and <= 0xFAFF) or (>= 0x2F800 and <= 0x2FA1F);
}

/// <summary>One of Unicode's normal forms.</summary>
internal sealed class UnicodeNormalizer(bool compose, bool compatible) : Normalizer
{
    public bool IsFormC => compose && !compatible;

    public override AlignedText Apply(AlignedText text, TextPlace place) => NormalForm.Of(text, compose, compatible);
}

/// <summary>Replaces what a pattern finds.</summary>
internal sealed class ReplacingNormalizer(Regex pattern, string content) : Normalizer
{
    public override AlignedText Apply(AlignedText text, TextPlace place)
    {
        AlignedText.Builder? changed = null;
        int done = 0;
        try
        {
            foreach (ValueMatch match in pattern.EnumerateMatches(text.Text))
            {
                if (match.Length == 0)
                    continue;
                changed ??= new AlignedText.Builder(text);
                changed.Keep(done, match.Index);
                done = match.Index + match.Length;
                changed.Put(content, match.Index, done);
            }
        }
        catch (RegexMatchTimeoutException e)
        {
            throw PreTokenizer.Endless(pattern, text.Text.Length, e);
        }
        changed?.Keep(done, text.Text.Length);
        return changed?.Build() ?? text;
    }
}

/// <summary>Takes white space off the ends.</summary>
internal sealed class TrimmingNormalizer(bool left, bool right) : Normalizer
{
    public override AlignedText Apply(AlignedText text, TextPlace place)
    {
        int start = left ? text.Text.Length - text.Text.AsSpan().TrimStart().Length : 0;
        int end = right ? text.Text.AsSpan().TrimEnd().Length : text.Text.Length;
        return start < end ? text.Slice(start, end) : new AlignedText("", []);
    }
}

/// <summary>When a mark or space is put before a text.</summary>
internal enum Prepending
{
    Never,

    /// <summary>Before a text only.</summary>
    First,

    /// <summary>After each added token as well.</summary>
    Always,
}

/// <summary>Puts a space, or what stands for one, before a text, unless it goes on in another.</summary>
/// <param name="unless">What the text begins with where it needs none; null: it always does.</param>
internal sealed class PrependingNormalizer(string prefix, Prepending when, Func<char, bool>? unless) : Normalizer
{
    public override AlignedText Apply(AlignedText text, TextPlace place)
    {
        bool due = (place, when) is (TextPlace.Beginning, not Prepending.Never)
            or (TextPlace.AfterToken, Prepending.Always);
        if (!due || text.Text.Length == 0 || unless?.Invoke(text.Text[0]) == true)
            return text;
        var builder = new AlignedText.Builder(text);
        builder.Put(prefix, 0, 0);
        builder.Keep(0, text.Text.Length);
        return builder.Build();
    }
}

/// <summary>Words each with a mark before it, the white space between them gone.</summary>
internal sealed class MarkedWordsNormalizer(char mark) : Normalizer
{
    public override AlignedText Apply(AlignedText text, TextPlace place)
    {
        var builder = new AlignedText.Builder(text);
        string all = text.Text;
        for (int i = 0, end; i < all.Length; i = end)
        {
            end = i;
            while (end < all.Length && !char.IsWhiteSpace(all[end]))
                end++;
            bool marked = all[i] == mark || (i == 0 && place == TextPlace.Continuation);
            if (end > i && !marked)
                builder.Put([mark], i - (i > 0 ? 1 : 0), i);
            builder.Keep(i, end);
            end = Math.Max(end, i + 1);
        }
        return builder.Build();
    }
}
