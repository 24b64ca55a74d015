using System.Text.RegularExpressions;

namespace Toolformer.Tools.Searching;

/// <summary>Cuts prose into sentences and words, well enough for passages and snippets.</summary>
public static partial class Sentences
{
    /// <summary>The sentences of a text in order, without the spaces between them.</summary>
    public static string[] Of(string text) => [.. End().Split(text.Trim()).Where(s => s.Length > 0)];

    /// <summary>What stands between white space.</summary>
    public static string[] Words(string text) => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    // After a full stop and before a capital or a digit, but not after an initial or a title. Of marks in between no
    // more than four are looked at: in a text of nothing else every one would look at all.
    [GeneratedRegex("""
        (?<=[.!?]["'”’)]{0,4}) (?<!\b(?:\p{L}|Dr|Mr|Mrs|Ms|St|Jr|Sr|No|vs|ca|cf|Prof|Gen|Col|Lt)\.)
        \s+ (?=["'“‘(]{0,4}[\p{Lu}\d])
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex End();
}
