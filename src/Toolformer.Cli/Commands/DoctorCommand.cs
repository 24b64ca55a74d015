using System.CommandLine;
using System.Text.Json;

namespace Toolformer.Cli.Commands;

/// <summary>What is wrong with this machine or a model folder, and how to mend it.</summary>
public sealed class DoctorCommand : Verb
{
    private readonly CommonOptions _common = new();

    public DoctorCommand() => _common.Model.Required = false;

    public override string Name => "doctor";

    public override string Description =>
        """
        What is wrong with this machine or a model folder, and how to mend it.
        Each finding says what was found, where, and what to do. The exit status is 1 where something is broken.
        Example: toolformer doctor --model models/nano
        """;

    public override IEnumerable<Option> Options => [.. _common.Engine, _common.Json];

    public override Task<int> RunAsync(ParseResult arguments, Display display, CancellationToken cancellation)
    {
        _common.SetThreads(arguments);
        bool json = arguments.GetValue(_common.Json), broken = false;
        var findings = MachineHealth.Examine();
        if (arguments.GetValue(_common.Model) is { } path)
            findings = findings.Concat(ModelHealth.Examine(path, _common.Compute(arguments)));
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
