using System.CommandLine.Parsing;
using System.Text.RegularExpressions;
using Toolformer.Cli;
using Toolformer.Cli.Displays;

namespace Toolformer.Tests;

/// <summary>What the README says is there and can be typed.</summary>
public partial class ReadmeTests
{
    private static string Text => File.ReadAllText(Path.Combine(Shared.Root, "README.md"));

    /// <summary>The commands of its fences marked `sh`, as .ci/run reads them.</summary>
    private static IEnumerable<string> Commands => Fences("sh").SelectMany(Lines);

    public static TheoryData<string> ToolformerCommands =>
        [.. Commands.Select(c => c[(c.IndexOf("./toolformer", StringComparison.Ordinal) is >= 0 and var at ? at : 0)..])
            .Where(c => c.StartsWith("./toolformer", StringComparison.Ordinal))];

    [Fact]
    public void Every_verb_has_a_section_and_every_section_is_a_verb()
    {
        string verbs = Text[Text.IndexOf("\n## Verbs\n", StringComparison.Ordinal)..];
        verbs = verbs[..verbs.IndexOf("\n## Files\n", StringComparison.Ordinal)];
        Assert.Equal(
            CommandLine.Verbs().Select(v => v.Name), Heading().Matches(verbs).Select(m => m.Groups[1].Value).Order());
    }

    [Fact]
    public void Every_verb_has_an_example_in_its_help()
    {
        Assert.All(CommandLine.Verbs(), verb => Assert.Contains($"toolformer {verb.Name}",
            verb.Description[verb.Description.IndexOf("Example: ", StringComparison.Ordinal)..]));
    }

    [Theory]
    [MemberData(nameof(ToolformerCommands))]
    public void Every_command_can_be_typed(string command)
    {
        var display = new Display(TextReader.Null, TextWriter.Null, TextWriter.Null, TimeProvider.System);
        string[] arguments = [.. CommandLineParser.SplitCommandLine(command).Skip(1)];
        Assert.NotEmpty(arguments);
        Assert.Empty(CommandLine.Parse(arguments, display).Errors);
    }

    [Theory]
    [MemberData(nameof(ToolformerCommands))]
    public void Every_file_that_a_command_names_is_there(string command)
    {
        // models/nano and what lies under runs/ are made.
        string[] named = [.. CommandLineParser.SplitCommandLine(command)
            .Where(a => a.StartsWith("recipes/", StringComparison.Ordinal)
                || a.StartsWith("examples/", StringComparison.Ordinal))];
        Assert.All(named, path => Assert.True(Path.Exists(Path.Combine(Shared.Root, path)), path));
    }

    [Fact]
    public void Every_file_of_the_tree_is_there_and_has_a_comment()
    {
        string tree = Assert.Single(Fences("tree")), folder = "";
        foreach (string line in Lines(tree))
        {
            var match = TreeLine().Match(line);
            Assert.True(match.Success, $"no path with a comment: {line}");
            string path = match.Groups["path"].Value;
            bool isInside = match.Groups["indent"].Length > 0;
            if (!isInside)
                folder = path.EndsWith('/') ? path : "";
            string full = Path.Combine(Shared.Root, isInside ? folder + path : path);
            Assert.True(path.EndsWith('/') ? Directory.Exists(full) : File.Exists(full), full);
        }
    }

    [Fact]
    public void The_lines_of_CSharp_stand_in_the_example_that_is_built()
    {
        string example = File.ReadAllText(Path.Combine(Shared.Root, "examples", "generate.cs"));
        Assert.All(Fences("csharp"), fence => Assert.Contains(fence, example));
    }

    [Fact]
    public void Every_link_to_a_file_leads_to_one() =>
        Assert.All(Link().Matches(Text), link =>
            Assert.True(Path.Exists(Path.Combine(Shared.Root, link.Groups[1].Value)), link.Value));

    [Fact]
    public void The_two_commands_come_first() =>
        Assert.Equal(
            ["./toolformer quickstart", "dotnet test --solution toolformer.slnx -c Release"], Commands.Take(2));

    private static IEnumerable<string> Fences(string kind) => Fence().Matches(Text)
        .Where(m => m.Groups["kind"].Value == kind).Select(m => m.Groups["body"].Value);

    private static string[] Lines(string fence) => fence.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    [GeneratedRegex("^```(?<kind>\\w+)\n(?<body>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex("^### (\\S+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"^(?<indent> *)(?<path>\S+)  +\S.*$")]
    private static partial Regex TreeLine();

    [GeneratedRegex(@"\]\((?!https?:)([^)#]+)\)")]
    private static partial Regex Link();
}
