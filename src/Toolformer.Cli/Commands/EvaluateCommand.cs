using System.CommandLine;
using System.Globalization;
using Toolformer.Cli.Displays;
using Toolformer.Cli.Options;
using Toolformer.Cli.Runs;
using Toolformer.Evaluation;
using Toolformer.Inference;
using Toolformer.Reports;
using Toolformer.Tools.Guarding;
using Toolformer.Tools.Outbound;

namespace Toolformer.Cli.Commands;

/// <summary>Measures models on test sets, without tools, with calls disabled and with calls.</summary>
public sealed class EvaluateCommand : Verb
{
    private readonly CommonOptions _common = new();
    private readonly ToolOptions _tools = new();
    private readonly GuardOptions _guard = new();
    private readonly Option<string[]> _models = new("--model")
    {
        Description = "Model folders in Hugging Face's layout, or owner/name[@revision] on a hub.",
        Required = true,
        AllowMultipleArgumentsPerToken = true,
        HelpName = "MODEL…",
    };
    private readonly Option<string[]> _task = new("--task")
    {
        Description = "A task with its data file, as NAME=PATH; NAME alone where --data has it or it is generated.",
        AllowMultipleArgumentsPerToken = true,
        HelpName = "NAME=PATH…",
    };
    private readonly Option<string> _suite = new("--suite")
    {
        Description = "All tasks whose data are there: paper, those of its tables; all, those beyond it too.",
        HelpName = "NAME",
    };
    private readonly Option<string> _data = new("--data")
    {
        Description = "Folder in which test sets are looked for, by the names of their files and folders.",
        HelpName = "FOLDER",
    };
    private readonly Option<bool> _download = new("--download")
    {
        Description = "Gets what is missing from the publishers into --data.",
    };
    private readonly Option<string> _out = new("--out")
    {
        Description = "Folder of the run; run again with the same one, it goes on where it stopped.",
        DefaultValueFactory = _ => "runs/evaluate",
        HelpName = "FOLDER",
    };
    private readonly Option<string> _modes = new("--modes")
    {
        Description = "base (no tools), disabled (no call can start), enabled; separated by commas.",
        DefaultValueFactory = _ => string.Join(',', EvaluationModes.All),
        HelpName = "A,B",
    };
    private readonly Option<string> _startTopK = new("--start-top-k")
    {
        Description = "The k of the mode enabled, separated by commas: a call also starts where that is among the k "
            + "most likely tokens; 0 is disabled. Without it 10, and for Table 9 of the paper 1 and 3.",
        HelpName = "K,L",
    };
    private readonly Option<int?> _limit = new("--limit")
    {
        Description = "At most so many examples per task, drawn by the seed; texts: the first ones.",
        HelpName = "N",
    };
    private readonly Option<int> _batch = new("--batch-size")
    {
        Description = "Examples in flight at once.",
        DefaultValueFactory = _ => new EvaluationPlan { Models = [], Tasks = [], Tools = new([]) }.BatchSize,
        HelpName = "N",
    };
    private readonly Option<bool> _noise = new("--noise-floor")
    {
        Description = "Measures everything with a second seed too: other examples, in other company.",
    };
    private readonly Option<string[]> _training = new("--training-text")
    {
        Description = "Texts that the models were trained on: how many examples share 13 words in a row with them.",
        AllowMultipleArgumentsPerToken = true,
        HelpName = "FILE…",
    };
    private readonly Option<string> _annotated = new("--annotated")
    {
        Description = "Run of annotate whose calls fill tables 2 and 10 of the paper.",
        HelpName = "RUN",
    };
    private readonly Option<string> _cache = new("--cache")
    {
        Description = "Folder in which predictions and answers of tools are kept by content, for other runs.",
        HelpName = "FOLDER",
    };

    public override string Name => "evaluate";

    public override string Description =>
        """
        Measures models on test sets without tools, with calls disabled and with calls; prints the paper's tables too.
        Leaves predictions.jsonl, results.json and tables.md in the run folder. With --json it prints one object per
        model, task and mode.
        Example: toolformer evaluate --model models/nano --suite paper --data data --limit 100 --out runs/paper
        """;

    public override IEnumerable<Option> Options =>
    [
        _models, .. _common.Place, _task, _suite, _data, _download, _out, _modes, _startTopK, _limit, _batch, _noise,
        _training, _annotated, _cache, _tools.Tools, .. _tools.Sources, _tools.Date, _guard.Yes, _guard.Allow,
        _guard.Audit, _guard.AuditInputs, _common.Seed, _common.Json,
    ];

    public override async Task<int> RunAsync(ParseResult arguments, Display display, CancellationToken cancellation)
    {
        string[] modes = Split(arguments.GetValue(_modes)!);
        foreach (string mode in modes.Where(m => !EvaluationModes.All.Contains(m)))
            throw new ArgumentException($"{Spelling.Unknown("mode", mode, EvaluationModes.All)}\n  in --modes\n"
                + "  Name one or more of these, separated by commas.");
        int[]? ks = arguments.GetValue(_startTopK) is { } text ? [.. Split(text).Select(K)] : null;
        int? limit = arguments.GetValue(_limit);
        if (limit < 1 || arguments.GetValue(_batch) < 1)
            throw new ArgumentException("--limit or --batch-size is less than 1.\n  in the arguments\n"
                + "  Give 1 or more; without --limit all examples are taken.");
        string? suite = arguments.GetValue(_suite);
        var (chosen, skipped) = await ChooseAsync(arguments, display, cancellation);
        _common.SetThreads(arguments);
        await using var opened = await _tools.OpenAsync(arguments, display, cancellation);
        var tools = _guard.Guard(opened.Toolbox, arguments, display);
        if (arguments.GetValue(_cache) is { } cache)
            tools = tools.Under(tools.Policies with
            {
                Cache = new DiskResultCache(Path.Combine(cache, "tools"), display.Clock, warn: display.Note),
            });
        var plan = new EvaluationPlan
        {
            Models = EvaluationChoice.Names(arguments.GetValue(_models)!),
            Tasks = [.. chosen.Where(c => c.Task is EvalTask).Select(c => new EvalInput((EvalTask)c.Task, c.Path))],
            Texts = [.. chosen.Where(c => c.Task is PerplexityTask).Select(c => ((PerplexityTask)c.Task, c.Path))],
            Skipped = skipped,
            Tools = tools,
            Modes = modes,
            StartTopK = ks ?? [new GenerationOptions().StartTopK],
            MoreTopK = ks is null && suite == EvaluationChoice.Paper ? OfTable9() : new Dictionary<int,
                IReadOnlySet<string>>(),
            Today = _tools.Day(arguments),
            Limit = limit,
            Seed = arguments.GetValue(_common.Seed),
            BatchSize = arguments.GetValue(_batch),
            CacheFolder = arguments.GetValue(_cache),
            NoiseFloor = arguments.GetValue(_noise),
            TrainingText = arguments.GetValue(_training) ?? [],
            Annotated = arguments.GetValue(_annotated),
        };
        var run = new EvaluationRun(plan, arguments.GetValue(_out)!, _common.Compute(arguments), display);
        var results = await Task.Run(() => run.RunAsync(cancellation), cancellation);
        if (!arguments.GetValue(_common.Json))
        {
            display.Result(run.Tables(results).TrimEnd());
            return CommandLine.Done;
        }
        foreach (var result in results.Evaluation)
            display.Result<EvalResult>(result);
        foreach (var perplexity in results.Perplexity)
            display.Result<ModelPerplexity>(perplexity);
        return CommandLine.Done;
    }

    /// <summary>The tasks with their data, and those of the suite whose data are not there.</summary>
    private async Task<(List<(Benchmark Task, string Path)>, List<SkippedTask>)> ChooseAsync(
        ParseResult arguments, Display display, CancellationToken cancellation)
    {
        string? folder = arguments.GetValue(_data), suite = arguments.GetValue(_suite);
        string[] named = arguments.GetValue(_task) ?? [];
        var all = suite is null ? [] : EvaluationChoice.Suite(suite);
        if (all.Count + named.Length == 0)
            throw new ArgumentException("There is nothing to measure.\n  in the arguments\n"
                + "  Give --task NAME=PATH, or --suite paper --data FOLDER.");
        if (arguments.GetValue(_download))
        {
            if (folder is null)
                throw new ArgumentException("--download has nowhere to put the data.\n  in the arguments\n"
                    + "  Give --data FOLDER.");
            await DownloadAsync([.. all, .. named.Select(n => EvaluationChoice.Named(n.Split('=')[0]))],
                folder, display, cancellation);
        }
        var data = folder is null ? null : new TestData(folder);
        var chosen = named.Select(n => EvaluationChoice.Parse(n, data)).ToList();
        var skipped = new List<SkippedTask>();
        foreach (var task in all.Where(a => !chosen.Exists(c => c.Task.Name == a.Name)))
        {
            string reason = "no --data folder is named";
            if ((data is null ? task.IsGenerated ? "" : null : data.Find(task, out reason)) is { } path)
                chosen.Add((task, path));
            else
                skipped.Add(new SkippedTask(task.Name, reason));
        }
        foreach (var (task, reason) in skipped)
            display.Note($"Not run: {task}: {reason}");
        return (chosen, skipped);
    }

    private static async Task DownloadAsync(
        IReadOnlyList<Benchmark> tasks, string folder, Display display, CancellationToken cancellation)
    {
        using var http = new OutboundHttp(new AllowedHosts(TestDataDownload.HostsOf(tasks)), timer: display.Clock);
        foreach (var task in tasks)
        {
            using var line = display.Progress($"download {task.Name}", "KiB");
            var download = new TestDataDownload(folder, http, display.Note,
                Display.Hear<DownloadProgress>(p => line.Report(p.Bytes >> 10, p.File)));
            try
            {
                await download.GetAsync(task, cancellation);
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                // One publisher who is away shall not keep the others' data from being measured.
                display.Note($"Could not get the data of {task.Name}: {e.Message}");
            }
        }
    }

    /// <summary>Table 9 asks for these k on its own tasks; 0 and 10 are measured anyway.</summary>
    private static Dictionary<int, IReadOnlySet<string>> OfTable9()
    {
        IReadOnlySet<string> tasks = PaperTables.Decoding.Columns.SelectMany(c => c.Tasks).ToHashSet();
        return new() { [1] = tasks, [3] = tasks };
    }

    private static int K(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int k) ? k
            : throw new ArgumentException($"--start-top-k has '{text}'.\n  in the arguments\n"
                + "  Give whole numbers from 0 on, separated by commas: 0,1,3,10.");

    private static string[] Split(string text) =>
        text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
