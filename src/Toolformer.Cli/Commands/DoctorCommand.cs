using System.CommandLine;
using System.Text.Json;
using Toolformer.Cli.Displays;
using Toolformer.Cli.Doctor;
using Toolformer.Cli.Options;
using Toolformer.Cli.Runs;
using Toolformer.Torch.Hub;

namespace Toolformer.Cli.Commands;

/// <summary>What is wrong with this machine or a model folder, and how to mend it.</summary>
public sealed class DoctorCommand : Verb
{
    private readonly CommonOptions _common = new();
    private readonly Argument<string?> _model = new("model")
    {
        Description = "A model folder, or a model's name on a hub that lies in the cache.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    public DoctorCommand() => _common.Model.Required = false;

    public override string Name => "doctor";

    public override string Description =>
        """
        What is wrong with this machine or a model folder, and how to mend it.
        Each finding says what was found, where, and what to do. The exit status is 1 where something is broken.
        It asks no host: of owner/name it examines what the cache has.
        Example: toolformer doctor models/nano
        """;

    public override IEnumerable<Option> Options => [_common.Model, .. _common.Place, _common.Json];

    public override IEnumerable<Argument> Arguments => [_model];

    public override bool TakesModelFromHub => false;

    public override Task<int> RunAsync(ParseResult arguments, Display display, CancellationToken cancellation)
    {
        _common.SetThreads(arguments);
        bool json = arguments.GetValue(_common.Json), broken = false;
        var findings = MachineHealth.Examine(display.Variable);
        if ((arguments.GetValue(_model) ?? arguments.GetValue(_common.Model)) is { } model)
            findings = findings.Concat(ModelHealth.Examine(
                FolderOf(model, display), _common.Compute(arguments), cancellation));
        foreach (var finding in findings)
        {
            cancellation.ThrowIfCancellationRequested();
            broken |= finding.Health == Health.Broken;
            if (json)
                display.Result(new
                {
                    finding.Subject,
                    Health = JsonNamingPolicy.SnakeCaseLower.ConvertName(finding.Health.ToString()),
                    finding.What,
                    finding.Where,
                    finding.Remedy,
                });
            else
                display.Result(Line(finding, display.OutputIsTerminal && display.Colours));
        }
        return Task.FromResult(broken ? CommandLine.Failed : CommandLine.Done);
    }

    private static string FolderOf(string name, Display display) =>
        !Models.IsOnHub(name, out var model) || Recipe.Locate(name) != name
        ? Recipe.Locate(name)
        : new HubCache(HubSettings.FromEnvironment(display.Variable).CacheFolder).FindAny(model)
            ?? throw new DirectoryNotFoundException($"There is no folder '{name}', and no model of this name is in the "
                + $"cache.\n  looked in {Path.GetFullPath(name)}\n  Pull it first: `toolformer pull {name}`.");

    private static string Line(Finding finding, bool coloured)
    {
        var (word, colour) = finding.Health switch
        {
            Health.Ok => ("ok     ", 32),
            Health.Limited => ("limited", 33),
            _ => ("broken ", 31),
        };
        string line = $"{(coloured ? $"\e[{colour}m{word}\e[0m" : word)}  {finding.Subject}: {finding.What}";
        if (finding.Health == Health.Ok)
            return line;
        return $"{line}\n           where: {finding.Where}\n           remedy: {finding.Remedy}";
    }
}
