using CsCheck;
using Toolformer.Markup;

namespace Toolformer.Tests.Markup;

public class CallSyntaxTests
{
    // Texts rich in what calls are made of, so that near misses are common; lone surrogates included.
    private static readonly Gen<string> AnyText = Gen.OneOf(
        " ", "[", "]", " [", "(", ")", "->", " ->", "QA", "T1", "QA(", ")]", "\n", "x", "é", "😀", "\ud83d", "1", "\"",
        "-", ">").Array[0, 24].Select(string.Concat);

    private static readonly Gen<string> Name = Gen.OneOf("QA", "Calculator", "T_1", "x");

    private static readonly Gen<ApiCall> AnyCall = Gen.Select(
        Name, AnyText.Where(CallSyntax.IsInput), AnyText.Where(CallSyntax.IsResult).Null(),
        (tool, input, result) => new ApiCall(tool, input, result));

    [Fact]
    public void What_is_printed_reads_back_as_the_same_call() => AnyCall.Sample(call =>
    {
        string text = CallSyntax.Print(call);
        var found = CallSyntax.ParseAt(text, 0);
        return found.State == ParseState.Complete && found.Call == call && found.Length == text.Length;
    });

    [Fact]
    public void A_head_reads_back_as_the_same_call() => AnyCall.Sample(call =>
        CallSyntax.ParseHead(CallSyntax.PrintHead(call)) == call with { Result = null });

    [Fact]
    public void Removing_spliced_calls_gives_back_any_text() => Gen.Select(AnyText, Insertions()).Sample((text, some) =>
    {
        var calls = Within(some, text).OrderBy(c => c.Offset).ToList();
        var spliced = CallSyntax.Splice(text, Within(some, text));
        return CallSyntax.Remove(spliced.Text, spliced.Calls) == text
            && spliced.Calls.Select(s => s.Call).SequenceEqual(calls.Select(c => c.Call));
    });

    [Fact]
    public void Stripping_gives_back_any_text_that_had_no_calls() => Gen.Select(
        AnyText.Where(t => CallSyntax.Find(t).Count == 0), Insertions()).Sample((text, calls) =>
    {
        var spliced = CallSyntax.Splice(text, Within(calls, text));
        return CallSyntax.Strip(spliced.Text) == text && CallSyntax.Find(spliced.Text).SequenceEqual(spliced.Calls);
    });

    [Fact]
    public void Inserting_is_splicing_one_call() => Gen.Select(AnyText, AnyCall, Gen.Int).Sample((text, call, at) =>
    {
        int offset = (at & 0xfff) % (text.Length + 1);
        return CallSyntax.Insert(text, offset, call) == CallSyntax.Splice(text, [(offset, call)]).Text;
    });

    [Fact]
    public void What_a_growing_text_has_settled_stays() => Gen.Select(AnyText, AnyText).Sample((before, after) =>
    {
        var early = CallSyntax.Scan(before);
        var late = CallSyntax.Scan(before + after);
        int settled = early.Incomplete ?? before.Length;
        return late.Calls.Where(c => c.Start < settled).SequenceEqual(early.Calls);
    });

    [Fact]
    public void A_neutral_result_can_be_printed_and_is_stable() => Gen.Select(
        AnyText, Gen.String, Gen.Int[1, 30]).Sample((markup, noise, limit) =>
    {
        string neutral = CallSyntax.Neutralise(markup + noise + markup, limit);
        return neutral.Length <= limit && CallSyntax.IsResult(neutral) && !neutral.Contains("->")
            && !neutral.Any(char.IsControl) && neutral == neutral.Trim()
            && CallSyntax.Neutralise(neutral, limit) == neutral
            && CallSyntax.ParseAt(CallSyntax.Print(new("QA", "x", neutral)), 0).Call!.Result == neutral;
    });

    [Fact]
    public void A_result_is_not_cut_inside_a_character()
    {
        Assert.Equal("ab…", CallSyntax.Neutralise("ab😀cd", 4));
        Assert.Equal("ab…", CallSyntax.Neutralise("abe\u0301xy", 4));
        Assert.Equal("…", CallSyntax.Neutralise("👩‍👩‍👧‍👧 family", 5));
        Assert.Equal("👩‍👩‍👧‍👧", CallSyntax.Neutralise("👩‍👩‍👧‍👧"));
        Assert.Equal("ab", CallSyntax.Neutralise("a\ud83db\udc00"));
    }

    [Theory]
    [InlineData("\"Who?\"", "Who?")]
    [InlineData("  “Who?” ", "Who?")]
    [InlineData("'Who?'", "Who?")]
    [InlineData("\"A\" or \"B\"", "\"A\" or \"B\"")]
    [InlineData("\"", "\"")]
    [InlineData("1 + 2", "1 + 2")]
    [InlineData("", "")]
    public void Quotes_around_an_input_do_not_count(string input, string read) =>
        Assert.Equal(read, CallSyntax.NormaliseInput(input));

    [Fact]
    public void A_long_text_full_of_openings_does_not_stall_the_reader()
    {
        string text = string.Concat(Enumerable.Repeat(" [QA(x ", 200_000));
        Assert.Empty(CallSyntax.Find(text));
    }

    private static Gen<(int, ApiCall)[]> Insertions() => Gen.Select(Gen.Int[0, 1000], AnyCall).Array[0, 4];

    private static IEnumerable<(int Offset, ApiCall Call)> Within((int At, ApiCall Call)[] calls, string text) =>
        calls.Select(c => (c.At % (text.Length + 1), c.Call));
}
