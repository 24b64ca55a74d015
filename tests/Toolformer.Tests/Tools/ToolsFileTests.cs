using Toolformer.Tests.Fakes;
using Toolformer.Tools;
using Toolformer.Tools.Outbound;

namespace Toolformer.Tests.Tools;

public class ToolsFileTests
{
    private sealed record EchoOptions(string Says, int Times = 1);

    /// <summary>Makes as many tools as it is told to.</summary>
    private sealed class EchoKind(List<string> disposed) : ToolKind
    {
        public override string Kind => "echo";

        public override ValueTask<IReadOnlyList<Tool>> OpenAsync(
            ToolSettings settings, CancellationToken cancellation)
        {
            var options = settings.Read<EchoOptions>();
            settings.Own(new Resource(settings.Name, disposed));
            return new([.. Enumerable.Range(0, options.Times).Select(i =>
                new FakeTool(settings.Name + (i == 0 ? "" : $"{i}"), settings.Reveal(options.Says)))]);
        }
    }

    private sealed class Resource(string name, List<string> disposed) : IDisposable
    {
        public void Dispose() => disposed.Add(name);
    }

    private readonly List<string> _disposed = [];

    private async Task<ToolSet> Open(string json, params string[]? selected) =>
        await ToolsFile.Parse(json, "tools.json").OpenAsync([new EchoKind(_disposed)], Catalog.Find<Tool>(), selected,
            new Secrets(name => name == "WORD" ? "swordfish" : null), new ManualTime(), default);

    [Fact]
    public async Task It_names_the_tools_with_their_options_and_limits()
    {
        await using var set = await Open("""
            {
              "hosts": ["api.example.org"], // where Echo asks
              "tools": {
                "Calculator": {"limits": {"time_limit": 2.5, "retries": 3}},
                "Echo": {"kind": "echo", "says": "the ${WORD}", "times": 2},
              },
            }
            """, selected: null);
        Assert.Equal(["Calculator", "Echo", "Echo1"], set.Toolbox.Tools.Select(t => t.Name));
        Assert.Equal((2.5, 3), (set.Limits["Calculator"].TimeLimit, set.Limits["Calculator"].Retries));
        var result = await set.Toolbox.CallAsync("Echo1", "", new ToolContext(new ManualTime()));
        Assert.Equal("the swordfish", result.Text);
    }

    [Theory]
    [InlineData("B", "B", "B")]
    [InlineData("A,B", "A B", "B A")]
    [InlineData("A1", "A1", "B A")]
    public async Task Only_what_is_selected_is_opened_and_all_that_was_opened_is_disposed(
        string selected, string tools, string opened)
    {
        const string json = """
            {"tools": {"A": {"kind": "echo", "says": "a", "times": 2}, "B": {"kind": "echo", "says": "b"}}}
            """;
        await using (var set = await Open(json, selected.Split(',')))
            Assert.Equal(tools.Split(' '), set.Toolbox.Tools.Select(t => t.Name));
        Assert.Equal(opened.Split(' '), _disposed);
    }

    [Theory]
    [InlineData("{", "no JSON", "tools.json")]
    [InlineData("[]", "Expected an object")]
    [InlineData("{}", "tools")]
    [InlineData("""{"tools": []}""", "Array")]
    [InlineData("""{"tool": {}, "tools": {}}""", "no field 'tool'", "Did you mean tools?")]
    [InlineData("""{"tools": {}, "hosts": ["http://x"]}""", "'http://x' is no host")]
    [InlineData("""{"tools": {"A": 1}}""", "Number", "tool A")]
    [InlineData("""{"tools": {"A": {"kind": 1}}}""", "\"kind\"", "tool A")]
    [InlineData("""{"tools": {"A": {"kind": "ecco"}}}""", "no kind of tool 'ecco'", "Did you mean echo?", "tool A")]
    [InlineData("""{"tools": {"Calculater": {}}}""", "Did you mean Calculator?", "tool Calculater")]
    [InlineData("""{"tools": {"Calculator": {"x": 1}}}""", "takes no options", "tool Calculator")]
    [InlineData("""{"tools": {"A": {"kind": "echo", "says": "a", "time": 1}}}""", "Did you mean times?", "tool A")]
    [InlineData("""{"tools": {"A": {"kind": "echo"}}}""", "says", "tool A")]
    [InlineData("""{"tools": {"A": {"kind": "echo", "says": 1}}}""", "says", "tool A")]
    [InlineData("""{"tools": {"A": {"kind": "echo", "says": "${NONE}"}}}""", "NONE is not set", "tool A")]
    [InlineData("""{"tools": {"A": {"kind": "echo", "says": "${"}}}""", "${NAME}", "tool A")]
    [InlineData("""{"tools": {"Calculator": {"limits": {"retry": 1}}}}""", "Did you mean retries?", "tool Calculator")]
    [InlineData("""{"tools": {"Calculator": {}, "Calculator": {}}}""", "no JSON")]
    [InlineData("""{"tools": {"A1": {"kind": "echo", "says": "a"}, "A": {"kind": "echo", "says": "a", "times": 2}}}""",
        "two tools named A1", "tool A")]
    public async Task What_is_wrong_is_refused_in_three_parts(string json, params string[] parts)
    {
        var e = await Assert.ThrowsAsync<InvalidDataException>(() => Open(json, selected: null));
        Assert.All(parts, part => Assert.Contains(part, e.Message));
        Assert.Contains("tools.json", e.Message);
        Assert.True(e.Message.Split('\n').Length >= 3, e.Message);
        Assert.DoesNotContain("swordfish", e.Message);
    }
}
