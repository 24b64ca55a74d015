using Toolformer.Tests.Fakes;
using Toolformer.Tools;
using Toolformer.Tools.Outbound;
using Toolformer.Tools.Reading;
using Toolformer.Tools.Searching;
using Toolformer.Torch.Reading;

namespace Toolformer.Tests.Torch;

/// <summary>Readers that a tools file opens from model folders.</summary>
public sealed class ReaderKindTests : IDisposable
{
    private readonly SearchIndex _index = SearchIndex.InMemory([new("1", "mat", "The cat sat on the mat.")]);

    private async Task<ToolSet> Open(string reader) => await ToolsFile
        .Parse($$"""{"tools": {"QA": {"reader": {{reader}} } } }""", "tools.json")
        .OpenAsync(
            [new QuestionAnsweringKind(_index, Catalog.FindIn<ReaderKind>(typeof(ModelReaderKind).Assembly))], [], null,
            Secrets.None, TimeProvider.System, default);

    [Fact]
    public async Task A_model_folder_reads_passages()
    {
        using var folder = new TinyModel();
        string reader = $$"""
            {"kind": "model", "folder": "{{folder.Folder}}", "extract": true, "max_new_tokens": 4, "min_gain": -99,
             "min_log_probability": -99}
            """;
        await using var tools = await Open(reader);
        var result = await tools.Toolbox.CallAsync("QA", "cat?", new ToolContext(new ManualTime()));
        // 64 tokens of context hold no passage beside the question: it is said, not crashed upon.
        Assert.Contains("do not fit", result.Error);
    }

    [Theory]
    [InlineData("""{"kind": "model"}""", "folder")]
    [InlineData("""{"kind": "model", "folder": "x", "max_new_tokens": 0}""", "max_new_tokens")]
    [InlineData("""{"kind": "extractive", "folder": "x", "margin": 1}""", "min_margin")]
    [InlineData("""{"kind": "extract", "folder": "x"}""", "Did you mean extractive?")]
    public async Task A_wrong_option_is_named(string reader, string reason) =>
        Assert.Contains(reason, (await Assert.ThrowsAsync<InvalidDataException>(() => Open(reader))).Message);

    public void Dispose() => _index.Dispose();
}
