using System.Text;
using Toolformer.Modeling;

namespace Toolformer.Torch.Tokenizers;

/// <summary>Byte-pair encoding over a word's characters, as SentencePiece and Llama 1 and 2 have it.</summary>
/// <param name="characters">The symbol of each character that any token contains, by code point.</param>
/// <param name="vocabularySize">Symbols from here on are characters that are no tokens.</param>
/// <param name="fixedPieces">Pieces that are found before any merging and never merged.</param>
/// <param name="wholeWords">Words that are tokens whatever the merges say; or null.</param>
internal sealed class CharacterBpe(
    PairMerger merger, Dictionary<int, int> characters, int vocabularySize, CharacterTrie fixedPieces,
    Dictionary<string, int>? wholeWords) : TokenModel
{
    protected override Token[] Cut(ReadOnlySpan<char> word)
    {
        if (wholeWords is not null && wholeWords.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(word, out int id))
            return [new Token(id, 0, word.Length)];
        int[] symbols = new int[word.Length], ends = new int[word.Length];
        int count = 0;
        for (int i = 0, units; i < word.Length; i += units)
        {
            int symbol = -1;
            units = fixedPieces.IsEmpty ? 0 : fixedPieces.Longest(word[i..], out symbol);
            if (units == 0)
            {
                Rune.DecodeFromUtf16(word[i..], out Rune rune, out units);
                symbol = characters.GetValueOrDefault(rune.Value, -1);
            }
            (symbols[count], ends[count]) = (symbol, i + units);
            count++;
        }
        count = merger.Merge(symbols.AsSpan(0, count), ends.AsSpan(0, count));
        var tokens = new List<Token>(count);
        int start = 0;
        for (int s = 0; s < count; s++)
        {
            if (symbols[s] >= 0 && symbols[s] < vocabularySize)
                tokens.Add(new Token(symbols[s], start, ends[s]));
            else
                AddUnknown(tokens, word, start, ends[s]);
            start = ends[s];
        }
        return [.. tokens];
    }

    /// <summary>
    /// SentencePiece's way: any two neighbours that together are a piece may merge, the best score first.
    /// </summary>
    /// <param name="pieces">By id.</param>
    /// <param name="isNormal">Whether a piece can be made by merging.</param>
    public static (PairMerger Merger, Dictionary<int, int> Characters) ByScores(
        IReadOnlyList<string> pieces, IReadOnlyList<float> scores, Func<int, bool> isNormal)
    {
        int[] normal = [.. Enumerable.Range(0, pieces.Count).Where(id => isNormal(id) && pieces[id].Length > 0)];
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (int id in normal)
            ids.TryAdd(pieces[id], id);
        var symbols = new Dictionary<string, int>(ids, StringComparer.Ordinal);
        var characters = new Dictionary<int, int>();
        int symbol = pieces.Count;
        foreach (Rune rune in normal.SelectMany(id => pieces[id].EnumerateRunes()).Distinct())
        {
            if (!symbols.TryGetValue(rune.ToString(), out int id))
                symbols.Add(rune.ToString(), id = symbol++);
            characters.Add(rune.Value, id);
        }

        int[] ranks = new int[pieces.Count];
        int rank = 0;
        float last = float.NaN;
        foreach (int id in normal.OrderByDescending(id => scores[id]))
        {
            rank += scores[id] == last ? 0 : 1;
            (ranks[id], last) = (rank, scores[id]);
        }
        var merges = new Dictionary<(int, int), (int, int)>();
        var bySpan = symbols.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach ((string piece, int id) in ids)
        {
            for (int cut = 1; cut < piece.Length; cut++)
            {
                if (!char.IsLowSurrogate(piece[cut]) && bySpan.TryGetValue(piece.AsSpan(0, cut), out int left)
                    && bySpan.TryGetValue(piece.AsSpan(cut), out int right))
                    merges.TryAdd((left, right), (ranks[id], id));
            }
        }
        return (new PairMerger(merges), characters);
    }
}
