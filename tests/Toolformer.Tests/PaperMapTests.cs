using System.Text.RegularExpressions;

namespace Toolformer.Tests;

/// <summary>spec/paper.md names files and tests that exist.</summary>
public partial class PaperMapTests
{
    private static readonly string[] Rows = [.. File.ReadAllLines(Path.Combine(Shared.Root, "spec", "paper.md"))
        .Where(line => line.StartsWith('|') && !line.StartsWith("| claim") && !line.StartsWith("|--"))];

    [Fact]
    public void Every_claim_names_a_file_and_a_test() =>
        Assert.All(Rows, row =>
        {
            Assert.Contains(Names(row), name => name.Contains('/'));
            Assert.Contains(Names(row), name => name.Contains("Tests."));
        });

    [Fact]
    public void Every_file_and_every_test_that_is_named_exists()
    {
        var tests = typeof(PaperMapTests).Assembly.GetTypes().ToLookup(t => t.Name);
        Assert.All(Rows.SelectMany(Names), name =>
        {
            string[] parts = name.Split('.');
            bool exists = name.Contains('/')
                ? File.Exists(Path.Combine(Shared.Root, "src", name))
                : tests[parts[0]].Any(t => t.GetMethod(parts[1]) is not null);
            Assert.True(exists, $"spec/paper.md names {name}");
        });
    }

    /// <summary>The names in back quotes that are a path below src or `SomeTests.Method`.</summary>
    private static IEnumerable<string> Names(string row) => Name().Matches(row).Select(m => m.Groups[1].Value);

    [GeneratedRegex(@"`([\w.]+/[\w./]+\.cs|\w+Tests\.\w+)`")]
    private static partial Regex Name();
}
