using System.Text;

namespace Toolformer.Modeling;

/// <summary>
/// Turns tokens into text as they come, never a part of a character: its bytes may lie in several tokens. All that it
/// gives, put together, is what <see cref="ITokenizer.Decode"/> gives for the whole.
/// </summary>
/// <param name="continues">
/// Whether the tokens go on in another text, as <see cref="ITokenizer.DecodeContinuation"/> takes them.
/// </param>
public sealed class StreamingDecoder(ITokenizer tokenizer, bool continues = false)
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private bool _atStart = !continues;

    /// <summary>
    /// The characters that this token completes, maybe none. Bytes that can't become a character any more are U+FFFD.
    /// </summary>
    public string Add(int id) => Decode(tokenizer.NextBytes(id, ref _atStart), flush: false);

    /// <summary>
    /// What is left at the end: U+FFFD where a character was begun, else nothing. Then a new text may begin.
    /// </summary>
    public string Flush()
    {
        _atStart = !continues;
        return Decode([], flush: true);
    }

    private string Decode(ReadOnlySpan<byte> bytes, bool flush)
    {
        var characters = new char[_decoder.GetCharCount(bytes, flush)];
        int count = _decoder.GetChars(bytes, characters, flush);
        return new string(characters, 0, count);
    }
}
