using System.Runtime.InteropServices;
using System.Text;

namespace Toolformer.Torch.Tokenizers;

/// <summary>
/// Learns a byte-level BPE vocabulary (Sennrich et al. 2016, on bytes as in GPT-2): words are counted, then the most
/// frequent pair of neighbours becomes a token, again and again. The same texts always give the same vocabulary: pairs
/// of equal frequency go in the ordinal order of their spellings.
/// </summary>
public static class BpeTrainer
{
    /// <param name="texts">Read once, in a stream.</param>
    /// <param name="vocabularySize">
    /// Tokens wanted: <c>&lt;|endoftext|&gt;</c> (id 0), the 256 bytes, the required ones and what is learned. It stays
    /// smaller where no pair occurs twice any more.
    /// </param>
    /// <param name="required">
    /// Texts that shall be one token each. Their merges come first, so nothing learned can get in their way.
    /// </param>
    /// <param name="preTokenizer">Null: single digits, <see cref="PreTokenizer.DigitPattern"/>.</param>
    /// <exception cref="ArgumentException">
    /// The size has no room for bytes and required tokens, or the pre-tokenizer cuts a required token apart.
    /// </exception>
    public static BpeVocabulary Train(
        IEnumerable<string> texts,
        int vocabularySize,
        IReadOnlyList<string> required,
        PreTokenizer? preTokenizer = null,
        CancellationToken cancellation = default)
    {
        preTokenizer ??= new PreTokenizer(PreTokenizer.DigitPattern);
        var merger = new Merger();
        foreach (string token in required)
        {
            if (preTokenizer.Split(token).Count != 1 || token == BpeVocabulary.EndOfText)
                throw new ArgumentException(
                    $"The required token \"{token}\" is no single word to the pre-tokenizer, or a mark. "
                    + "Leave it out, or give a pre-tokenizer that keeps it whole.", nameof(required));
            merger.Require(Encoding.UTF8.GetBytes(token));
        }
        if (merger.Spellings.Count > vocabularySize)
            throw new ArgumentException(
                $"A vocabulary of {vocabularySize} has no room for {BpeVocabulary.EndOfText}, the 256 bytes and the "
                + $"{required.Count} required tokens, {merger.Spellings.Count} together. Ask for at least that many.",
                nameof(vocabularySize));

        foreach ((string word, long count) in Count(texts, preTokenizer, cancellation))
            merger.Add(Encoding.UTF8.GetBytes(word), count);
        merger.Learn(vocabularySize, cancellation);
        return new BpeVocabulary
        {
            Spellings = merger.Spellings,
            Merges = merger.Merges,
            PreTokenizer = preTokenizer,
            AddedTokens = [new AddedToken(0, BpeVocabulary.EndOfText, Special: true)],
        };
    }

    private static Dictionary<string, long> Count(
        IEnumerable<string> texts, PreTokenizer preTokenizer, CancellationToken cancellation)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        var bySpan = counts.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (string text in texts)
        {
            cancellation.ThrowIfCancellationRequested();
            foreach ((int start, int end) in preTokenizer.Split(text))
                CollectionsMarshal.GetValueRefOrAddDefault(bySpan, text.AsSpan(start, end - start), out _)++;
        }
        return counts;
    }

    /// <summary>
    /// The merge loop over the distinct words; pair counts are kept up to date instead of counted anew.
    /// </summary>
    private sealed class Merger
    {
        private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
        private readonly int[] _byteIds = new int[256];
        private readonly List<((int Left, int Right) Pair, int Token)> _merges = [];
        private readonly List<int[]> _words = [];
        private readonly List<int> _lengths = [];
        private readonly List<long> _counts = [];
        private readonly Dictionary<(int Left, int Right), long> _pairs = [];
        private readonly Dictionary<(int Left, int Right), HashSet<int>> _places = [];

        public Merger()
        {
            Token(BpeVocabulary.EndOfText);
            foreach (byte b in ByteAlphabet.Bytes)
                _byteIds[b] = Token(ByteAlphabet.Spell(b).ToString());
        }

        public List<string> Spellings { get; } = [];

        public List<(string, string)> Merges =>
            [.. _merges.Select(m => (Spellings[m.Pair.Left], Spellings[m.Pair.Right]))];

        /// <summary>Adds the merges that are still missing until these bytes are one token.</summary>
        public void Require(ReadOnlySpan<byte> bytes)
        {
            int[] parts = Encode(bytes);
            for (int i = 1; i < parts.Length; i++)
            {
                int token = Token(Spellings[parts[0]] + Spellings[parts[i]]);
                _merges.Add(((parts[0], parts[i]), token));
                parts[0] = token;
            }
        }

        public void Add(ReadOnlySpan<byte> word, long count)
        {
            int[] parts = Encode(word);
            for (int i = 1; i < parts.Length; i++)
                Change((parts[i - 1], parts[i]), count, _words.Count);
            _words.Add(parts);
            _lengths.Add(parts.Length);
            _counts.Add(count);
        }

        public void Learn(int vocabularySize, CancellationToken cancellation)
        {
            var byFrequency = Comparer<(long Count, (int Left, int Right) Pair)>.Create((a, b) =>
            {
                if (a.Count != b.Count)
                    return b.Count.CompareTo(a.Count);
                int left = string.CompareOrdinal(Spellings[a.Pair.Left], Spellings[b.Pair.Left]);
                return left != 0 ? left : string.CompareOrdinal(Spellings[a.Pair.Right], Spellings[b.Pair.Right]);
            });
            var queue = new PriorityQueue<(int Left, int Right), (long Count, (int Left, int Right) Pair)>(byFrequency);
            foreach (((int, int) pair, long count) in _pairs)
                queue.Enqueue(pair, (count, pair));
            var risen = new HashSet<(int Left, int Right)>();

            while (Spellings.Count < vocabularySize && queue.TryDequeue(out var pair, out var promised))
            {
                cancellation.ThrowIfCancellationRequested();
                long count = _pairs.GetValueOrDefault(pair);
                if (count < 2)
                    continue;
                if (count != promised.Count)
                {
                    // Counts that fell since are put right here; a pair whose count rose has a second, higher entry.
                    if (count < promised.Count)
                        queue.Enqueue(pair, (count, pair));
                    continue;
                }
                string spelling = Spellings[pair.Left] + Spellings[pair.Right];
                if (spelling == BpeVocabulary.EndOfText)
                    continue; // text that spells the mark out must not become the mark
                int token = Token(spelling);
                _merges.Add((pair, token));
                risen.Clear();
                foreach (int word in _places[pair])
                    Merge(word, pair, token, risen);
                _pairs.Remove(pair);
                _places.Remove(pair);
                foreach (var changed in risen)
                {
                    if (_pairs.TryGetValue(changed, out long now))
                        queue.Enqueue(changed, (now, changed));
                }
            }
        }

        private void Merge(int word, (int Left, int Right) pair, int token, HashSet<(int Left, int Right)> risen)
        {
            int[] parts = _words[word];
            long count = _counts[word];
            int length = _lengths[word], kept = 0;
            for (int i = 0; i < length; kept++)
            {
                if (i + 1 >= length || parts[i] != pair.Left || parts[i + 1] != pair.Right)
                {
                    parts[kept] = parts[i++];
                    continue;
                }
                if (kept > 0)
                {
                    Change((parts[kept - 1], pair.Left), -count, word);
                    Change((parts[kept - 1], token), count, word);
                    risen.Add((parts[kept - 1], token));
                }
                if (i + 2 < length)
                {
                    Change((pair.Right, parts[i + 2]), -count, word);
                    Change((token, parts[i + 2]), count, word);
                    risen.Add((token, parts[i + 2]));
                }
                parts[kept] = token;
                i += 2;
            }
            _lengths[word] = kept;
        }

        private void Change((int Left, int Right) pair, long by, int word)
        {
            CollectionsMarshal.GetValueRefOrAddDefault(_pairs, pair, out _) += by;
            if (by < 0)
                return;
            ref HashSet<int>? places = ref CollectionsMarshal.GetValueRefOrAddDefault(_places, pair, out _);
            (places ??= []).Add(word);
        }

        /// <summary>The word under the merges so far; those are only the few of the required tokens.</summary>
        private int[] Encode(ReadOnlySpan<byte> word)
        {
            var parts = new List<int>(word.Length);
            foreach (byte b in word)
                parts.Add(_byteIds[b]);
            foreach (((int left, int right), int token) in _merges)
            {
                for (int i = 0; i + 1 < parts.Count; i++)
                {
                    if (parts[i] != left || parts[i + 1] != right)
                        continue;
                    parts[i] = token;
                    parts.RemoveAt(i + 1);
                }
            }
            return [.. parts];
        }

        private int Token(string spelling)
        {
            if (!_ids.TryGetValue(spelling, out int id))
            {
                _ids.Add(spelling, id = Spellings.Count);
                Spellings.Add(spelling);
            }
            return id;
        }
    }
}
