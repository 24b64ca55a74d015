using System.Text;
using Toolformer.Markup;
using Toolformer.Modeling;
using Toolformer.Tests.Fakes;

namespace Toolformer.Tests.Markup;

public class CallTokensTests
{
    private static readonly CallTokens Tokens = new(new ByteTokenizer());

    [Theory]
    [InlineData(null, " [QA(x)]")]
    [InlineData("", " [QA(x) ->]")]
    [InlineData("y z", " [QA(x) -> y z]")]
    public void The_tokens_of_a_call_are_those_of_its_parts(string? result, string text)
    {
        var call = new ApiCall("QA", "x", result);
        var ids = Tokens.Encode(call);
        Assert.Equal(text, new ByteTokenizer().Decode(ids));
        Assert.Equal(CallSyntax.Print(call), text);
        Assert.Equal(ByteTokenizer.Open, ids[0]);
    }

    [Fact]
    public void An_empty_result_may_be_written_without_the_arrow()
    {
        var tokens = new CallTokens(new ByteTokenizer(), EmptyCallForm.NoArrow);
        Assert.Equal(tokens.Encode(new("QA", "x")), tokens.Encode(new("QA", "x", "")));
        Assert.Equal(" [QA(x)]", CallSyntax.Print(new("QA", "x", ""), EmptyCallForm.NoArrow));
    }

    [Fact]
    public void A_sampled_call_keeps_the_ids_that_the_model_wrote() =>
        Assert.Equal([Tokens.Open, 1, 2, 3, .. Tokens.Close], Tokens.Encode(new("QA", "x"), [1, 2, 3]));

    [Fact]
    public void Tokens_that_contain_a_mark_are_found()
    {
        Assert.Equal([']'], Tokens.Containing("]"));
        Assert.Equal([ByteTokenizer.Arrow], Tokens.Containing("->"));
    }

    [Fact]
    public void A_vocabulary_without_the_opening_token_is_refused_by_name()
    {
        var error = Assert.Throws<NotSupportedException>(() => new CallTokens(new PlainBytes(), model: "models/odd"));
        Assert.Contains("models/odd", error.Message);
        Assert.Contains("2 tokens [32, 91]", error.Message);
    }

    private sealed class PlainBytes : ITokenizer
    {
        public int VocabularySize => 256;
        public IReadOnlyList<Token> Encode(string text) =>
            [.. Encoding.UTF8.GetBytes(text).Select(b => new Token(b, 0, 0))];
        public string Decode(IEnumerable<int> ids) => Encoding.UTF8.GetString([.. ids.Select(i => (byte)i)]);
        public ReadOnlySpan<byte> Bytes(int id) => new[] { (byte)id };
    }
}
