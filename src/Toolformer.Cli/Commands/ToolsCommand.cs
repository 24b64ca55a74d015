using System.CommandLine;
using Toolformer.Cli.Displays;
using Toolformer.Cli.Options;
using Toolformer.Tools.Arguments;

namespace Toolformer.Cli.Commands;

/// <summary>Lists, describes, calls and begins tools.</summary>
public sealed partial class ToolsCommand : Verb
{
    public override string Name => "tools";

    public override string Description =>
        """
        Lists the tools, describes one, calls one, or begins one of your own.
        Example: toolformer tools call Calculator "400 / 1400"
        """;

    public override IReadOnlyList<Verb> Parts =>
        [new ListTools(), new DescribeTool(), new CallTool(), new NewTool(), new DraftDemonstrations()];

    public override Task<int> RunAsync(ParseResult arguments, Display display, CancellationToken cancellation) =>
        throw new NotSupportedException("`toolformer tools` needs to be told what to do: list, describe, call, new or "
            + "draft.");

    private sealed class ListTools : Verb
    {
        private readonly CommonOptions _common = new();
        private readonly ToolOptions _tools = new();

        public override string Name => "list";

        public override string Description =>
            """
            Names every tool with what it does.
            Example: toolformer tools list
            """;

        public override IEnumerable<Option> Options => [.. _tools.Sources, _common.Json];

        public override async Task<int> RunAsync(
            ParseResult arguments, Display display, CancellationToken cancellation)
        {
            await using var set = await _tools.OpenAllAsync(arguments, display, selected: null, cancellation);
            var tools = set.Toolbox.Tools;
            int width = tools.Max(tool => tool.Name.Length);
            foreach (var tool in tools)
            {
                if (arguments.GetValue(_common.Json))
                    display.Result(new { tool.Name, tool.Description });
                else
                    display.Result($"{tool.Name.PadRight(width)}  {tool.Description}");
            }
            return CommandLine.Done;
        }
    }

    private sealed class DescribeTool : Verb
    {
        private readonly CommonOptions _common = new();
        private readonly ToolOptions _tools = new();
        private readonly Argument<string> _name = new("name") { Description = "Name of the tool." };

        public override string Name => "describe";

        public override string Description =>
            """
            Shows what one tool does, its demonstrations and its numbers for annotating.
            Example: toolformer tools describe Calculator
            """;

        public override IEnumerable<Option> Options => [.. _tools.Sources, _common.Json];

        public override IEnumerable<Argument> Arguments => [_name];

        public override async Task<int> RunAsync(
            ParseResult arguments, Display display, CancellationToken cancellation)
        {
            string name = arguments.GetValue(_name)!;
            await using var set = await _tools.OpenAllAsync(arguments, display, [name], cancellation);
            var tool = set.Toolbox[name];
            if (arguments.GetValue(_common.Json))
            {
                display.Result(new
                {
                    tool.Name,
                    tool.Description,
                    tool.Instruction,
                    tool.Demonstrations,
                    Parameters = (tool as StructuredTool)?.Signature.Schema,
                    tool.Annotation,
                });
                return CommandLine.Done;
            }
            var numbers = tool.Annotation;
            display.Result($"{tool.Name}: {tool.Description}\n\nInstruction\n  {tool.Instruction}");
            if (tool is StructuredTool structured)
                display.Result("\nInput\n" + string.Join('\n', structured.Signature.Parameters.Select(p =>
                    $"  {p.Written}: {p.Type.Shape.ToString().ToLowerInvariant()}{(p.IsRequired ? "" : ", optional")}"
                    + (p.Description.Length > 0 ? $"; {p.Description}" : ""))));
            display.Result("\nDemonstrations");
            foreach (string demonstration in tool.Demonstrations)
                display.Result($"  {demonstration}");
            display.Result($"\nAnnotation\n  start threshold {numbers.StartThreshold}, {numbers.Positions} positions "
                + $"of {numbers.CallsPerPosition} calls, filter threshold {numbers.FilterThreshold}, at most "
                + $"{numbers.MaxExamples:N0} examples");
            return CommandLine.Done;
        }
    }

    private sealed class CallTool : Verb
    {
        private readonly CommonOptions _common = new();
        private readonly ToolOptions _tools = new();
        private readonly GuardOptions _guard = new();
        private readonly Argument<string> _name = new("name") { Description = "Name of the tool." };
        private readonly Argument<string> _input = new("input")
        {
            Description = "What the tool is given; nothing for the calendar.",
            DefaultValueFactory = _ => "",
        };

        public override string Name => "call";

        public override string Description =>
            """
            Calls one tool and prints its answer.
            Example: toolformer tools call Calendar --date 2024-03-09
            """;

        public override IEnumerable<Option> Options =>
            [.. _tools.Sources, _tools.Date, .. _guard.All, _common.Json];

        public override IEnumerable<Argument> Arguments => [_name, _input];

        public override async Task<int> RunAsync(
            ParseResult arguments, Display display, CancellationToken cancellation)
        {
            string name = arguments.GetValue(_name)!, input = arguments.GetValue(_input)!;
            await using var set = await _tools.OpenAllAsync(arguments, display, [name], cancellation);
            var tools = _guard.Guard(set.Toolbox, arguments, display);
            var tool = tools[name];
            long started = display.Clock.GetTimestamp();
            var result = await tools.CallAsync(name, input, _tools.Context(arguments, display), cancellation);
            double milliseconds = Math.Round(display.Clock.GetElapsedTime(started).TotalMilliseconds, 3);
            if (arguments.GetValue(_common.Json))
                display.Result(new
                {
                    Tool = name,
                    Input = input,
                    Result = result.Text,
                    result.Error,
                    Milliseconds = milliseconds,
                });
            else if (!result.IsError)
                display.Result(result.Text!);
            if (!result.IsError)
                return CommandLine.Done;
            display.Fail(result.Error!, $"in: {name}({input})", $"What it takes: {tool.Description}");
            return CommandLine.Failed;
        }
    }
}
