using System.Text;
using CsCheck;
using Toolformer.Modeling;
using Toolformer.Tests.Fakes;

namespace Toolformer.Tests.Modeling;

public class StreamingDecoderTests
{
    private static readonly ByteTokenizer Bytes = new();

    [Fact]
    public void Whatever_the_bytes_the_parts_together_are_the_whole() =>
        Gen.OneOf(
                Gen.Byte.Select(b => new[] { (int)b }),
                Gen.OneOf("é", "日", "😀", "a", " [")
                    .Select(s => Encoding.UTF8.GetBytes(s).Select(b => (int)b).ToArray()),
                Gen.OneOf(0xE6, 0xF0, 0x9F, 0x97, 0xED, 0xA0, 0xC0, 0xF4, 0x90).Select(b => new[] { b }))
            .Array[0, 12].Select(parts => parts.SelectMany(p => p).ToArray())
            .Sample(ids =>
            {
                var decoder = new StreamingDecoder(Bytes);
                var text = new StringBuilder();
                foreach (int id in ids)
                {
                    string part = decoder.Add(id);
                    Assert.False(part.Length > 0 && (char.IsHighSurrogate(part[^1]) || char.IsLowSurrogate(part[0])));
                    text.Append(part);
                }
                text.Append(decoder.Flush());
                Assert.Equal(Bytes.Decode(ids), text.ToString());
            });

    [Fact]
    public void A_character_comes_with_its_last_byte_and_not_before()
    {
        var decoder = new StreamingDecoder(Bytes);
        Assert.Equal(["", "", "", "😀", "a"], new[] { 0xF0, 0x9F, 0x98, 0x80, 'a' }.Select(decoder.Add));
        Assert.Equal("", decoder.Flush());
    }

    [Fact]
    public void A_character_that_breaks_off_becomes_the_replacement_character_as_soon_as_that_is_certain()
    {
        var decoder = new StreamingDecoder(Bytes);
        Assert.Equal(["", "", "\uFFFDa", ""], new[] { 0xF0, 0x9F, 'a', 0xE6 }.Select(decoder.Add));
        Assert.Equal("\uFFFD", decoder.Flush());
        Assert.Equal("b", decoder.Add('b'));
    }
}
