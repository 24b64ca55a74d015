namespace Toolformer.Modeling;

/// <summary>Text to token ids and back, part of the waist.</summary>
public interface ITokenizer
{
    int VocabularySize { get; }

    /// <summary>Encodes text as plain text: special tokens spelled out in it do not count as such.</summary>
    IReadOnlyList<Token> Encode(string text);

    /// <summary>
    /// Text of a token sequence; bytes that form no character become U+FFFD. Special tokens print as spelled.
    /// </summary>
    string Decode(IEnumerable<int> ids);

    /// <summary>The bytes that one token stands for in the text.</summary>
    ReadOnlySpan<byte> Bytes(int id);

    /// <summary>Whether a token is no text but a mark, such as the end of a text.</summary>
    bool IsSpecial(int id) => false;
}

/// <summary>A token and the characters [Start, End) of the text that it covers, in UTF-16 units.</summary>
public readonly record struct Token(int Id, int Start, int End);
