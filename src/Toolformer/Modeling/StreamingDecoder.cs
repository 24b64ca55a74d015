using System.Text;

namespace Toolformer.Modeling;

/// <summary>
/// Turns tokens into text as they come, never a part of a character: its bytes may lie in several tokens. All that it
/// gives, put together, is what <see cref="ITokenizer.Decode"/> gives for the whole.
/// </summary>
public sealed class StreamingDecoder(ITokenizer tokenizer)
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();

    /// <summary>
    /// The characters that this token completes, maybe none. Bytes that can't become a character any more are U+FFFD.
    /// </summary>
    public string Add(int id) => Decode(tokenizer.Bytes(id), flush: false);

    /// <summary>
    /// What is left at the end: U+FFFD where a character was begun, else nothing. Then a new text may begin.
    /// </summary>
    public string Flush() => Decode([], flush: true);

    private string Decode(ReadOnlySpan<byte> bytes, bool flush)
    {
        var characters = new char[_decoder.GetCharCount(bytes, flush)];
        int count = _decoder.GetChars(bytes, characters, flush);
        return new string(characters, 0, count);
    }
}
