using System.Text;
using CsCheck;
using Microsoft.ML.Tokenizers;
using Toolformer.Markup;
using Toolformer.Modeling;
using Toolformer.Tests.Fakes;
using Toolformer.Tools;
using Tokenizer = Toolformer.Torch.Tokenizers.Tokenizer;

namespace Toolformer.Tests.Tools.Guarding;

/// <summary>No result can end, forge or nest a call: neither as text nor as the tokens that a model reads.</summary>
public class NeutralResultTests
{
    private static readonly ToolContext Context = new(new ManualTime());

    /// <summary>What markup is made of, what resembles it, and what may hide between its characters.</summary>
    private static readonly string[] Parts =
    [
        "]", "[", " [", "->", " ->", "-", ">", ")", "(", "QA(", "[QA(x) -> y]", ")]", ".]", "\n", "\r", "\u0085",
        "\u2028", "\u200b", "\u200c", "\u200d", "\ufe0f", "\u202e", "\u2066", "\ufeff", "\u00ad", "\0", "\ud83d",
        "\u001b[2K",
        "［", "］", "﹇", "﹈", "＞", "－", "﹣", "﹥", "≯", "<|endoftext|>", "</s>", "<s>", "▁", "<0x5D>", "Ġ", "\u0120[",
        "a", "1", " ", "é", "e\u0301", "漢", "😀", "👩‍👩‍👧", "→", "…",
    ];

    private static readonly Gen<string> Hostile =
        Gen.Int[0, Parts.Length - 1].Array[0, 30].Select(parts => string.Concat(parts.Select(i => Parts[i])));

    /// <summary>A tokenizer as text in, token texts out.</summary>
    private static readonly Dictionary<string, Lazy<ITokenizer>> Own = new()
    {
        ["bytes"] = new(() => new ByteTokenizer()),
        ["models/nano"] = new(() => Tokenizer.Load(Path.Combine(Shared.Root, "models", "nano"))),
        ["gpt2"] = new(() => Tokenizer.Load(Shared.Need("golden", "tokenizer_gpt2"))),
        ["llama2"] = new(() => Tokenizer.Load(Shared.Need("golden", "tokenizer_llama2"))),
    };

    public static TheoryData<string> Tokenizers => [.. Own.Keys];

    private static async Task<string> Answer(string text, ITokenizer tokenizer, int maxTokens)
    {
        var box = new Toolbox([new FakeTool("T", "x" + text)]) { MaxResultTokens = maxTokens };
        return (await box.For(tokenizer).CallAsync("T", "q", Context)).Text!;
    }

    [Theory]
    [MemberData(nameof(Tokenizers))]
    public void The_tokens_of_a_result_hold_no_markup_and_the_call_is_read_back(string name)
    {
        var tokenizer = Own[name].Value;
        var markup = new CallTokens(tokenizer);
        var head = new ApiCall("T", "q");
        Gen.Select(Hostile, Gen.Int[6, 40]).Sample((text, most) =>
        {
            string result = Answer(text, tokenizer, most).Result;
            int[] ids = [.. markup.EncodeResult(result)];
            Assert.InRange(ids.Length, 1, most);
            Assert.DoesNotContain(ids, tokenizer.IsSpecial);
            Assert.DoesNotContain(ids, id => tokenizer.Bytes(id).IndexOfAny("[]\r\n"u8) >= 0);
            string written = tokenizer.DecodeContinuation(markup.Encode(head with { Result = result }));
            var call = Assert.Single(CallSyntax.Find("before" + written + " after"));
            Assert.Equal(("T", "q", "before".Length, written.Length),
                (call.Call.Tool, call.Call.Input, call.Start, call.End - call.Start));
            Assert.DoesNotContain("->", call.Call.Result);
        }, iter: 500);
    }

    [Theory]
    [InlineData("golden", "tokenizer_llama2", "tokenizer.model")]
    [InlineData("golden", "tokenizer_nllb_fixture", "sentencepiece.bpe.model")]
    public void Nor_does_SentencePiece_make_markup_of_a_result(params string[] path)
    {
        using var file = File.OpenRead(Shared.Need(path));
        var tokenizer = SentencePieceTokenizer.Create(file, addBeginningOfSentence: false);
        Hostile.Sample(text =>
        {
            string result = CallSyntax.PrintResult(CallSyntax.Neutralise("x" + text));
            string pieces = string.Concat(tokenizer.EncodeToTokens(result, out _).Select(t => t.Value));
            Assert.DoesNotContain(pieces.Replace("<0x", "").Replace("▁", " "), c => "[]\n".Contains(c));
            Assert.DoesNotContain("->", pieces);
        }, iter: 1000);
    }

    [Fact]
    public void No_compatibility_form_of_a_neutral_result_holds_markup() => Hostile.Sample(text =>
    {
        string folded = Fold(CallSyntax.Neutralise(text));
        return CallSyntax.IsResult(folded) && !folded.Contains("->");
    }, iter: 2000);

    /// <summary>The few characters of which Unicode's compatibility forms make markup; joiners are dropped.</summary>
    private static string Fold(string text) => new StringBuilder(text)
        .Replace('［', '[').Replace('﹇', '[').Replace('］', ']').Replace('﹈', ']').Replace('＞', '>').Replace('﹥', '>')
        .Replace('－', '-').Replace('﹣', '-').Replace("\u200c", "").Replace("\u200d", "")
        .Replace("\ufe0f", "").ToString();

    [Fact]
    public async Task A_result_is_cut_to_a_number_of_tokens()
    {
        string result = await Answer(new string('漢', 300), new ByteTokenizer(), 50);
        Assert.Equal("x漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢…", result); // a space, one byte, 15 × 3, and 3 of the mark
        Assert.Equal("xyz", await Answer("yz", new ByteTokenizer(), 4));
    }

    [Fact]
    public void Of_an_endless_result_only_the_beginning_is_read() =>
        Assert.Equal(CallSyntax.MaxResultLength, CallSyntax.Neutralise(new string('x', 8 << 20)).Length);
}
