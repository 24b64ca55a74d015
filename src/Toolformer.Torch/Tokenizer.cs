using System.Text;
using System.Text.RegularExpressions;
using Toolformer.Modeling;

namespace Toolformer.Torch;

/// <summary>
/// Byte-level byte-pair encoding, as GPT-2 and most families after it have it. Every text can be encoded, and decoding
/// gives it back (a lone surrogate as U+FFFD). Thread-safe.
/// </summary>
public sealed class Tokenizer : ITokenizer
{
    private readonly byte[][] _bytes;
    private readonly WordMerger _words;
    private readonly Dictionary<string, int> _added;
    private readonly HashSet<int> _special;
    private readonly Regex? _always;
    private readonly Regex? _withSpecial;

    /// <exception cref="InvalidDataException">
    /// The vocabulary contradicts itself, or lacks a byte. The message names its source.
    /// </exception>
    public Tokenizer(BpeVocabulary vocabulary)
    {
        Vocabulary = vocabulary;
        var ids = new Dictionary<string, int>(vocabulary.Spellings.Count, StringComparer.Ordinal);
        for (int id = 0; id < vocabulary.Spellings.Count; id++)
        {
            string spelling = vocabulary.Spellings[id];
            if (!ids.TryAdd(spelling, id))
                throw Broken($"The token \"{spelling}\" has two ids, {ids[spelling]} and {id}.");
        }
        foreach (AddedToken token in vocabulary.AddedTokens)
        {
            if (token.Content.Length == 0 || ids.GetValueOrDefault(token.Content, -1) != token.Id)
                throw Broken($"The added token \"{token.Content}\" is not what the vocabulary has at id {token.Id}.");
        }
        _added = vocabulary.AddedTokens.ToDictionary(t => t.Content, t => t.Id, StringComparer.Ordinal);
        _special = [.. vocabulary.AddedTokens.Where(t => t.Special).Select(t => t.Id)];
        _bytes = [.. vocabulary.Spellings.Select(s =>
            (_added.ContainsKey(s) ? null : ByteAlphabet.Parse(s)) ?? Encoding.UTF8.GetBytes(s))];
        _words = new WordMerger(Merges(ids), ByteIds(ids), vocabulary.IgnoreMerges ? ids : null);
        _always = Finder(vocabulary.AddedTokens.Where(t => !t.Special));
        _withSpecial = Finder(vocabulary.AddedTokens);
    }

    public BpeVocabulary Vocabulary { get; }

    public int VocabularySize => _bytes.Length;

    /// <summary>
    /// Reads the tokenizer of a model folder; see <see cref="TokenizerFiles.Read"/> for what it may hold.
    /// </summary>
    public static Tokenizer Load(string folder) => new(TokenizerFiles.Read(folder));

    public IReadOnlyList<Token> Encode(string text) => Encode(text, allowSpecial: false);

    /// <param name="allowSpecial">Whether special tokens spelled out in the text count as such.</param>
    public IReadOnlyList<Token> Encode(string text, bool allowSpecial)
    {
        if (!Vocabulary.NormalFormC)
            return EncodeAsIs(text, allowSpecial);
        (string normal, var origins) = NormalFormC.Of(text);
        List<Token> tokens = EncodeAsIs(normal, allowSpecial);
        if (origins is null)
            return tokens;
        return [.. tokens.Select(t => t with { Start = origins[t.Start].Start, End = origins[t.End - 1].End })];
    }

    private List<Token> EncodeAsIs(string text, bool allowSpecial)
    {
        var tokens = new List<Token>(text.Length / 4 + 1);
        int done = 0;
        if ((allowSpecial ? _withSpecial : _always) is { } finder)
        {
            foreach (ValueMatch match in finder.EnumerateMatches(text))
            {
                EncodeText(text, done, match.Index, tokens);
                done = match.Index + match.Length;
                ReadOnlySpan<char> found = text.AsSpan(match.Index, match.Length);
                if (!_added.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(found, out int id))
                    id = _added.GetAlternateLookup<ReadOnlySpan<char>>()[found.Trim()];
                tokens.Add(new Token(id, match.Index, done));
            }
        }
        EncodeText(text, done, text.Length, tokens);
        return tokens;
    }

    public string Decode(IEnumerable<int> ids)
    {
        var bytes = new List<byte>();
        foreach (int id in ids)
            bytes.AddRange(Bytes(id));
        return Encoding.UTF8.GetString([.. bytes]);
    }

    /// <exception cref="ArgumentOutOfRangeException">No token has this id.</exception>
    public ReadOnlySpan<byte> Bytes(int id) => _bytes[Known(id)];

    public bool IsSpecial(int id) => _special.Contains(id);

    /// <summary>The token as the vocabulary spells it, a space being 'Ġ'.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No token has this id.</exception>
    public string Spelling(int id) => Vocabulary.Spellings[Known(id)];

    private int Known(int id) => (uint)id < (uint)_bytes.Length
        ? id
        : throw new ArgumentOutOfRangeException(nameof(id), id,
            $"No token has this id: those of {Vocabulary.Source} go from 0 to {_bytes.Length - 1}. "
            + "Check that ids and tokenizer belong to the same model.");

    private void EncodeText(string text, int start, int end, List<Token> tokens)
    {
        if (start == end)
            return;
        ReadOnlySpan<char> part = text.AsSpan(start, end - start);
        foreach ((int wordStart, int wordEnd) in Vocabulary.PreTokenizer.Split(part))
        {
            ReadOnlySpan<char> word = part[wordStart..wordEnd];
            int[] ids = _words.Encode(word);
            if (ids.Length == 1)
                tokens.Add(new Token(ids[0], start + wordStart, start + wordEnd));
            else if (Ascii.IsValid(word))
                AddAscii(ids, start + wordStart, tokens);
            else
                AddUnicode(ids, word, start + wordStart, tokens);
        }
    }

    private void AddAscii(int[] ids, int at, List<Token> tokens)
    {
        foreach (int id in ids)
            tokens.Add(new Token(id, at, at += _bytes[id].Length));
    }

    /// <summary>
    /// Here a character has one to four bytes: a token reaches from its first byte's character to its last's.
    /// </summary>
    private void AddUnicode(int[] ids, ReadOnlySpan<char> word, int at, List<Token> tokens)
    {
        int characterStart = 0, characterEnd = 0; // of the character read last, in UTF-16 units
        int bytesRead = 0, bytesUsed = 0;
        foreach (int id in ids)
        {
            // The character of the last token's last byte, unless that was its end.
            int start = bytesRead > bytesUsed ? characterStart : characterEnd;
            bytesUsed += _bytes[id].Length;
            while (bytesRead < bytesUsed)
            {
                Rune.DecodeFromUtf16(word[characterEnd..], out Rune rune, out int units);
                (characterStart, characterEnd) = (characterEnd, characterEnd + units);
                bytesRead += rune.Utf8SequenceLength;
            }
            tokens.Add(new Token(id, at + start, at + characterEnd));
        }
    }

    private Dictionary<(int Left, int Right), (int Rank, int Token)> Merges(Dictionary<string, int> ids)
    {
        var merges = new Dictionary<(int Left, int Right), (int Rank, int Token)>(Vocabulary.Merges.Count);
        for (int rank = 0; rank < Vocabulary.Merges.Count; rank++)
        {
            (string left, string right) = Vocabulary.Merges[rank];
            merges.TryAdd((Id(left), Id(right)), (rank, Id(left + right)));

            int Id(string token) => ids.TryGetValue(token, out int id)
                ? id
                : throw Broken($"Merge {rank}, \"{left}\" with \"{right}\", needs \"{token}\", which is no token.");
        }
        return merges;
    }

    private int[] ByteIds(Dictionary<string, int> ids)
    {
        var byteIds = new int[256];
        for (int b = 0; b < 256; b++)
        {
            // GPT-NeoX lacks some of the bytes that never stand in UTF-8, and never needs them.
            bool inUtf8 = b is not (0xC0 or 0xC1 or >= 0xF5);
            if (!ids.TryGetValue(ByteAlphabet.Spell((byte)b).ToString(), out byteIds[b]) && inUtf8)
                throw Broken($"The byte 0x{b:X2}, spelled \"{ByteAlphabet.Spell((byte)b)}\", has no token, so that not "
                    + "every text could be encoded.");
        }
        return byteIds;
    }

    private InvalidDataException Broken(string what) =>
        new($"{what} In {Vocabulary.Source}. Take the tokenizer's files anew from where the model comes from.");

    /// <summary>Finds the leftmost and, of those, longest added token; null where there is none to find.</summary>
    private static Regex? Finder(IEnumerable<AddedToken> added)
    {
        var alternatives = added.OrderByDescending(t => t.Content.Length).Select(t =>
        {
            string content = Regex.Escape(t.Content);
            if (t.SingleWord)
                content = $@"(?<!\w){content}(?!\w)";
            return (t.StripLeft ? @"\s*" : "") + content + (t.StripRight ? @"\s*" : "");
        }).ToList();
        return alternatives.Count == 0
            ? null
            : new Regex(string.Join('|', alternatives), RegexOptions.CultureInvariant);
    }
}
