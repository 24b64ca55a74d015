using System.Text.Json;
using System.Text.Json.Nodes;
using Toolformer.Corpora.Quickstart;
using Toolformer.Tools;
using Toolformer.Tools.Translating;

namespace Toolformer.Cli.Runs;

/// <summary>
/// The tools of a run as a tools file in its folder: the run teaches with it, and the model that comes out of it is
/// served with it, so that the same call gives the same answer.
/// </summary>
internal static class TaughtTools
{
    public const string FileName = "tools.json";

    private static readonly JsonSerializerOptions Format = new(JsonLines.Format) { WriteIndented = true };

    /// <summary>The tools file of a recipe, as it stands in a run folder.</summary>
    /// <param name="run">The run folder: paths in the file start there.</param>
    /// <param name="corpus">The folder of the generated corpus.</param>
    /// <exception cref="InvalidDataException">The recipe names a tool that is none, or that has no data.</exception>
    public static string Describe(Recipe recipe, string run, string corpus)
    {
        string[] known = [.. Catalog.Find<Tool>().Select(t => t.Name)];
        var entries = new JsonObject();
        foreach (string name in recipe.Tools.Keys)
        {
            if (!known.Contains(name))
                throw new InvalidDataException($"{Spelling.Unknown("tool", name, known)}\n  in the recipe, under "
                    + "tools\n  Mend the recipe and run again.");
            entries[name] = name switch
            {
                "WikiSearch" => Searching(name, QuickstartCorpus.PassagesFile),
                "QA" => Searching(name, QuickstartCorpus.KnowledgeFile),
                "MT" when recipe.IsQuickstart => new JsonObject
                {
                    ["kind"] = new GlossaryKind().Kind,
                    ["file"] = InRun(Path.Combine(corpus, QuickstartCorpus.GlossaryFile)),
                },
                _ => new JsonObject(),
            };
        }
        return new JsonObject { ["tools"] = entries }.ToJsonString(Format) + "\n";

        JsonObject Searching(string name, string generated)
        {
            var files = recipe.IsQuickstart ? [Path.Combine(corpus, generated)] : recipe.Index;
            return files.Count > 0
                ? new JsonObject { ["files"] = new JsonArray([.. files.Select(f => JsonValue.Create(InRun(f)))]) }
                : throw new InvalidDataException($"{name} has nothing to search.\n  in the recipe, under index\n"
                    + "  Name files of passages, or leave the tool out.");
        }

        string InRun(string path) => Path.GetRelativePath(run, path).Replace('\\', '/');
    }

    /// <summary>The tools file of the run that a model comes from; null: it comes from none.</summary>
    /// <param name="model">The model's folder.</param>
    /// <exception cref="InvalidDataException">
    /// The file names what a run never writes: what reaches other machines or starts programs is not taken unasked, nor
    /// what opens files outside of the run.
    /// </exception>
    public static ToolsFile? Find(string? model)
    {
        if (model is null || FolderOf(model) is not { } run)
            return null;
        string path = Path.Combine(
            Path.IsPathFullyQualified(model) ? run : Path.GetRelativePath(Environment.CurrentDirectory, run), FileName);
        if (!File.Exists(path))
            return null;
        var file = ToolsFile.Read(path, confined: true);
        string[] own = [.. Catalog.Find<Tool>().Select(t => t.Name), new GlossaryKind().Kind];
        string? strange = file.Kinds.FirstOrDefault(kind => !own.Contains(kind)) is { } kind ? $"a tool of kind {kind}"
            : file.Hosts.Names.Count > 0 ? $"the host {file.Hosts.Names[0]}" : null;
        return strange is null ? file : throw new InvalidDataException(
            $"The tools file of the model's run names {strange}, which no run writes: it is not taken unasked.\n"
            + $"  in {path}\n  Give --tools-file {path} if you trust it.");
    }

    /// <summary>The name of the run whose taught model lies in a folder; null: it is no such folder.</summary>
    public static string? RunOf(string model) =>
        Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(model))) == Teaching.TaughtFolder
            ? Path.GetFileName(FolderOf(model)) : null;

    /// <summary>The run folder that a model lies in.</summary>
    private static string? FolderOf(string model) => Directory.Exists(model)
        && Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(model))) is { } run
        && File.Exists(Path.Combine(run, Recipe.FileName)) ? run : null;
}
