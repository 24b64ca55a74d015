using Toolformer.Cli;
using Toolformer.Tests.Fakes;

namespace Toolformer.Tests.Cli;

public class UsageTests
{
    public static TheoryData<string> Verbs => [.. CommandLine.Verbs().Select(v => v.Name)];

    [Theory, MemberData(nameof(Verbs))]
    public async Task Help_of_every_verb_shows_an_example(string verb)
    {
        var run = await ToolformerRun.Of(verb, "--help");
        Assert.Equal(0, run.Status);
        Assert.Contains("Example: ", run.Output);
        Assert.Contains($"toolformer {verb}", run.Output);
    }

    [Theory, MemberData(nameof(Verbs))]
    public void A_verb_that_loads_a_model_takes_device_number_format_and_threads(string name)
    {
        var verb = CommandLine.Verbs().Single(v => v.Name == name);
        string[] options = [.. verb.Options.Select(o => o.Name)];
        string[] teachers = ["pretrain", "quickstart", "teach"];
        // A tokenizer is read without its model.
        if (name != "tokenize" && (options.Contains("--model") || teachers.Contains(name)))
            Assert.All(["--device", "--dtype", "--threads"], option => Assert.Contains(option, options));
    }

    [Fact]
    public async Task An_adapter_beside_the_model_is_looked_for_by_every_verb_that_takes_one()
    {
        using var model = new TinyModel();
        string text = model.File("text.txt");
        await File.WriteAllTextAsync(text, "Of 1400 people 400 came.", TestContext.Current.CancellationToken);
        string[][] commands =
        [
            ["annotate", "--corpus", text, "--tools", "Calculator", "--out", model.File("run")],
            ["chat", "--tools", "Calculator"], ["export", "--out", model.File("merged")], ["generate", "--prompt", "x"],
            ["score"], ["serve", "--port", "0"],
        ];
        Assert.Equal(commands.Select(c => c[0]), CommandLine.Verbs()
            .Where(v => v.Options.Any(o => o.Name == "--adapter")).Select(v => v.Name));
        foreach (string[] command in commands.Append(["tools", "draft", "Calculator", "--corpus", text]))
        {
            var run = await ToolformerRun.Of([.. command, "--model", model.Folder, "--adapter", model.File("none")]);
            run.AssertRefused("There is no adapter", model.File("none"));
        }
    }

    [Fact]
    public async Task Float16_is_refused_for_training()
    {
        using var run = new Fakes.TinyModel();
        string data = run.File("dataset.jsonl");
        File.WriteAllText(data, """{"id": "a", "text": "x", "input_ids": [1, 2, 3], "calls": []}""" + "\n");
        var refused = await ToolformerRun.Of("finetune", "--model", run.Folder, "--dataset", data, "--out",
            run.File("out"), "--dtype", "float16");
        refused.AssertRefused("float16", "bfloat16");
    }

    [Fact]
    public async Task Without_arguments_the_verbs_are_listed_a_line_each()
    {
        var run = await ToolformerRun.Of();
        Assert.Equal(0, run.Status);
        Assert.All(CommandLine.Verbs(), v => Assert.Contains($"  {v.Name} ", run.Output));
        Assert.DoesNotContain("toolformer score", run.Output);
    }

    [Fact]
    public async Task An_unknown_verb_is_answered_with_the_nearest_and_the_list()
    {
        var run = await ToolformerRun.Of("scroe");
        run.AssertRefused("'scroe'", "Did you mean score?", "tokenize", "toolformer --help");
    }

    [Fact]
    public async Task An_unknown_option_is_answered_with_the_nearest_and_the_list()
    {
        var run = await ToolformerRun.Of("score", "--model", "m", "--inptu=x");
        run.AssertRefused("'--inptu'", "Did you mean --input?", "--dtype", "toolformer score --help");
    }

    [Fact]
    public async Task A_missing_option_is_named()
    {
        var run = await ToolformerRun.Of("score");
        run.AssertRefused("--model", "toolformer score");
    }

    [Fact]
    public async Task A_verb_with_parts_lists_them()
    {
        var run = await ToolformerRun.Of("tools", "lst");
        run.AssertRefused("Did you mean list?", "describe", "toolformer tools");
        Assert.Equal(2, (await ToolformerRun.Of("tools")).Status);
    }

    [Fact]
    public async Task An_interrupted_run_ends_with_130()
    {
        using var model = new TinyModel();
        var run = await ToolformerRun.Cancelled("score", "--model", model.Folder);
        Assert.Equal(130, run.Status);
        Assert.Contains("Interrupted", run.Error);
    }
}
