namespace Toolformer.Tests.Fakes;

/// <summary>Models that want to write given texts.</summary>
internal static class ScriptedModel
{
    /// <summary>
    /// Wants to write the first of the texts that the context is a beginning of, and then to end; "?" where it is of
    /// none.
    /// </summary>
    /// <param name="ahead">
    /// From the text so far to the number of tokens more likely than " ["; null, or where that token is wanted: as it
    /// comes.
    /// </param>
    public static FakeModel Writes(IReadOnlyList<string> texts, Func<string, int?>? ahead = null, int context = 4096)
    {
        var tokenizer = new ByteTokenizer();
        int[][] scripts = [.. texts.Select(text => tokenizer.Encode(text).Select(token => token.Id).ToArray())];
        return new FakeModel(read => Logits([.. read.Skip(1)])) { ContextLength = context };

        float[] Logits(int[] read)
        {
            int[]? script = Array.Find(scripts, s => s.AsSpan().StartsWith(read));
            int next = script is null ? '?'
                : script.Length == read.Length ? ByteTokenizer.EndOfText
                : script[read.Length];
            var logits = new float[tokenizer.VocabularySize];
            for (int id = 0; id < logits.Length; id++)
                logits[id] = -id / 1000f;
            logits[next] = 10;
            if (next != ByteTokenizer.Open && ahead?.Invoke(tokenizer.Decode(read)) is { } count)
            {
                var others = Enumerable.Range(0, 256).Where(id => id != next).Take(Math.Max(0, count - 1));
                foreach (int id in others)
                    logits[id] = 8;
                logits[ByteTokenizer.Open] = count == 0 ? 11 : 7;
            }
            return logits;
        }
    }

    public static FakeModel Writes(params string[] texts) => Writes(texts, ahead: null);
}
