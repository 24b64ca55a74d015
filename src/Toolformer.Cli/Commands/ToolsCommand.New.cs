using System.CommandLine;
using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Toolformer.Cli.Displays;
using Toolformer.Cli.Options;
using Toolformer.Markup;
using Toolformer.Tools;

namespace Toolformer.Cli.Commands;

public sealed partial class ToolsCommand
{
    /// <summary>Writes what a tool of one's own begins with.</summary>
    private sealed class NewTool : Verb
    {
        /// <summary>A C# class: the one kind that no tools file makes.</summary>
        private const string Class = "class";

        private const string Template = "LetterCount";

        private static readonly JsonSerializerOptions Format = new()
        {
            WriteIndented = true,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        };

        private readonly CommonOptions _common = new();
        private readonly Argument<string> _name = new("name") { Description = "Name of the tool: letters, digits, _." };
        private readonly Option<string> _kind = new("--kind")
        {
            Description = $"{string.Join(", ", Starters().Select(k => k.Kind))}: an entry of tools.json, which every "
                + $"verb takes with --tools-file; {Class}: a C# class for src/Toolformer/Tools.",
            DefaultValueFactory = _ => "http",
            HelpName = "KIND",
        };
        private readonly Option<string> _out = new("--out")
        {
            Description = "Folder to write to; an entry is added to a tools.json that is there.",
            DefaultValueFactory = _ => ".",
            HelpName = "FOLDER",
        };

        public override string Name => "new";

        public override string Description =>
            """
            Writes a starter file for a tool of your own: an entry of tools.json, or a C# class. It replaces no file.
            Example: toolformer tools new Mayor --kind http --out runs/mayor
            """;

        public override IEnumerable<Option> Options => [_kind, _out, _common.Json];

        public override IEnumerable<Argument> Arguments => [_name];

        private static IReadOnlyList<ToolKind> Starters() =>
            [.. ToolOptions.Kinds([]).Where(k => k.Starter("Name").Count > 0)];

        public override async Task<int> RunAsync(
            ParseResult arguments, Display display, CancellationToken cancellation)
        {
            string name = arguments.GetValue(_name)!, kind = arguments.GetValue(_kind)!;
            if (!CallSyntax.IsName(name))
                throw new ArgumentException($"'{name}' can't name a tool in a call.\n  in the arguments\n"
                    + "  Use letters, digits and underscores, a letter first.");
            var starters = Starters();
            var files = kind == Class
                ? new Dictionary<string, string> { [$"{name}.cs"] = await ClassAsync(name, cancellation) }
                : starters.FirstOrDefault(k => k.Kind == kind)?.Starter(name) ?? throw new ArgumentException(
                    $"{Spelling.Unknown("kind", kind, starters.Select(k => k.Kind).Append(Class))}\n  in --kind\n"
                    + "  Name one of them.");
            string folder = arguments.GetValue(_out)!;
            Directory.CreateDirectory(folder);
            // All is checked before anything is written.
            var texts = files.ToDictionary(f => Path.Combine(folder, f.Key), f => f.Key == "tools.json"
                ? Merged(Path.Combine(folder, f.Key), f.Value) : f.Value);
            if (texts.Keys.FirstOrDefault(p => Path.GetFileName(p) != "tools.json" && File.Exists(p)) is { } there)
                throw new ArgumentException($"There is a file {there} already.\n  in --out {folder}\n"
                    + "  Take another name, or move the file away.");
            foreach (var (path, text) in texts)
            {
                await File.WriteAllTextAsync(path, text, cancellation);
                if (arguments.GetValue(_common.Json))
                    display.Result(new { File = path });
                else
                    display.Result(path);
            }
            display.Note(kind == Class
                ? "Put it into src/Toolformer/Tools/, namespace Toolformer.Tools: it is found there, and its contract "
                    + "tested. CONTRIBUTING.md has the recipe."
                : "Edit it, then: toolformer tools list --tools-file "
                    + $"{Path.Combine(folder, "tools.json")}, and: toolformer tools call …");
            return CommandLine.Done;
        }

        /// <summary>The class of Starters/, which is compiled and tested as it is, under another name.</summary>
        private static async Task<string> ClassAsync(string name, CancellationToken cancellation)
        {
            using var resource = Assembly.GetExecutingAssembly().GetManifestResourceStream($"{Template}.cs")!;
            using var reader = new StreamReader(resource);
            return (await reader.ReadToEndAsync(cancellation))
                .Replace(Template, name)
                .Replace("namespace Toolformer.Cli.Starters;", "namespace Toolformer.Tools;")
                .Replace("using Toolformer.Tools;\n", "")
                .Replace($": what `toolformer tools new NAME --kind {Class}` begins with", "");
        }

        /// <summary>The tools file with the starter's hosts and tools added.</summary>
        private static string Merged(string path, string starter)
        {
            if (!File.Exists(path))
                return starter + "\n";
            ToolsFile.Read(path); // says what is wrong with it
            var (old, added) = (Parse(File.ReadAllText(path)), Parse(starter));
            var (tools, hosts) = (old["tools"]!.AsObject(), old["hosts"] as JsonArray ?? []);
            foreach (var (name, entry) in added["tools"]!.AsObject().ToList())
            {
                if (tools.ContainsKey(name))
                    throw new ArgumentException($"There is a tool {name} already.\n  in {path}\n  Take another name.");
                tools[name] = entry!.DeepClone();
            }
            foreach (var host in added["hosts"]!.AsArray().Where(h => hosts.All(o => o?.ToString() != h!.ToString())))
                hosts.Add(host!.DeepClone());
            if (hosts.Parent is null && hosts.Count > 0)
                old["hosts"] = hosts;
            return old.ToJsonString(Format) + "\n";
        }

        private static JsonObject Parse(string json) => JsonNode.Parse(json, documentOptions: new JsonDocumentOptions
        {
            CommentHandling = JsonCommentHandling.Skip,
            AllowTrailingCommas = true,
        })!.AsObject();
    }
}
