using System.Text.Json;
using Parquet.Serialization;
using Toolformer.Markup;
using Toolformer.Pipeline;

namespace Toolformer.Tests.Pipeline;

public sealed class DatasetExportTests : IDisposable
{
    private static readonly DatasetExample[] Examples =
    [
        Example("pears", "They had 25 pears and bought 17", "25 + 17", "42", " more, 42 \"in all\"\nnow."),
        new("two", " [Calculator(1 + 1) -> 2] 2 and 3 [Calendar() ->] today", [1, 2],
            [new("Calculator", "1 + 1", "2", 0, 1, 2), new("Calendar", "", "", 3, 4, 5)]),
        Example("naïve 日本", "The price was", "400 / 1400", "0.29", ""),
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("export").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_text_becomes_a_conversation_whose_contents_are_the_text_without_its_calls()
    {
        string path = Path.Combine(_folder, "data.jsonl");
        Assert.Equal(3, await Write(path, ExportColumns.Text | ExportColumns.Messages));
        var lines = JsonLines.Read<JsonElement>(path).ToList();
        Assert.Equal(["id", "text", "messages", "tools"], lines[0].EnumerateObject().Select(p => p.Name));
        Assert.All(Examples.Zip(lines), pair =>
        {
            Assert.Equal(pair.First.Text, pair.Second.GetProperty("text").GetString());
            var said = pair.Second.GetProperty("messages").EnumerateArray()
                .Where(m => m.GetProperty("role").GetString() != "tool")
                .Select(m => m.GetProperty("content").GetString());
            Assert.Equal(CallSyntax.Strip(pair.First.Text), string.Concat(said));
        });
        var turns = lines[1].GetProperty("messages").EnumerateArray().ToList();
        Assert.Equal(["user", "assistant", "tool", "assistant", "tool", "assistant"],
            turns.Select(t => t.GetProperty("role").GetString()));
        var call = turns[3].GetProperty("tool_calls")[0];
        Assert.Equal("function", call.GetProperty("type").GetString());
        Assert.Equal("Calendar", call.GetProperty("function").GetProperty("name").GetString());
        Assert.Equal("", call.GetProperty("function").GetProperty("arguments").GetProperty("input").GetString());
        Assert.Equal(call.GetProperty("id").GetString(), turns[4].GetProperty("tool_call_id").GetString());
        Assert.Equal("2", turns[2].GetProperty("content").GetString());
        Assert.Equal(["Calculator", "Calendar"], lines[1].GetProperty("tools").EnumerateArray()
            .Select(t => t.GetProperty("function").GetProperty("name").GetString()));
        Assert.Equal("about Calculator", lines[0].GetProperty("tools")[0].GetProperty("function")
            .GetProperty("description").GetString());
    }

    [Fact]
    public async Task Parquet_holds_what_JSON_Lines_hold()
    {
        string parquet = Path.Combine(_folder, "data.parquet"), lines = Path.Combine(_folder, "data.jsonl");
        await Write(parquet, ExportColumns.Text | ExportColumns.Messages);
        await Write(lines, ExportColumns.Text | ExportColumns.Messages);
        var read = (await ParquetSerializer.DeserializeAsync<ExportedLine>(
            parquet, cancellationToken: TestContext.Current.CancellationToken)).Data;
        Assert.Equal(JsonLines.Read<ExportedLine>(lines).Select(Json), read.Select(Json));

        // An absent list comes back empty from Parquet.
        static string Json(ExportedLine line) =>
            JsonSerializer.Serialize(line, JsonLines.Format).Replace(",\"tool_calls\":[]", "");
    }

    [Theory, InlineData(ExportColumns.Text, "id,text"), InlineData(ExportColumns.Messages, "id,messages,tools")]
    public async Task Columns_can_be_chosen(ExportColumns columns, string names)
    {
        string parquet = Path.Combine(_folder, "data.parquet"), lines = Path.Combine(_folder, "data.jsonl");
        await Write(parquet, columns);
        await Write(lines, columns);
        Assert.All(JsonLines.Read<JsonElement>(lines),
            line => Assert.Equal(names, string.Join(',', line.EnumerateObject().Select(p => p.Name))));
        await using var reader = await Parquet.ParquetReader.CreateAsync(
            parquet, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(names, string.Join(',', reader.Schema.Fields.Select(f => f.Name)));
    }

    [Fact]
    public async Task What_was_exported_as_text_is_a_corpus_again()
    {
        string path = Path.Combine(_folder, "data.parquet");
        await Write(path, ExportColumns.Text | ExportColumns.Messages);
        Assert.Equal(Examples.Select(e => (e.Id, e.Text)), new Corpus([path]).Read().Select(d => (d.Id, d.Text)));
    }

    [Fact]
    public void A_text_that_does_not_hold_its_calls_is_refused_with_its_id()
    {
        var broken = Examples[0] with { Text = "They had pears." };
        var error = Assert.Throws<InvalidDataException>(() => DatasetExport.Messages(broken));
        Assert.Contains("'pears'", error.Message);
    }

    private static DatasetExample Example(string id, string before, string input, string result, string after)
    {
        var call = new ApiCall("Calculator", input, result);
        return new(id, before + CallSyntax.Print(call) + after, [1, 2, 3],
            [new DatasetCall("Calculator", input, result, 1, 2, 3)]);
    }

    private static Task<long> Write(string path, ExportColumns columns) => DatasetExport.WriteAsync(
        Examples, path, columns, name => $"about {name}", TestContext.Current.CancellationToken);
}
