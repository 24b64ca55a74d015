using Toolformer.Modeling;
using Toolformer.Tests.Fakes;

namespace Toolformer.Tests;

public class FakeModelTests
{
    [Fact]
    public void Byte_tokenizer_gives_back_what_it_was_given()
    {
        var tokenizer = new ByteTokenizer();
        const string text = "The café 😀 has [Calculator(1 + 2) -> 3] chairs.";
        var tokens = tokenizer.Encode(text);
        Assert.Equal(text, tokenizer.Decode(tokens.Select(t => t.Id)));
        Assert.Contains(tokens, t => t.Id == ByteTokenizer.Open);
    }

    [Fact]
    public void Rows_of_a_fork_see_only_their_part_of_the_prefix()
    {
        using var model = new FakeModel(context =>
        {
            var logits = new float[259];
            logits[context.Count] = 1;
            return logits;
        });
        var prefix = model.Forward([new ForwardInput([1, 2, 3]) { Keep = true }])[0].Prefix!;
        using var rows = model.Fork([new ForkPoint(prefix), new ForkPoint(prefix, 1)]);
        var logits = rows.Step([[7], [8, 9]]);
        Assert.Equal(1, logits[0].Span[4]);
        Assert.Equal(1, logits[1].Span[3]);
        Assert.Equal(6, model.ForwardTokens);
    }
}
