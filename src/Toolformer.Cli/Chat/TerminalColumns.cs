using System.Globalization;
using System.Text;

namespace Toolformer.Cli.Chat;

/// <summary>
/// How many columns of a terminal a text takes: two for what East Asian scripts and emoji write wide.
/// </summary>
public static class TerminalColumns
{
    // Wide and full-width characters of Unicode's EastAsianWidth, in blocks.
    private static readonly (int From, int To)[] Wide =
    [
        (0x1100, 0x115f), (0x2e80, 0x303e), (0x3041, 0xa4cf), (0xac00, 0xd7a3), (0xf900, 0xfaff), (0xfe30, 0xfe6f),
        (0xff00, 0xff60), (0xffe0, 0xffe6), (0x1f300, 0x1f64f), (0x1f680, 0x1f6ff), (0x1f900, 0x1faff),
        (0x20000, 0x3fffd),
    ];

    public static int Of(string text) => text.EnumerateRunes().Sum(Of);

    /// <summary>The beginning of a text, as much as fits.</summary>
    public static string First(string text, int columns)
    {
        int end = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if ((columns -= Of(rune)) < 0)
                break;
            end += rune.Utf16SequenceLength;
        }
        return text[..end];
    }

    /// <summary>The end of a text, as much as fits.</summary>
    public static string Last(string text, int columns)
    {
        int from = text.Length;
        foreach (var rune in text.EnumerateRunes().Reverse())
        {
            if ((columns -= Of(rune)) < 0)
                break;
            from -= rune.Utf16SequenceLength;
        }
        return text[from..];
    }

    private static int Of(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format => 0,
        _ => Wide.Any(w => rune.Value >= w.From && rune.Value <= w.To) ? 2 : 1,
    };
}
