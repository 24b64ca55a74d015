using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Toolformer.Cli;
using Toolformer.Torch;

namespace Toolformer.Tests;

/// <summary>The rules of the house that a compiler does not check.</summary>
public partial class ArchitectureTests
{
    private const int MaxLines = 400, MaxColumns = 120;

    /// <summary>Which layers of src/Toolformer a layer may use, beside itself and the files at the root.</summary>
    private static readonly Dictionary<string, string[]> Arrows = new()
    {
        ["Modeling"] = [],
        ["Markup"] = ["Modeling"],
        ["Tools"] = ["Modeling", "Markup"],
        ["Corpora"] = ["Modeling", "Markup", "Tools"],
        ["Pipeline"] = ["Modeling", "Markup", "Tools"],
        ["Inference"] = ["Modeling", "Markup", "Tools"],
        ["Evaluation"] = ["Modeling", "Markup", "Tools", "Corpora", "Inference", "Pipeline"],
        ["Reports"] = ["Modeling", "Markup", "Tools", "Corpora", "Inference", "Pipeline", "Evaluation"],
    };

    private static readonly Assembly[] Assemblies =
        [typeof(Catalog).Assembly, typeof(ModelFolder).Assembly, typeof(CommandLine).Assembly];

    [Fact]
    public void A_file_has_at_most_400_lines_and_a_line_at_most_120_characters()
    {
        var offenders = Sources("src", "tests", "bench", "examples").SelectMany(file =>
        {
            string[] lines = File.ReadAllLines(file);
            var long_ = lines.Index().Where(l => l.Item.Length > MaxColumns).Select(l => $"{file}:{l.Index + 1}");
            return lines.Length > MaxLines ? long_.Append($"{file}: {lines.Length} lines") : long_;
        });
        Assert.Empty(offenders);
    }

    [Fact]
    public void The_layers_use_each_other_in_one_direction()
    {
        string core = Path.Combine(Shared.Root, "src", "Toolformer");
        Assert.Equal(Arrows.Keys.Order(), Directory.GetDirectories(core).Select(Path.GetFileName)
            .Where(name => name is not ("bin" or "obj")).Order());
        var offenders = from layer in Arrows.Keys
                        from file in Directory.GetFiles(Path.Combine(core, layer), "*.cs", SearchOption.AllDirectories)
                        from Match name in LayerName().Matches(WithoutComments(File.ReadAllText(file)))
                        let used = name.Groups[1].Value
                        where Arrows.ContainsKey(used) && used != layer && !Arrows[layer].Contains(used)
                        select $"{file} uses {used}";
        Assert.Empty(offenders);
    }

    [Fact]
    public void A_namespace_is_its_folder()
    {
        string src = Path.Combine(Shared.Root, "src");
        var offenders = from file in Sources("src")
                        let name = Namespace().Match(File.ReadAllText(file)).Groups[1].Value
                        where name != "" && name != Path.GetRelativePath(src, Path.GetDirectoryName(file)!)
                            .Replace(Path.DirectorySeparatorChar, '.')
                        select $"{file} is in {name}";
        Assert.Empty(offenders);
    }

    [Fact]
    public void The_core_needs_no_native_library_and_no_console()
    {
        var references = Assemblies[0].GetReferencedAssemblies().Select(a => a.Name!).ToList();
        Assert.DoesNotContain(references, name => name.StartsWith("Torch", StringComparison.Ordinal)
            || name is "System.Console" or "System.CommandLine" or "Spectre.Console");
        Assert.DoesNotContain(Assemblies[1].GetReferencedAssemblies(), a => a.Name is "Toolformer.Cli"
            or "System.Console" or "System.CommandLine" or "Spectre.Console");
    }

    [Fact]
    public void The_engine_knows_no_tool_and_no_markup()
    {
        // Where the two meet: a reader or a translator that is a model.
        string[] meeting = ["Reading", "Translating"];
        var offenders = Sources("src/Toolformer.Torch")
            .Where(file => !meeting.Contains(Path.GetFileName(Path.GetDirectoryName(file))))
            .Where(file => LayerName().Matches(WithoutComments(File.ReadAllText(file)))
                .Any(m => m.Groups[1].Value is "Tools" or "Markup"));
        Assert.Empty(offenders);
    }

    [Fact]
    public void Nothing_static_can_change()
    {
        const BindingFlags all = BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic
            | BindingFlags.DeclaredOnly;
        var offenders = from assembly in Assemblies
                        from type in assembly.GetTypes()
                        where !IsGenerated(type)
                        from field in type.GetFields(all)
                        where !field.IsInitOnly && !field.IsLiteral && !IsGenerated(field)
                        select $"{type.FullName}.{field.Name}";
        Assert.Empty(offenders);
    }

    [Fact]
    public void No_name_of_a_class_says_nothing()
    {
        var offenders = Assemblies.SelectMany(a => a.GetTypes()).Where(t => !IsGenerated(t))
            .Select(t => t.Name.Split('`')[0]).Where(name => EmptyName().IsMatch(name));
        Assert.Empty(offenders);
    }

    [Fact]
    public void No_file_holds_the_path_of_a_machine()
    {
        string[] kinds = ["*.cs", "*.md", "*.json", "*.props", "*.targets", "*.csproj"];
        string[] folders = ["src", "tests", "recipes", "spec", "examples"];
        var files = kinds.SelectMany(kind => folders
            .Select(folder => Path.Combine(Shared.Root, folder)).Where(Directory.Exists)
            .SelectMany(folder => Directory.GetFiles(folder, kind, SearchOption.AllDirectories))
            .Where(file => !file.Contains("node_modules")) // installed, not ours
            .Concat(Directory.GetFiles(Shared.Root, kind)));
        var offenders = files.Where(file => MachinePath().IsMatch(File.ReadAllText(file)));
        Assert.Empty(offenders);
    }

    private static IEnumerable<string> Sources(params string[] folders) => folders
        .Select(folder => Path.Combine(Shared.Root, folder)).Where(Directory.Exists)
        .SelectMany(folder => Directory.GetFiles(folder, "*.cs", SearchOption.AllDirectories))
        .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}"));

    private static string WithoutComments(string source) => Comment().Replace(source, "");

    private static bool IsGenerated(MemberInfo member) =>
        member.Name.Contains('<') || member.IsDefined(typeof(CompilerGeneratedAttribute))
        || (member is Type { FullName: not null } type && type.FullName.Contains('<'))
        || (member.DeclaringType is { } outer && IsGenerated(outer));

    [GeneratedRegex(@"\bToolformer\.([A-Z][a-z]+)\b")]
    private static partial Regex LayerName();

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    [GeneratedRegex(@"^\s*//.*$", RegexOptions.Multiline)]
    private static partial Regex Comment();

    [GeneratedRegex("(Manager|Helper|Helpers|Util|Utils|Utility|Impl|Factory)$")]
    private static partial Regex EmptyName();

    [GeneratedRegex("(?<![A-Za-z0-9.:])(/(home|root|Users|mnt|work)/[A-Za-z0-9]|[A-Z]:\\\\[A-Za-z])")]
    private static partial Regex MachinePath();
}
