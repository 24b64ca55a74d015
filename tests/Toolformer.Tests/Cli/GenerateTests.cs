using System.Text.Json;
using Toolformer.Cli;
using Toolformer.Cli.Displays;
using Toolformer.Tests.Fakes;
using Toolformer.Tests.Torch;

namespace Toolformer.Tests.Cli;

public class GenerateTests
{
    [Fact]
    public async Task Greedy_continuations_of_token_ids_equal_the_reference()
    {
        string folder = Shared.Need("golden", "gpt2");
        var cases = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "expected.json"),
            TestContext.Current.CancellationToken)).RootElement.GetProperty("greedy").GetProperty("cases")
            .EnumerateArray().ToList();
        string input = string.Join('\n', cases.Select(c =>
            $$"""{"input_ids": {{c.GetProperty("prompt_ids").GetRawText()}}}"""));
        var run = await ToolformerRun.OfInput(input, "generate", "--model", folder, "--max-new-tokens", "16");
        Assert.Equal(0, run.Status);
        Assert.Equal(cases.Count, run.Records.Length);
        Assert.All(cases.Zip(run.Records), p => Assert.Equal(
            GoldenModel.Integers(p.First.GetProperty("continuation")),
            GoldenModel.Integers(p.Second.GetProperty("token_ids"))));
        Assert.All(run.Records, r => Assert.Equal(JsonValueKind.Null, r.GetProperty("completion").ValueKind));
    }

    [Fact]
    public async Task A_call_is_executed_and_its_answer_marked_as_not_sampled()
    {
        using var model = new TinyModel();
        // Among all tokens a call's start always is: the random model calls at once.
        var run = await ToolformerRun.OfInput("""{"id": "q", "prompt": "The cat"}""", "generate",
            "--model", model.Folder, "--tools", "Calendar", "--start-top-k", "10000",
            "--constrain-inputs", "--max-new-tokens", "3", "--date", "2024-03-09");
        Assert.Equal(0, run.Status);
        var record = run.Records.Single();
        Assert.Equal("q", record.GetProperty("id").GetString());
        Assert.StartsWith(" [Calendar() -> Today is Saturday, March 9, 2024.]",
            record.GetProperty("completion").GetString());
        var call = record.GetProperty("calls").EnumerateArray().Single();
        Assert.Equal("Calendar", call.GetProperty("tool").GetString());
        Assert.Equal("", call.GetProperty("input").GetString());
        Assert.Equal("Today is Saturday, March 9, 2024.", call.GetProperty("result").GetString());
        Assert.Equal(JsonValueKind.Null, call.GetProperty("error").ValueKind);
        Assert.Equal(record.GetProperty("token_ids").GetArrayLength(), record.GetProperty("sampled").GetArrayLength());
        Assert.Contains(record.GetProperty("sampled").EnumerateArray(), s => !s.GetBoolean());
    }

    [Fact]
    public async Task Without_calls_none_is_written()
    {
        using var model = new TinyModel();
        var run = await ToolformerRun.Of("generate", "--model", model.Folder, "--prompt", "The cat", "--no-calls",
            "--start-top-k", "10000", "--max-new-tokens", "30", "--json");
        Assert.Equal(0, run.Status);
        Assert.Empty(run.Records.Single().GetProperty("calls").EnumerateArray());
        Assert.DoesNotContain(" [", run.Records.Single().GetProperty("completion").GetString());
    }

    [Fact]
    public async Task A_single_prompt_is_shown_with_its_completion_as_text()
    {
        using var model = new TinyModel();
        string[] arguments = ["generate", "--model", model.Folder, "--prompt", "The cat", "--max-new-tokens", "5",
            "--no-calls"];
        var shown = await ToolformerRun.Of(arguments);
        var json = await ToolformerRun.Of([.. arguments, "--json"]);
        Assert.Equal("The cat" + json.Records.Single().GetProperty("completion").GetString() + "\n", shown.Output);
    }

    [Fact]
    public async Task On_a_terminal_a_call_has_a_colour_of_its_own()
    {
        using var model = new TinyModel();
        var output = new StringWriter();
        var display = new Display(TextReader.Null, output, TextWriter.Null, new ManualTime())
        {
            OutputIsTerminal = true,
            Colours = true,
        };
        int status = await CommandLine.RunAsync(["generate", "--model", model.Folder, "--prompt", "The cat", "--tools",
            "Calendar", "--start-top-k", "10000", "--constrain-inputs", "--max-new-tokens", "2"], display,
            cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(0, status);
        Assert.StartsWith("The cat\e[35m [", output.ToString());
        string plain = System.Text.RegularExpressions.Regex.Replace(output.ToString(), @"\e\[\d+m", "");
        Assert.StartsWith("The cat [Calendar() -> Today is Thursday, March 9, 2017.]", plain);
    }

    [Fact]
    public async Task The_same_seed_draws_the_same_text_and_another_seed_another()
    {
        using var model = new TinyModel();
        async Task<string> Drawn(int seed) => (await ToolformerRun.Of("generate", "--model", model.Folder,
            "--prompt", "The cat", "--top-p", "0.99", "--no-calls", "--seed", $"{seed}", "--max-new-tokens", "20"))
            .Output;
        Assert.Equal(await Drawn(1), await Drawn(1));
        Assert.NotEqual(await Drawn(1), await Drawn(2));
    }

    [Fact]
    public async Task An_unknown_tool_is_answered_with_the_list()
    {
        using var model = new TinyModel();
        var run = await ToolformerRun.Of("generate", "--model", model.Folder, "--prompt", "a", "--tools", "Calcluator");
        Assert.Equal(2, run.Status);
        Assert.Contains("Did you mean Calculator?", run.Error);
    }

    [Fact]
    public async Task A_search_without_an_index_is_refused()
    {
        using var model = new TinyModel();
        var run = await ToolformerRun.Of("generate", "--model", model.Folder, "--prompt", "a", "--tools", "WikiSearch");
        run.AssertRefused("WikiSearch", "--tools", "--index");
    }
}
