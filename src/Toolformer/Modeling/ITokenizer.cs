namespace Toolformer.Modeling;

/// <summary>Text to token ids and back, part of the waist.</summary>
public interface ITokenizer
{
    int VocabularySize { get; }

    /// <summary>Encodes text as plain text: special tokens spelled out in it do not count as such.</summary>
    IReadOnlyList<Token> Encode(string text);

    /// <summary>
    /// Encodes text that goes on in another: nothing is put before its first word, as SentencePiece does at the
    /// beginning of a text.
    /// </summary>
    IReadOnlyList<Token> EncodeContinuation(string text) => Encode(text);

    /// <summary>
    /// Text of a token sequence; bytes that form no character become U+FFFD. Special tokens print as spelled.
    /// </summary>
    string Decode(IEnumerable<int> ids);

    /// <summary>Text of tokens that go on in another text: a space before the first word stays.</summary>
    string DecodeContinuation(IEnumerable<int> ids) => Decode(ids);

    /// <summary>The bytes that one token stands for in the text, wherever it is not the text's first.</summary>
    ReadOnlySpan<byte> Bytes(int id);

    /// <summary>The bytes that a token adds to a text: the space before a first word may be no part of it.</summary>
    /// <param name="atStart">
    /// Whether there is no text yet; true before the first token, and set for the next one.
    /// </param>
    ReadOnlySpan<byte> NextBytes(int id, ref bool atStart)
    {
        atStart = false;
        return Bytes(id);
    }

    /// <summary>Whether a token is no text but a mark, such as the end of a text.</summary>
    bool IsSpecial(int id) => false;

    /// <summary>Where it comes from, for error messages: a file of the model.</summary>
    string Source => "this model";
}

/// <summary>A token and the characters [Start, End) of the text that it covers, in UTF-16 units.</summary>
public readonly record struct Token(int Id, int Start, int End);
