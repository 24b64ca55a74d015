using System.Reflection;
using PublicApiGenerator;
using Toolformer.Torch;

namespace Toolformer.Tests;

/// <summary>What users of the two libraries compile against, held as text: a change shows in review.</summary>
public class PublicApiTests
{
    private const string Accept = "ACCEPT_API";

    private static readonly ApiGeneratorOptions Options = new()
    {
        IncludeAssemblyAttributes = false,
        // What the compiler adds for itself.
        ExcludeAttributes =
        [
            "System.Runtime.CompilerServices.CompilerGeneratedAttribute",
            "System.Text.RegularExpressions.GeneratedRegexAttribute",
            "System.Runtime.CompilerServices.AsyncIteratorStateMachineAttribute",
            "System.Runtime.CompilerServices.AsyncStateMachineAttribute",
            "System.Runtime.CompilerServices.IteratorStateMachineAttribute",
        ],
    };

    public static TheoryData<string> Libraries => [.. Assemblies.Select(a => a.GetName().Name!)];

    private static Assembly[] Assemblies => [typeof(Catalog).Assembly, typeof(ModelFolder).Assembly];

    [Theory]
    [MemberData(nameof(Libraries))]
    public void The_public_API_is_the_approved_one(string library)
    {
        string file = Path.Combine(Shared.Root, "tests", "Toolformer.Tests", "Approved", $"{library}.txt");
        string api = Assemblies.Single(a => a.GetName().Name == library).GeneratePublicApi(Options)
            .ReplaceLineEndings("\n").TrimEnd() + "\n";
        if (Environment.GetEnvironmentVariable(Accept) == "1")
            File.WriteAllText(file, api);
        string approved = File.Exists(file) ? File.ReadAllText(file).ReplaceLineEndings("\n") : "";
        string[] now = api.Split('\n'), before = approved.Split('\n');
        string[] changes = [.. before.Except(now).Select(l => $"- {l.Trim()}").Concat(
            now.Except(before).Select(l => $"+ {l.Trim()}"))];
        Assert.True(api == approved, $"The public API of {library} is not the approved one"
            + (changes.Length > 0 ? $":\n{string.Join('\n', changes.Take(40))}\n" : ": lines moved.\n")
            + (changes.Length > 40 ? $"… {changes.Length - 40} lines more\n" : "")
            + $"  in {Path.GetRelativePath(Shared.Root, file)}\n"
            + $"  Where that is meant, run this test with {Accept}=1, which writes the file, and commit it.");
    }
}
