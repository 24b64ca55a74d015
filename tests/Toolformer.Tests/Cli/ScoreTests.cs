using System.Text.Json;
using Toolformer.Tests.Fakes;

namespace Toolformer.Tests.Cli;

public class ScoreTests
{
    [Fact]
    public async Task Scores_of_token_ids_equal_the_reference()
    {
        string folder = Shared.Need("golden", "gpt2");
        var expected = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "expected.json"),
            TestContext.Current.CancellationToken)).RootElement.GetProperty("sequences").EnumerateArray().ToList();
        string input = string.Join('\n', expected.Select(s =>
            $$"""{"id": {{Raw(s, "name")}}, "input_ids": {{Raw(s, "input_ids")}}}"""));

        var run = await ToolformerRun.OfInput(input, "score", "--model", folder);

        Assert.Equal(0, run.Status);
        Assert.Equal(expected.Count, run.Records.Length);
        foreach (var (reference, scored) in expected.Zip(run.Records))
        {
            Assert.Equal(reference.GetProperty("name").GetString(), scored.GetProperty("id").GetString());
            Assert.Equal(Integers(reference.GetProperty("input_ids")), Integers(scored.GetProperty("input_ids")));
            Assert.Equal(Integers(reference.GetProperty("argmax")), Integers(scored.GetProperty("argmax")));
            var logprobs = scored.GetProperty("token_logprobs").EnumerateArray().ToList();
            Assert.Equal(JsonValueKind.Null, logprobs[0].ValueKind);
            double[] wanted = [.. reference.GetProperty("next_token_logprobs").EnumerateArray()
                .Select(e => e.GetDouble())];
            Assert.Equal(wanted.Length, logprobs.Count - 1);
            Assert.All(wanted.Zip(logprobs.Skip(1)), p => Assert.Equal(p.First, p.Second.GetDouble(), 1e-4));
        }
    }

    [Fact]
    public async Task A_text_gets_the_token_that_stands_before_every_text_and_scores_as_its_ids_do()
    {
        using var model = new TinyModel();
        var ofText = await ToolformerRun.OfInput("""{"text": "The cat sat"}""", "score", "--model", model.Folder);
        int[] ids = Integers(ofText.Records[0].GetProperty("input_ids"));
        Assert.Equal(0, ids[0]);
        var ofIds = await ToolformerRun.OfInput($$"""{"input_ids": [{{string.Join(',', ids)}}]}""", "score",
            "--model", model.Folder);
        Assert.Equal(ofText.Output, ofIds.Output);
    }

    [Fact]
    public async Task Many_lines_keep_their_order_and_each_scores_as_it_does_alone()
    {
        using var model = new TinyModel();
        string[] lines = [.. Enumerable.Range(0, 600).Select(i =>
            $$"""{"id": "t{{i}}", "input_ids": [{{string.Join(',', Enumerable.Range(1, 1 + i * 7 % 40))}}]}""")];
        string file = model.File("texts.jsonl");
        await File.WriteAllLinesAsync(file, lines, TestContext.Current.CancellationToken);
        var all = await ToolformerRun.Of("score", "--model", model.Folder, "--input", file);
        Assert.Equal(Enumerable.Range(0, 600).Select(i => $"t{i}"),
            all.Records.Select(r => r.GetProperty("id").GetString()));
        var one = await ToolformerRun.OfInput(lines[599], "score", "--model", model.Folder);
        double[] alone = Logprobs(one.Records[0]), among = Logprobs(all.Records[599]);
        Assert.All(alone.Zip(among), p => Assert.Equal(p.First, p.Second, 1e-4));
        Assert.Contains("600/600 texts", all.Error);
    }

    [Fact]
    public async Task Without_an_id_a_result_carries_the_number_of_its_line()
    {
        using var model = new TinyModel();
        var run = await ToolformerRun.OfInput("\n{\"text\": \"a\"}\n\n{\"text\": \"b\"}\n", "score",
            "--model", model.Folder);
        Assert.Equal([2, 4], run.Records.Select(r => r.GetProperty("id").GetInt32()));
    }

    [Fact]
    public async Task A_folder_without_tokenizer_scores_ids_and_refuses_text()
    {
        using var model = new TinyModel(withTokenizer: false);
        var ids = await ToolformerRun.OfInput("""{"input_ids": [1, 2]}""", "score", "--model", model.Folder);
        Assert.Equal(0, ids.Status);
        var text = await ToolformerRun.OfInput("""{"text": "a"}""", "score", "--model", model.Folder);
        text.AssertRefused("no tokenizer", "standard input, line 1", "input_ids");
    }

    [Theory]
    [InlineData("""{"text": 5}""", "must be a string")]
    [InlineData("""{"input_ids": [1, 5000]}""", "[1] is 5000")]
    [InlineData("""{"input_ids": [1.5]}""", "[0] is 1.5")]
    [InlineData("""{"input_ids": []}""", "no token")]
    [InlineData("""{"texts": "a"}""", "neither")]
    [InlineData("""{"text": "\ud800"}""", "surrogate")]
    [InlineData("""["a"]""", "must be a JSON object")]
    [InlineData("""{"text": "a""", "not valid JSON")]
    public async Task A_bad_line_is_named_with_its_fault_and_what_stood_before_it_is_scored(string line, string fault)
    {
        using var model = new TinyModel();
        var run = await ToolformerRun.OfInput("{\"text\": \"a\"}\n" + line, "score", "--model", model.Folder);
        run.AssertRefused(fault, "standard input, line 2");
    }

    [Fact]
    public async Task A_text_longer_than_the_context_is_named()
    {
        using var model = new TinyModel();
        string ids = string.Join(',', Enumerable.Repeat(1, 65));
        var run = await ToolformerRun.OfInput($$"""{"input_ids": [{{ids}}]}""", "score", "--model", model.Folder);
        run.AssertRefused("65 tokens", "64", "line 1");
    }

    [Theory]
    [InlineData("--device", "cuda:77", "cpu")]
    [InlineData("--dtype", "float8", "bfloat16")]
    public async Task An_unknown_device_or_number_format_lists_those_that_there_are(
        string option, string name, string there)
    {
        using var model = new TinyModel();
        var run = await ToolformerRun.Of("score", "--model", model.Folder, option, name);
        Assert.Equal(2, run.Status);
        Assert.Contains(name, run.Error);
        Assert.Contains(there, run.Error);
    }

    private static string Raw(JsonElement e, string field) => e.GetProperty(field).GetRawText();

    private static int[] Integers(JsonElement e) => [.. e.EnumerateArray().Select(x => x.GetInt32())];

    private static double[] Logprobs(JsonElement record) =>
        [.. record.GetProperty("token_logprobs").EnumerateArray().Skip(1).Select(e => e.GetDouble())];
}
