using System.Text;
using Toolformer.Modeling;

namespace Toolformer.Torch.Tokenizers;

/// <summary>
/// Text to token ids and back, for every kind of vocabulary: normaliser, pre-tokenizer, model (byte-level BPE,
/// SentencePiece's BPE and unigram, WordPiece), frame, and each token's bytes for the way back. Thread-safe.
/// </summary>
public sealed class Tokenizer : ITokenizer
{
    private readonly TokenizerParts _parts;
    private readonly byte[][] _bytes;
    private readonly Dictionary<string, int> _ids;
    private readonly HashSet<int> _special;
    private readonly AddedTokenFinder _asWritten;
    private readonly AddedTokenFinder _normalized;
    private readonly AddedTokenFinder _inTemplates;

    /// <exception cref="InvalidDataException">
    /// The vocabulary contradicts itself, or lacks a byte. The message names its source.
    /// </exception>
    public Tokenizer(BpeVocabulary vocabulary)
        : this(TokenizerParts.Of(vocabulary))
    {
    }

    internal Tokenizer(TokenizerParts parts)
    {
        _parts = parts;
        _ids = TokenizerParts.Ids(parts.Spellings, parts.Source);
        foreach (AddedToken token in parts.AddedTokens)
        {
            if (token.Content.Length == 0 || _ids.GetValueOrDefault(token.Content, -1) != token.Id)
                throw TokenizerParts.Broken(parts.Source,
                    $"The added token \"{token.Content}\" is not what the vocabulary has at id {token.Id}.");
        }
        foreach (int id in parts.Frame.Single.Concat(parts.Frame.Pair).SelectMany(p => p.Ids))
        {
            if ((uint)id >= (uint)parts.Spellings.Count)
                throw TokenizerParts.Broken(parts.Source,
                    $"The post_processor adds token {id}, and there are {parts.Spellings.Count}.");
        }
        _special = [.. parts.AddedTokens.Where(t => t.Special).Select(t => t.Id)];
        var added = parts.AddedTokens.Select(t => t.Content).ToHashSet(StringComparer.Ordinal);
        _bytes = [.. parts.Spellings.Select(s => parts.Bytes.Of(s, added.Contains(s)))];
        _asWritten = new AddedTokenFinder([.. parts.AddedTokens.Where(t => !t.Normalized)]);
        _inTemplates = new AddedTokenFinder(parts.AddedTokens);
        _normalized = new AddedTokenFinder([.. parts.AddedTokens.Where(t => t.Normalized).Select(t => t with
        {
            Content = parts.Normalizer?.Apply(new AlignedText(t.Content), TextPlace.AfterToken).Text ?? t.Content,
        })]);
    }

    /// <summary>The vocabulary of a byte-level BPE tokenizer; null for the other kinds.</summary>
    public BpeVocabulary? Vocabulary => _parts.BytePairs;

    public int VocabularySize => _bytes.Length;

    /// <summary>What the model wants put around a text; <see cref="Encode(string)"/> leaves it out.</summary>
    public TextFrame Frame => _parts.Frame;

    public string Source => _parts.Source;

    /// <summary>Reads the tokenizer of a folder; see <see cref="TokenizerFiles"/> for what it may hold.</summary>
    public static Tokenizer Load(string folder) => new(TokenizerFiles.Read(folder));

    public IReadOnlyList<Token> Encode(string text) => Encode(text, TextPlace.Beginning, allowSpecial: false);

    /// <param name="allowSpecial">Whether special tokens spelled out in the text count as such.</param>
    public IReadOnlyList<Token> Encode(string text, bool allowSpecial) =>
        Encode(text, TextPlace.Beginning, allowSpecial);

    public IReadOnlyList<Token> EncodeContinuation(string text) =>
        Encode(text, TextPlace.Continuation, allowSpecial: false);

    /// <summary>
    /// Encodes a text of parts, of which some are a template's: special tokens spelled out count as such there only.
    /// </summary>
    public IReadOnlyList<int> Encode(IEnumerable<(string Text, bool IsTemplate)> parts)
    {
        var ids = new List<int>();
        var run = new StringBuilder();
        var pieces = parts.SelectMany(part => part.IsTemplate
            ? _inTemplates.Pieces(part.Text, 0, part.Text.Length, allowSpecial: true)
                .Select(p => (Text: part.Text[p.Start..p.End], p.Id))
            : [(part.Text, Id: -1)]);
        foreach ((string text, int id) in pieces.Append(("", 0)))
        {
            if (id < 0)
            {
                run.Append(text);
                continue;
            }
            TextPlace place = ids.Count == 0 ? TextPlace.Beginning : TextPlace.AfterToken;
            ids.AddRange(Encode(run.ToString(), place, allowSpecial: false).Select(t => t.Id));
            run.Clear();
            if (text.Length > 0)
                ids.Add(id);
        }
        return ids;
    }

    public string Decode(IEnumerable<int> ids) => Decode(ids, atStart: true);

    public string DecodeContinuation(IEnumerable<int> ids) => Decode(ids, atStart: false);

    /// <exception cref="ArgumentOutOfRangeException">No token has this id.</exception>
    public ReadOnlySpan<byte> Bytes(int id) => _bytes[Known(id)];

    public ReadOnlySpan<byte> NextBytes(int id, ref bool atStart)
    {
        ReadOnlySpan<byte> bytes = Bytes(id), rest = bytes;
        if (atStart && _parts.Bytes.Leading != LeadingSpace.Kept && !IsSpecial(id))
        {
            int spaces = bytes.IndexOfAnyExcept((byte)' ') is var i && i >= 0 ? i : bytes.Length;
            rest = bytes[(_parts.Bytes.Leading == LeadingSpace.AllOfFirstToken ? spaces : Math.Min(spaces, 1))..];
            atStart = _parts.Bytes.Leading == LeadingSpace.DroppedUntilText && rest.IsEmpty;
        }
        else
            atStart = false;
        return rest;
    }

    public bool IsSpecial(int id) => _special.Contains(id);

    /// <summary>The token as the vocabulary spells it, a space being 'Ġ' or '▁'.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No token has this id.</exception>
    public string Spelling(int id) => _parts.Spellings[Known(id)];

    /// <summary>The token that the vocabulary spells so; null: there is none.</summary>
    public int? Find(string spelling) => _ids.TryGetValue(spelling, out int id) ? id : null;

    /// <summary>The special tokens, as they are spelled.</summary>
    internal IEnumerable<string> SpecialTokens => _special.Select(Spelling);

    /// <summary>The same, with further added tokens counting as special.</summary>
    internal Tokenizer WithSpecial(Func<string, bool> isSpecial) => new(_parts with
    {
        AddedTokens = [.. _parts.AddedTokens.Select(t => t with { Special = t.Special || isSpecial(t.Content) })],
    });

    private int Known(int id) => (uint)id < (uint)_bytes.Length
        ? id
        : throw new ArgumentOutOfRangeException(nameof(id), id,
            $"No token has this id: those of {_parts.Source} go from 0 to {_bytes.Length - 1}. "
            + "Check that ids and tokenizer belong to the same model.");

    private string Decode(IEnumerable<int> ids, bool atStart)
    {
        var bytes = new List<byte>();
        foreach (int id in ids)
            bytes.AddRange(NextBytes(id, ref atStart));
        return Encoding.UTF8.GetString([.. bytes]);
    }

    private List<Token> Encode(string text, TextPlace place, bool allowSpecial)
    {
        text = WellFormed(text);
        var tokens = new List<Token>(text.Length / 4 + 1);
        var whole = new AlignedText(text);
        foreach ((int start, int end, int id) in _asWritten.Pieces(text, 0, text.Length, allowSpecial))
        {
            TextPlace here = start == 0 ? place : TextPlace.AfterToken;
            if (id >= 0)
                tokens.Add(new Token(id, start, end));
            else if (_parts.Normalizer is null)
                EncodeNormal(whole, start, end, here, allowSpecial, tokens);
            else
            {
                AlignedText normal = _parts.Normalizer.Apply(whole.Slice(start, end), here);
                EncodeNormal(normal, 0, normal.Text.Length, here, allowSpecial, tokens);
            }
        }
        return tokens;
    }

    private void EncodeNormal(
        AlignedText text, int from, int to, TextPlace place, bool allowSpecial, List<Token> tokens)
    {
        foreach ((int start, int end, int id) in _normalized.Pieces(text.Text, from, to, allowSpecial))
        {
            if (id >= 0)
            {
                (int first, int last) = text.Origin(start, end);
                tokens.Add(new Token(id, first, last));
            }
            else if (_parts.Spacing is null)
                EncodeWords(text, start, end, tokens);
            else
            {
                var spaced = _parts.Spacing.Apply(
                    text.Slice(start, end), start == from ? place : TextPlace.AfterToken);
                EncodeWords(spaced, 0, spaced.Text.Length, tokens);
            }
        }
    }

    private void EncodeWords(AlignedText text, int from, int to, List<Token> tokens)
    {
        int before = tokens.Count;
        ReadOnlySpan<char> part = text.Text.AsSpan(from, to - from);
        foreach ((int start, int end) in _parts.PreTokenizer.Split(part))
        {
            foreach (Token token in _parts.Model.Encode(part[start..end]))
            {
                (int first, int last) = text.Origin(from + start + token.Start, from + start + token.End);
                bool fused = _parts.FusesUnknownAcrossWords && token.Id == _parts.Model.Unknown
                    && tokens.Count > before && tokens[^1].Id == token.Id;
                if (fused)
                    tokens[^1] = tokens[^1] with { End = last };
                else
                    tokens.Add(new Token(token.Id, first, last));
            }
        }
    }

    /// <summary>The text with U+FFFD in the place of each lone surrogate: of the same length.</summary>
    private static string WellFormed(string text)
    {
        if (text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') < 0)
            return text;
        char[] characters = text.ToCharArray();
        for (int i = 0; i < characters.Length; i++)
        {
            if (i + 1 < characters.Length && char.IsSurrogatePair(characters[i], characters[i + 1]))
                i++;
            else if (char.IsSurrogate(characters[i]))
                characters[i] = '\uFFFD';
        }
        return new string(characters);
    }
}
