namespace Toolformer.Tools.Searching;

/// <summary>Cuts texts into passages of about 100 words at the ends of sentences.</summary>
public static class PassageText
{
    /// <summary>The words of a passage: about so many, and never more.</summary>
    public const int Words = 100, MaxWords = 130;

    /// <summary>What is shorter goes to the passage before it.</summary>
    private const int MinWords = 25;

    /// <summary>
    /// A passage as it is, or where it is much longer than 100 words, in parts whose ids end with #1, #2 …
    /// </summary>
    public static IReadOnlyList<Passage> Split(Passage passage)
    {
        if (passage.IsFact)
            return [passage];
        var parts = Split(passage.Text);
        return parts.Count == 1
            ? [passage]
            : [.. parts.Select((part, i) => passage with { Id = $"{passage.Id}#{i + 1}", Text = part })];
    }

    /// <summary>The passages of a text, without line breaks; a line's end also ends a sentence.</summary>
    public static IReadOnlyList<string> Split(string text)
    {
        var passages = new List<List<string>> { new() };
        foreach (string sentence in text.Split('\n').SelectMany(Sentences.Of))
        {
            foreach (string[] words in Sentences.Words(sentence).Chunk(Words))
            {
                var last = passages[^1];
                bool fits = last.Count == 0 || last.Count + words.Length <= Words
                    || (last.Count < Words / 2 && last.Count + words.Length <= MaxWords);
                if (!fits)
                    passages.Add(last = []);
                last.AddRange(words);
            }
        }
        if (passages.Count > 1 && passages[^1].Count < MinWords && passages[^2].Count + passages[^1].Count <= MaxWords)
        {
            passages[^2].AddRange(passages[^1]);
            passages.RemoveAt(passages.Count - 1);
        }
        return [.. passages.Where(p => p.Count > 0).Select(p => string.Join(' ', p))];
    }
}
