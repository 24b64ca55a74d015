using System.Text.Json;
using Toolformer.Tests.Fakes;

namespace Toolformer.Tests.Cli;

public class TokenizeTests
{
    [Fact]
    public async Task A_text_becomes_ids_with_offsets_in_characters_and_the_ids_become_the_text()
    {
        using var model = new TinyModel();
        File.Delete(model.File("config.json")); // the tokenizer's files are enough
        const string text = "The cat 😀 sat, naïve 日本";
        var run = await ToolformerRun.OfInput(JsonSerializer.Serialize(new { id = "a", text }), "tokenize",
            "--model", model.Folder);
        Assert.Equal(0, run.Status);
        var record = run.Records.Single();
        Assert.Equal("a", record.GetProperty("id").GetString());
        int[][] offsets = [.. record.GetProperty("offsets").EnumerateArray()
            .Select(o => o.EnumerateArray().Select(e => e.GetInt32()).ToArray())];
        Assert.Equal(record.GetProperty("tokens").GetArrayLength(), offsets.Length);
        Assert.Equal(0, offsets[0][0]);
        Assert.Equal(text.EnumerateRunes().Count(), offsets[^1][1]);

        string ids = record.GetProperty("input_ids").GetRawText();
        var back = await ToolformerRun.OfInput($$"""{"id": 7, "input_ids": {{ids}}}""", "tokenize",
            "--model", model.Folder);
        Assert.Equal(text, back.Records.Single().GetProperty("text").GetString());
        Assert.Equal(7, back.Records.Single().GetProperty("id").GetInt32());
    }

    [Fact]
    public async Task A_special_token_in_a_text_counts_as_such_only_if_asked_for()
    {
        using var model = new TinyModel();
        const string line = """{"text": "a<|endoftext|>"}""";
        var plain = await ToolformerRun.OfInput(line, "tokenize", "--model", model.Folder);
        Assert.DoesNotContain(0, Ids(plain));
        var special = await ToolformerRun.OfInput(line, "tokenize", "--model", model.Folder, "--special");
        Assert.Equal(0, Ids(special)[^1]);
    }

    [Fact]
    public async Task A_folder_without_a_tokenizer_is_refused()
    {
        using var model = new TinyModel(withTokenizer: false);
        var run = await ToolformerRun.OfInput("""{"text": "a"}""", "tokenize", "--model", model.Folder);
        Assert.Equal(2, run.Status);
        Assert.Contains("tokenizer.json", run.Error);
    }

    private static int[] Ids(ToolformerRun run) =>
        [.. run.Records.Single().GetProperty("input_ids").EnumerateArray().Select(e => e.GetInt32())];
}
