using System.Net;
using CsCheck;
using Toolformer.Markup;
using Toolformer.Tests.Fakes;
using Toolformer.Tools;
using Toolformer.Tools.Outbound;

namespace Toolformer.Tests.Tools;

/// <summary>
/// What tools made from a tools file keep to, with the starter file of each kind of the catalogue: a new kind is
/// covered by having one. Nothing answers behind them, so that calls end with a reason.
/// </summary>
public class ToolKindContractTests
{
    private static readonly ToolContext Context = new(new ManualTime());

    public static TheoryData<string> Kinds =>
        [.. Catalog.Find<ToolKind>().Where(k => k.Starter("Starter").Count > 0).Select(k => k.Kind)];

    private static async Task Each(string kind, Func<Tool, Task> check)
    {
        var starter = Catalog.Find<ToolKind>().Single(k => k.Kind == kind).Starter("Starter");
        var folder = Directory.CreateTempSubdirectory("starter-");
        try
        {
            foreach (var (name, text) in starter)
                await File.WriteAllTextAsync(Path.Combine(folder.FullName, name), text);
            await using var set = await ToolsFile.Read(Path.Combine(folder.FullName, "tools.json")).OpenAsync(
                Catalog.Find<ToolKind>(), Catalog.Find<Tool>(), null, new Secrets(name => $"secret of {name}"),
                TimeProvider.System, default, (_, _) => new(Array.Empty<IPAddress>()));
            Assert.NotEmpty(set.Toolbox.Tools);
            foreach (var tool in set.Toolbox.Tools)
                await check(tool);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Garbage_is_answered_and_nothing_is_thrown(string kind) => await Each(kind, async tool =>
    {
        foreach (string input in ToolContractTests.Garbage)
        {
            var result = await tool.CallAsync(input, Context, default);
            Assert.InRange((result.Error ?? result.Text)!.Length, 1, 1000);
            tool.IsWorthAnnotating(new("id", input));
            tool.IsAdmissible(input, input.Length / 2, input);
            tool.ChangesSomething(input);
        }
    });

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Any_text_is_answered_and_nothing_is_thrown(string kind) => await Each(kind, tool =>
    {
        Gen.String.Sample(input => tool.CallAsync(input, Context, default).AsTask().Result != default, iter: 50);
        return Task.CompletedTask;
    });

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_cancelled_call_is_not_answered(string kind) => await Each(kind, async tool =>
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            await tool.CallAsync("x", Context, new CancellationToken(canceled: true))));

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task It_says_what_it_is_and_shows_calls_of_its_own(string kind) => await Each(kind, tool =>
    {
        Assert.True(CallSyntax.IsName(tool.Name));
        Assert.EndsWith(".", tool.Description);
        Assert.Contains($"[{tool.Name}(", tool.Instruction);
        Assert.DoesNotContain("examples", tool.Instruction);
        Assert.NotEqual("", tool.Version);
        Assert.InRange(tool.Demonstrations.Count, 2, 8);
        foreach (string demonstration in tool.Demonstrations)
        {
            var calls = CallSyntax.Find(demonstration);
            Assert.NotEmpty(calls);
            Assert.All(calls, c => Assert.Equal((tool.Name, null), (c.Call.Tool, c.Call.Result)));
            Assert.All(calls, c => Assert.True(tool.InputPattern(null)?.Matches(c.Call.Input) ?? true));
        }
        return Task.CompletedTask;
    });
}
