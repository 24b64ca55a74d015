using System.CommandLine;
using System.Text.Json;
using Toolformer.Cli.Displays;
using Toolformer.Cli.Options;
using Toolformer.Cli.Runs;
using Toolformer.Reports;

namespace Toolformer.Cli.Commands;

/// <summary>The whole way from a recipe: annotate, finetune, evaluate, as one run that can be resumed.</summary>
public sealed class TeachCommand : Verb
{
    private readonly Argument<string> _recipe = new("recipe") { Description = "The recipe: a JSON file." };
    private readonly Option<string> _out = new("--out") { Description = "Folder of the run.", Required = true };
    private readonly CommonOptions _common = new();

    public override string Name => "teach";

    public override string Description =>
        "Annotates, finetunes and evaluates as one resumable run from a recipe.\n"
        + "Example: toolformer teach recipes/quickstart.json --out runs/mine";

    public override IEnumerable<Option> Options => [_out, .. _common.Place, _common.Json];

    public override IEnumerable<Argument> Arguments => [_recipe];

    public override Task<int> RunAsync(ParseResult arguments, Display display, CancellationToken cancellation)
    {
        _common.SetThreads(arguments);
        return RunAsync(Recipe.Read<Recipe>(arguments.GetValue(_recipe)!), arguments.GetValue(_out)!,
            arguments.GetValue(_common.Json), _common.Compute(arguments), display, cancellation);
    }

    /// <summary>Runs a recipe and shows what it found.</summary>
    internal static async Task<int> RunAsync(
        Recipe recipe, string folder, bool json, Compute compute, Display display, CancellationToken cancellation)
    {
        var teaching = new Teaching(recipe, folder, compute, display);
        var results = await teaching.RunAsync(cancellation);
        var (html, markdown) = Report.Read(folder).Write(folder);
        if (json)
            display.Result(JsonSerializer.Serialize(results, JsonLines.Format));
        else
            ResultsDisplay.Show(results, folder, display);
        display.Note($"Report: {html} and {markdown}");
        return CommandLine.Done;
    }
}
