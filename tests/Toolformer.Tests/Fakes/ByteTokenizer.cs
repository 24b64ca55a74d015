using System.Text;
using Toolformer.Modeling;

namespace Toolformer.Tests.Fakes;

/// <summary>
/// One token per UTF-8 byte, and three more for " [", " ->" and "]", as in the vocabularies of real models.
/// </summary>
public sealed class ByteTokenizer : ITokenizer
{
    public const int Open = 256, Arrow = 257, EndOfText = 258;

    private static readonly (byte[] Bytes, int Id)[] Merged = [(" ["u8.ToArray(), Open), (" ->"u8.ToArray(), Arrow)];

    public int VocabularySize => 259;

    public IReadOnlyList<Token> Encode(string text)
    {
        var tokens = new List<Token>();
        for (int i = 0; i < text.Length;)
        {
            int width = char.IsSurrogatePair(text, i) ? 2 : 1;
            byte[] bytes = Encoding.UTF8.GetBytes(text.Substring(i, width));
            var merged = Merged.FirstOrDefault(m => text.AsSpan(i).StartsWith(Encoding.UTF8.GetString(m.Bytes)));
            if (merged.Bytes is { } hit)
            {
                tokens.Add(new Token(merged.Id, i, i + hit.Length));
                i += hit.Length;
                continue;
            }
            tokens.AddRange(bytes.Select(b => new Token(b, i, i + width)));
            i += width;
        }
        return tokens;
    }

    public string Decode(IEnumerable<int> ids) =>
        Encoding.UTF8.GetString([.. ids.SelectMany(id => Bytes(id).ToArray())]);

    public bool IsSpecial(int id) => id == EndOfText;

    public ReadOnlySpan<byte> Bytes(int id) => id switch
    {
        < 256 => new[] { (byte)id },
        Open => Merged[0].Bytes,
        Arrow => Merged[1].Bytes,
        _ => "<|end|>"u8,
    };
}
