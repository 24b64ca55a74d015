using System.Text;
using Toolformer.Modeling;

namespace Toolformer.Torch.Tokenizers;

/// <summary>
/// The unigram language model (Kudo 2018): of all ways to write a word with pieces the one of the highest sum of
/// scores, by Viterbi's algorithm.
/// </summary>
/// <param name="pieces">The pieces, with their ids.</param>
/// <param name="scores">By id.</param>
/// <param name="unknownScore">What a character costs that no piece writes.</param>
internal sealed class Unigram(CharacterTrie pieces, float[] scores, float unknownScore) : TokenModel
{
    /// <summary>What SentencePiece takes off the lowest score for an unknown character.</summary>
    public const float UnknownPenalty = 10;

    protected override Token[] Cut(ReadOnlySpan<char> word)
    {
        int n = word.Length;
        var best = new float[n + 1];
        int[] from = new int[n + 1], ids = new int[n + 1];
        Array.Fill(from, -1);
        for (int start = 0, units; start < n; start += units)
        {
            Rune.DecodeFromUtf16(word[start..], out _, out units);
            bool single = false;
            int node = 0;
            for (int end = start; end < n && (node = pieces.Next(node, word[end])) >= 0; end++)
            {
                int id = pieces.Value(node);
                if (id < 0)
                    continue;
                Offer(end + 1, best[start] + scores[id], id);
                single |= end + 1 == start + units;
            }
            if (!single)
                Offer(start + units, best[start] + unknownScore, -1);

            void Offer(int end, float score, int id)
            {
                if (from[end] < 0 || score > best[end])
                    (best[end], from[end], ids[end]) = (score, start, id);
            }
        }
        var path = new Stack<int>();
        for (int end = n; end > 0; end = from[end])
            path.Push(end);
        var tokens = new List<Token>(path.Count);
        int done = 0;
        foreach (int end in path)
        {
            if (ids[end] >= 0)
                tokens.Add(new Token(ids[end], done, end));
            else
                AddUnknown(tokens, word, done, end);
            done = end;
        }
        return [.. tokens];
    }
}
