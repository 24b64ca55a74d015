using System.Text;
using Toolformer.Modeling;

namespace Toolformer.Tests.Fakes;

/// <summary>Texts of a pattern's language, drawn at random.</summary>
public static class PatternSamples
{
    // What texts are likely to go wrong at, beside letters.
    private const string Characters = "abc XYZ019-+.,;:=()/\\{}'\"`é€😀\u00a0\u2003_?!&%#@";

    public static string Draw(this TokenPattern pattern, Random dice)
    {
        var text = new StringBuilder();
        Draw(pattern, dice, text);
        return text.ToString();
    }

    private static void Draw(TokenPattern pattern, Random dice, StringBuilder to)
    {
        switch (pattern)
        {
            case TokenPattern.Literal literal:
                to.Append(literal.Text);
                break;
            case TokenPattern.Choice choice:
                Draw(choice.Options[dice.Next(choice.Options.Length)], dice, to);
                break;
            case TokenPattern.Sequence sequence:
                foreach (var part in sequence.Parts)
                    Draw(part, dice, to);
                break;
            case TokenPattern.Repeat repeat:
                for (int i = dice.Next(repeat.Min, Math.Min(repeat.Max, repeat.Min + 8) + 1); i > 0; i--)
                    Draw(repeat.Part, dice, to);
                break;
            case TokenPattern.AnyExcept any:
                var allowed = Characters.EnumerateRunes().Where(r => !any.Characters.Contains(r.ToString())).ToList();
                to.Append(allowed[dice.Next(allowed.Count)].ToString());
                break;
            default:
                throw new ArgumentException($"unknown pattern {pattern}");
        }
    }
}
