using System.Text;

namespace Toolformer.Tools.Translating.FastText;

/// <summary>
/// The words and labels of a classifier, and what of a text becomes rows of its input matrix: words, pieces of words
/// (by hash), and sequences of words (by hash). Bojanowski et al. 2017; Joulin et al. 2017.
/// </summary>
internal sealed class FastTextDictionary
{
    private const int MaxNameLength = 1 << 16;
    private const string EndOfLine = "</s>", LabelPrefix = "__label__";

    private readonly Settings _settings;
    private readonly int _words;
    private readonly Dictionary<string, int> _ids;
    private readonly Dictionary<int, int>? _kept;

    private FastTextDictionary(Settings settings, int words, Dictionary<string, int> ids,
        IReadOnlyList<(string Name, long Count)> labels, Dictionary<int, int>? kept)
    {
        _settings = settings;
        _words = words;
        _ids = ids;
        Labels = labels;
        _kept = kept;
    }

    /// <summary>How texts are taken apart.</summary>
    /// <param name="WordSequence">So many words in a row at most have a row.</param>
    /// <param name="Buckets">Rows that hashes share.</param>
    /// <param name="MinPiece">Least characters of a piece of a word.</param>
    /// <param name="MaxPiece">Most; 0: only whole words have rows.</param>
    public sealed record Settings(int WordSequence, int Buckets, int MinPiece, int MaxPiece)
    {
        public bool UsesHashes => MaxPiece > 0 || WordSequence > 1;
    }

    /// <summary>With how often each was seen, most often first.</summary>
    public IReadOnlyList<(string Name, long Count)> Labels { get; }

    /// <summary>Whether most hashed rows were left out of the file.</summary>
    public bool IsPruned => _kept is not null;

    /// <summary>Rows that the input matrix must have.</summary>
    public long Rows => _words + (_kept is not null ? _kept.Values.DefaultIfEmpty(-1).Max() + 1L
        : _settings.UsesHashes ? _settings.Buckets : 0L);

    public static FastTextDictionary Read(FastTextFile file, Settings settings)
    {
        int size = file.Integer("The number of words and labels", 1, file.Room(10));
        int words = file.Integer("The number of words", 0, size - 1);
        int labelCount = file.Integer("The number of labels", 1, size);
        if (words + labelCount != size)
            throw file.Bad($"{words:N0} words and {labelCount:N0} labels are not {size:N0} names");
        file.Long("The number of words read in training", 0, long.MaxValue);
        long prunedTo = file.Long("The number of hashes that were kept", -1, int.MaxValue);
        var ids = new Dictionary<string, int>(size, StringComparer.Ordinal);
        var labels = new List<(string, long)>(labelCount);
        for (int id = 0; id < size; id++)
        {
            string name = file.Name(MaxNameLength);
            long count = file.Long("How often a name was seen", 0, long.MaxValue);
            if (file.Flag("Whether a name is a label") != id >= words)
                throw file.Bad($"Name {id:N0} of {words:N0} words and {labelCount:N0} labels is of the wrong kind");
            ids[name] = id;
            if (id >= words)
                labels.Add((Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(name)), count));
        }
        if (prunedTo > file.Room(8))
            throw file.Bad($"{prunedTo:N0} hashes that were kept do not fit");
        var kept = prunedTo < 0 ? null : new Dictionary<int, int>((int)prunedTo);
        for (long i = 0; i < prunedTo; i++)
        {
            kept![file.Integer("A hash that was kept", 0, int.MaxValue)] =
                file.Integer("The row of a hash that was kept", 0, int.MaxValue - words - 1);
        }
        return new(settings, words, ids, labels, kept);
    }

    /// <summary>The rows of the input matrix that a text, taken as one line, consists of.</summary>
    public List<int> RowsOf(string text)
    {
        var rows = new List<int>();
        var hashes = new List<int>();
        // Bytes as characters, as the names are.
        string bytes = Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));
        foreach (var range in bytes.AsSpan().SplitAny(" \n\r\t\v\f\0"))
        {
            string word = bytes[range];
            if (word == EndOfLine)
                break;
            if (word.Length > 0)
                Add(word);
        }
        Add(EndOfLine);
        for (int i = 0; i < hashes.Count; i++)
        {
            ulong hash = (ulong)hashes[i]; // sign-extended, as the original does
            for (int j = i + 1; j < hashes.Count && j < i + _settings.WordSequence; j++)
            {
                hash = unchecked(hash * 116_049_371 + (ulong)hashes[j]);
                AddHash(rows, (int)(hash % (ulong)_settings.Buckets));
            }
        }
        return rows;

        void Add(string word)
        {
            int id = _ids.GetValueOrDefault(word, -1);
            bool isLabel = id < 0 ? word.StartsWith(LabelPrefix, StringComparison.Ordinal) : id >= _words;
            if (isLabel)
                return;
            if (id >= 0)
                rows.Add(id);
            if (word != EndOfLine)
                AddPieces(rows, "<" + word + ">");
            hashes.Add(unchecked((int)Hash(word, 0, word.Length)));
        }
    }

    /// <summary>
    /// The pieces of a word in its brackets, as long as the settings say in characters; a bracket alone is none.
    /// </summary>
    private void AddPieces(List<int> rows, string word)
    {
        for (int start = 0; start < word.Length; start++)
        {
            if (IsInsideCharacter(word[start]))
                continue;
            int end = start;
            for (int length = 1; end < word.Length && length <= _settings.MaxPiece; length++)
            {
                do
                    end++;
                while (end < word.Length && IsInsideCharacter(word[end]));
                if (length >= _settings.MinPiece && !(length == 1 && (start == 0 || end == word.Length)))
                    AddHash(rows, (int)(Hash(word, start, end) % (uint)_settings.Buckets));
            }
        }
    }

    private void AddHash(List<int> rows, int hash)
    {
        if (_kept is null)
            rows.Add(_words + hash);
        else if (_kept.TryGetValue(hash, out int row))
            rows.Add(_words + row);
    }

    private static bool IsInsideCharacter(char value) => (value & 0xC0) == 0x80;

    /// <summary>FNV-1a over bytes that count as signed, as the original has it.</summary>
    private static uint Hash(string bytes, int start, int end)
    {
        uint hash = 2_166_136_261;
        for (int i = start; i < end; i++)
            hash = unchecked((hash ^ (uint)(sbyte)bytes[i]) * 16_777_619);
        return hash;
    }
}
