
namespace Toolformer.Modeling;

/// <summary>
/// A tokenizer's vocabulary as a trie over the tokens' bytes, special tokens left out. Built once per tokenizer;
/// immutable, so that any number of automata may share it.
/// </summary>
public sealed class TokenTrie
{
    // The nodes in the order of a depth-first walk: a node's subtree is the range [node, _end[node]), so that a walk
    // is a loop over arrays which jumps over the subtrees that it cannot enter. The root is left out.
    private readonly byte[] _byte;
    private readonly ushort[] _depth;
    private readonly int[] _end;
    private readonly int[] _firstToken;
    private readonly int[] _tokens;
    private readonly int[] _textStart;
    private readonly byte[] _text;
    private readonly bool[] _hasByte = new bool[256];

    /// <param name="excluded">Tokens that are no text although the tokenizer does not say so.</param>
    public TokenTrie(ITokenizer tokenizer, params IEnumerable<int> excluded)
    {
        VocabularySize = tokenizer.VocabularySize;
        var skip = excluded.ToHashSet();
        var text = new List<byte>();
        _textStart = new int[VocabularySize + 1];
        for (int id = 0; id < VocabularySize; id++)
        {
            if (!tokenizer.IsSpecial(id) && !skip.Contains(id))
                text.AddRange(tokenizer.Bytes(id));
            _textStart[id + 1] = text.Count;
        }
        _text = [.. text];
        _tokens = [.. Enumerable.Range(0, VocabularySize).Where(id => Bytes(id).Length > 0)];
        Array.Sort(_tokens, (a, b) => Bytes(a).SequenceCompareTo(Bytes(b)) is var order and not 0 ? order : a - b);

        foreach (int id in _tokens)
        {
            if (Bytes(id) is [var single])
                _hasByte[single] = true;
        }

        var (bytes, depths, first, end) = (new List<byte>(), new List<ushort>(), new List<int>(), new List<int>());
        var open = new List<int>();
        for (int t = 0; t < _tokens.Length; t++)
        {
            var token = Bytes(_tokens[t]);
            int shared = t == 0 ? 0 : token.CommonPrefixLength(Bytes(_tokens[t - 1]));
            Close(shared);
            for (int i = shared; i < token.Length; i++)
            {
                open.Add(bytes.Count);
                bytes.Add(token[i]);
                depths.Add(checked((ushort)i));
                first.Add(i == token.Length - 1 ? t : -1);
                end.Add(0);
            }
        }
        Close(0);
        first.Add(_tokens.Length);
        for (int node = first.Count - 2; node >= 0; node--)
            first[node] = first[node] < 0 ? first[node + 1] : first[node];
        (_byte, _depth, _firstToken, _end) = ([.. bytes], [.. depths], [.. first], [.. end]);
        LongestToken = _depth.Length == 0 ? 0 : _depth.Max() + 1;

        void Close(int depth)
        {
            for (; open.Count > depth; open.RemoveAt(open.Count - 1))
                end[open[^1]] = bytes.Count;
        }
    }

    /// <summary>The trie for a model's tokenizer; the tokens that begin and end a text are no text.</summary>
    public static TokenTrie Of(ILanguageModel model) =>
        new(model.Tokenizer, new[] { model.BeginningOfText, model.EndOfText }.OfType<int>());

    public int VocabularySize { get; }

    /// <summary>Length in bytes of the longest token.</summary>
    public int LongestToken { get; }

    /// <summary>Number of 64-bit words of a mask over the vocabulary.</summary>
    public int MaskLength => (VocabularySize + 63) / 64;

    /// <summary>The bytes of a token's text; none for a special token and for an id outside the vocabulary.</summary>
    public ReadOnlySpan<byte> Bytes(int token) => (uint)token < (uint)VocabularySize
        ? _text.AsSpan(_textStart[token].._textStart[token + 1])
        : default;

    /// <summary>For each byte whether some token is just that.</summary>
    internal ReadOnlySpan<bool> HasByte => _hasByte;

    internal int Nodes => _byte.Length;
    internal byte ByteAt(int node) => _byte[node];

    /// <summary>Number of bytes before this node's.</summary>
    internal int DepthAt(int node) => _depth[node];

    /// <summary>The node after this node's subtree.</summary>
    internal int EndOf(int node) => _end[node];

    /// <summary>The tokens whose last byte is this node's: more than one where a vocabulary holds duplicates.</summary>
    internal ReadOnlySpan<int> TokensAt(int node) => _tokens.AsSpan(_firstToken[node].._firstToken[node + 1]);
}
