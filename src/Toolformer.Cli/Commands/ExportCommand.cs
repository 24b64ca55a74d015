using System.CommandLine;
using Toolformer.Cli.Displays;
using Toolformer.Cli.Options;
using Toolformer.Pipeline;

namespace Toolformer.Cli.Commands;

/// <summary>Writes a model with its adapter merged in, or a dataset, for other programs.</summary>
public sealed class ExportCommand : Verb
{
    private readonly CommonOptions _common = new();
    private readonly ToolOptions _tools = new();
    private readonly Option<string> _model = new("--model")
    {
        Description = "Model folder, or a LoRA adapter's folder that knows its model.",
        HelpName = "FOLDER",
    };
    private readonly Option<string> _dataset = new("--dataset")
    {
        Description = "The run folder of an annotation, or a dataset.jsonl.",
        HelpName = "RUN",
    };
    private readonly Option<string> _out = new("--out")
    {
        Description = "The new model folder; or a file .parquet or .jsonl.",
        Required = true,
        HelpName = "PATH",
    };
    private readonly Option<string> _columns = new("--columns")
    {
        Description = "Of a dataset: text (with calls in it), messages (a conversation with tool calls), or both.",
        DefaultValueFactory = _ => "text,messages",
        HelpName = "A,B",
    };

    public override string Name => "export";

    public override string Description =>
        """
        Writes a model folder with its adapter merged in, or a dataset as Parquet or JSON Lines. Weights keep the number
        format in which they are stored, or get that of --dtype.
        A dataset's lines hold id and text, messages and tools: for chat trainers what stands before the first call is
        the user's, calls and what follows are the assistant's, results come from the tools.
        Example: toolformer export --dataset runs/notes --out notes.parquet
        """;

    public override IEnumerable<Option> Options =>
        [_model, _common.Adapter, .. _common.Place, _dataset, _columns, _tools.File, _tools.Index, _out];

    public override async Task<int> RunAsync(
        ParseResult arguments, Display display, CancellationToken cancellation)
    {
        string? model = arguments.GetValue(_model), dataset = arguments.GetValue(_dataset);
        string target = arguments.GetValue(_out)!;
        if (model is null == dataset is null)
            throw new ArgumentException($"{(model is null ? "Neither" : "Both")} --model and --dataset given.\n"
                + "  in toolformer export\n  Name the one that is to be written.");
        if (model is not null)
        {
            _common.SetThreads(arguments);
            var folder = CommonOptions.WithAdapter(Models.OpenFolder(model), arguments.GetValue(_common.Adapter));
            var compute = _common.Compute(arguments);
            folder.Export(target, compute.Type, compute.Device);
        }
        else
        {
            await ExportDatasetAsync(dataset!, target, arguments, display, cancellation);
        }
        display.Result(target);
        return CommandLine.Done;
    }

    private async Task ExportDatasetAsync(
        string dataset, string target, ParseResult arguments, Display display, CancellationToken cancellation)
    {
        if (Directory.Exists(dataset))
            dataset = Path.Combine(dataset, CallsByDocument.Dataset);
        if (!File.Exists(dataset))
            throw new FileNotFoundException($"There is no dataset '{dataset}'.\n"
                + $"  looked in {Path.GetFullPath(dataset)}\n  Run `toolformer annotate` first.", dataset);
        string ending = Path.GetExtension(target);
        if (ending is not (".parquet" or ".jsonl"))
            throw new ArgumentException($"'{target}' ends in '{ending}'.\n  in --out\n"
                + "  Name a file that ends in .parquet or .jsonl.");
        await using var tools = await _tools.OpenAllAsync(arguments, display, selected: null, cancellation);
        long lines = await DatasetExport.WriteAsync(JsonLines.Read<DatasetExample>(dataset), target,
            Columns(arguments.GetValue(_columns)!), name => tools.Toolbox.Find(name)?.Description, cancellation);
        display.Note($"{lines:N0} lines");
    }

    private static ExportColumns Columns(string names)
    {
        ExportColumns columns = 0;
        const StringSplitOptions trimmed = StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries;
        foreach (string name in names.Split(',', trimmed))
        {
            columns |= name switch
            {
                "text" => ExportColumns.Text,
                "messages" => ExportColumns.Messages,
                _ => throw new ArgumentException(Spelling.Unknown("column", name, ["text", "messages"])
                    + "\n  in --columns\n  Name one or both."),
            };
        }
        return columns != 0 ? columns : throw new ArgumentException(
            $"--columns is '{names}'.\n  in the arguments\n  Name text, messages, or both.");
    }
}
