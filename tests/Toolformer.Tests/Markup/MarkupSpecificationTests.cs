using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Toolformer.Markup;
using Toolformer.Tools.Arguments;

namespace Toolformer.Tests.Markup;

/// <summary>Executes the fenced examples of spec/markup.md.</summary>
public class MarkupSpecificationTests
{
    public static TheoryData<string, string> Examples()
    {
        string text = File.ReadAllText(Path.Combine(Shared.Root, "spec", "markup.md"));
        var data = new TheoryData<string, string>();
        const RegexOptions lines = RegexOptions.Multiline | RegexOptions.Singleline;
        foreach (Match fence in Regex.Matches(text, "^```(\\w+)\n(.*?)^```$", lines))
            data.Add(fence.Groups[1].Value, fence.Groups[2].Value);
        return data;
    }

    [Fact]
    public void The_specification_has_examples_of_every_kind() =>
        Assert.Equal(["arguments", "input", "neutralise", "print", "read", "unprintable"],
            Examples().Select(e => e.Data.Item1).Distinct().Order());

    [Theory]
    [MemberData(nameof(Examples))]
    public void The_examples_of_the_specification_hold(string kind, string example)
    {
        var lines = Lines(example);
        string One(string key) => lines.Single(l => l.Key == key).Values.Single()!;
        var calls = lines.Where(l => l.Key == "call").Select(l => new ApiCall(l.Values[0]!, l.Values[1]!, l.Values[2]));
        switch (kind)
        {
            case "print":
                Assert.Equal(One("text"), CallSyntax.Print(calls.Single()));
                break;
            case "unprintable":
                Assert.Throws<ArgumentException>(() => CallSyntax.Print(calls.Single()));
                break;
            case "read":
                var tools = lines.FirstOrDefault(l => l.Key == "tools").Values?.OfType<string>().ToHashSet();
                string text = One("text");
                var scan = CallSyntax.Scan(text, tools);
                Assert.Equal(calls, scan.Calls.Select(c => c.Call));
                Assert.Equal(One("plain"), CallSyntax.Strip(text, tools));
                if (lines.Any(l => l.Key == "settled"))
                    Assert.Equal(One("settled"), text[..scan.Incomplete!.Value]);
                else
                    Assert.Null(scan.Incomplete);
                break;
            case "input":
                Assert.Equal(One("becomes"), CallSyntax.NormaliseInput(One("input")));
                break;
            case "neutralise":
                int limit = lines.Any(l => l.Key == "limit") ? int.Parse(One("limit")) : CallSyntax.MaxResultLength;
                Assert.Equal(One("becomes"), CallSyntax.Neutralise(One("result"), limit));
                break;
            case "arguments":
                AssertArguments(lines);
                break;
            default:
                Assert.Fail($"spec/markup.md has an example of the unknown kind '{kind}'");
                break;
        }
    }

    private static void AssertArguments(List<(string Key, string?[] Values)> lines)
    {
        string?[] Of(string key) => lines.FirstOrDefault(l => l.Key == key).Values ?? [];
        var parameters = Of("parameters").Select(p => p!.Split(' ')).ToList();
        var signature = Signature.Of(JsonSerializer.SerializeToElement(new
        {
            type = "object",
            properties = parameters.ToDictionary(p => p[0], p => p[1].TrimEnd('?') is "list"
                ? (object)new { type = "array", items = new { type = "string" } }
                : new { type = p[1].TrimEnd('?') }),
            required = parameters.Where(p => !p[1].EndsWith('?')).Select(p => p[0]),
        }));
        var (read, error) = signature.Parse(Of("input").Single()!);
        if (Of("unreadable") is [{ } reason])
        {
            Assert.Contains(reason, error);
            return;
        }
        Assert.Null(error);
        var expected = new JsonObject(Of("arguments").Chunk(2)
            .Select(a => KeyValuePair.Create(a[0]!, JsonNode.Parse(a[1]!))));
        Assert.True(JsonNode.DeepEquals(expected, read), read!.ToJsonString());
        Assert.Equal(Of("prints").Single(), signature.Print(read));
    }

    /// <summary>`key: "a" "b" null` per line.</summary>
    private static List<(string Key, string?[] Values)> Lines(string example) =>
        [.. example.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line =>
        {
            int colon = line.IndexOf(':');
            var values = Regex.Matches(line[(colon + 1)..], "\"(?:[^\"\\\\]|\\\\.)*\"|null|\\d+")
                .Select(m => m.Value[0] == '"' ? JsonSerializer.Deserialize<string>(m.Value)
                    : m.Value == "null" ? null : m.Value);
            return (line[..colon], values.ToArray());
        })];
}
