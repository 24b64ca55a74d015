using System.Text;

namespace Toolformer.Tools.Searching;

/// <summary>Plain text: paragraphs parted by blank lines, which have no title.</summary>
public sealed class TextSource : LineSource
{
    /// <summary>A text without blank lines is no single paragraph.</summary>
    private const int MaxParagraph = 100_000;

    public override IReadOnlyList<string> Endings => [".txt"];

    private protected override Take Begin(string path, Action<string> skipped)
    {
        var paragraph = new StringBuilder();
        long first = 1;
        return (line, number) =>
        {
            bool isBlank = string.IsNullOrWhiteSpace(line);
            if (!isBlank)
            {
                if (paragraph.Length == 0)
                    first = number;
                paragraph.Append(paragraph.Length > 0 ? " " : "").Append(line!.Trim());
            }
            if (paragraph.Length == 0 || (!isBlank && paragraph.Length < MaxParagraph))
                return [];
            var whole = new Passage($"{path}:{first}", "", paragraph.ToString());
            paragraph.Clear();
            return PassageText.Split(whole);
        };
    }
}
