namespace Toolformer.Tools.Translating;

/// <summary>
/// The corpus heuristic of the paper for machine translation (appendix A): a paragraph is worth annotating if a chunk
/// of it is not English while what stands before and after it is.
/// </summary>
/// <remarks>Tokens are approximated by words, since a tool knows no tokenizer.</remarks>
public sealed class ForeignChunks(LanguageIdentifier identifier)
{
    /// <summary>Words of a chunk.</summary>
    public int ChunkWords { get; init; } = 10;

    /// <summary>A chunk counts as foreign above this.</summary>
    public double MinConfidence { get; init; } = 0.8;

    /// <summary>So much of a document is looked at.</summary>
    public int MaxWords { get; init; } = 5_000;

    /// <summary>Whether a paragraph of the text has a foreign chunk with English around it.</summary>
    public bool AreIn(string text)
    {
        int left = MaxWords;
        foreach (string paragraph in text.Split('\n'))
        {
            string[] words = [.. paragraph.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Take(left)];
            left -= words.Length;
            if (words.Length > 2 * ChunkWords && IsMixed(words))
                return true;
        }
        return false;
    }

    private bool IsMixed(string[] words)
    {
        bool english = false, foreignAfterEnglish = false;
        foreach (string[] chunk in words.Chunk(ChunkWords))
        {
            string text = string.Join(' ', chunk);
            // Numbers and signs alone are of no language, whatever an identifier makes of them.
            if (!text.Any(char.IsLetter) || identifier.Identify(text) is not [var best])
                continue;
            if (best.IsEnglish)
            {
                if (foreignAfterEnglish)
                    return true;
                english = true;
            }
            else if (english && best.Confidence > MinConfidence)
                foreignAfterEnglish = true;
        }
        return false;
    }
}
