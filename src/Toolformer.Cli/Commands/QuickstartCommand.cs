using System.CommandLine;
using Toolformer.Cli.Displays;
using Toolformer.Cli.Options;
using Toolformer.Cli.Runs;

namespace Toolformer.Cli.Commands;

/// <summary>The main job on the embedded defaults, offline.</summary>
public sealed class QuickstartCommand : Verb
{
    private readonly Option<string> _out = new("--out")
    {
        Description = "Folder of the run; run again with the same one, it goes on where it stopped.",
        DefaultValueFactory = _ => Path.Combine("runs", "quickstart"),
        HelpName = "FOLDER",
    };

    private readonly CommonOptions _common = new();

    public override string Name => "quickstart";

    public override string Description =>
        "Teaches the shipped model to use a calculator, a calendar and a search index, offline, and shows the result.\n"
        + "Example: toolformer quickstart";

    public override IEnumerable<Option> Options => [_out, .. _common.Place, _common.Json];

    public override Task<int> RunAsync(ParseResult arguments, Display display, CancellationToken cancellation)
    {
        _common.SetThreads(arguments);
        var recipe = Recipe.Read<Recipe>(Recipe.Locate(Path.Combine("recipes", "quickstart.json")));
        return TeachCommand.RunAsync(
            recipe, arguments.GetValue(_out)!, arguments.GetValue(_common.Json), _common.Compute(arguments), display,
            cancellation);
    }
}
