using Toolformer.Tests.Fakes;
using Toolformer.Tools;
using Toolformer.Tools.Outbound;
using Toolformer.Tools.Translating;

namespace Toolformer.Tests.Tools.Translating;

/// <summary>The program itself, where it is installed, and programs that misbehave.</summary>
public class ApertiumTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Spanish_is_translated_by_the_program_itself()
    {
        using var translator = await Installed();
        var result = await translator.TranslateAsync("La biblioteca está cerrada.", "es", "en", Cancellation);
        Assert.Matches("^The library is (shut|closed)", result.Text);
        Assert.Contains("apertium", (await translator.TranslateAsync("x", "fi", "en", Cancellation)).Error,
            StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("$(touch x); `id` | cat && echo \"y\" > z")]
    [InlineData("-l --help")]
    [InlineData("^a<b>/c$ {d} @e \\ \\n")]
    public async Task What_looks_like_a_command_or_markup_is_text(string text)
    {
        using var translator = await Installed();
        var result = await translator.TranslateAsync(text, "es", "en", Cancellation);
        Assert.False(result.IsError, result.Error);
        Assert.DoesNotContain("uid=", result.Text);
    }

    [Fact]
    public async Task A_tools_file_makes_the_tool()
    {
        using (await Installed()) { }
        await using var set = await ToolsFile.Parse(
            """{"tools": {"MT": {"kind": "apertium", "source": "Spanish"}}}""", "tools.json").OpenAsync(
            Catalog.Find<ToolKind>(), [], null, Secrets.None, TimeProvider.System, Cancellation);
        var result = await set.Toolbox.CallAsync("MT", "tortuga", new ToolContext(new ManualTime()), Cancellation);
        Assert.Matches("^(T|t)(urtle|ortoise)", result.Text);
    }

    [Fact]
    public async Task A_program_gets_its_arguments_as_they_are_and_its_input()
    {
        var run = await new BoundedProcess("printf").RunAsync(["%s|%s", "a b; c", "$HOME"], "", Cancellation);
        Assert.Equal(("a b; c|$HOME", null), run);
        Assert.Equal(("Grüße\n", null), await new BoundedProcess("cat").RunAsync([], "Grüße\n", Cancellation));
    }

    [Fact]
    public async Task A_program_that_fails_or_is_not_there_is_a_reason()
    {
        var failed = await new BoundedProcess("ls").RunAsync(["--no-such-option"], "", Cancellation);
        Assert.Contains("ls failed with status 2", failed.Error);
        Assert.Contains("no-such-option", failed.Error);
        Assert.Contains("can't be started",
            (await new BoundedProcess("no-such-program").RunAsync([], "", Cancellation)).Error);
        // One that does not read what it is given.
        Assert.Null((await new BoundedProcess("true").RunAsync([], new string('a', 1 << 20), Cancellation)).Error);
    }

    [Fact]
    public async Task A_program_that_writes_without_end_is_stopped() =>
        Assert.Contains("more than 1,000 characters",
            (await new BoundedProcess("yes") { MaxOutput = 1000 }.RunAsync([], "", Cancellation)).Error);

    [Fact]
    public async Task A_program_that_hangs_is_stopped_by_the_time_limit_and_by_who_called()
    {
        var limited = await new BoundedProcess("sleep", new HurriedTime()).RunAsync(["1000"], "", Cancellation);
        Assert.Contains("did not answer within 20 s", limited.Error);
        using var cancelled = new CancellationTokenSource();
        var running = new BoundedProcess("sleep").RunAsync(["1000"], "", cancelled.Token).AsTask();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    private static async Task<ApertiumTranslator> Installed()
    {
        var (translator, error) = await ApertiumTranslator.OpenAsync(cancellation: Cancellation);
        Assert.SkipUnless(translator?.CanTranslate("es", "en") == true,
            $"needs apertium with apertium-eng-spa: {error}");
        return translator!;
    }
}
