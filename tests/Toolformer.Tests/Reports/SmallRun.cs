using System.Text.Json.Nodes;
using Toolformer.Evaluation;
using Toolformer.Pipeline;

namespace Toolformer.Tests.Reports;

/// <summary>A run folder written by hand: two tools, a few dozen calls, results and a training log.</summary>
internal sealed class SmallRun : IDisposable
{
    public const int Documents = 30;

    /// <param name="text">The documents' text, and with it what else a run quotes.</param>
    public SmallRun(int seed = 1, string text = "They had 25 pears and bought 17 more, so now they have 42.",
        string tool = "Calculator", int right = 18, string questions = "How many?")
    {
        var random = new Random(seed);
        var calls = new List<FilteredCall>();
        for (int d = 0; d < Documents; d++)
        {
            foreach (string name in new[] { tool, "Calendar" })
            {
                for (int c = 0; c < 3; c++)
                    calls.Add(Call($"text-{d}", name, c * 4, text, random, withResult: c < 2));
            }
        }
        Calls = calls;
        Write(CallsByDocument.Filtered, calls);
        Write(CallsByDocument.Documents, Enumerable.Range(0, Documents)
            .Select(d => new DocumentRecord($"text-{d}", text, [.. Tokens(text)])
            {
                Offsets = [.. Tokens(text)],
                PStart = new Dictionary<string, IReadOnlyList<float>>
                {
                    [tool] = [.. Tokens(text).Select(at => at % 7 / 7f)],
                    ["Calendar"] = [.. Tokens(text).Select(_ => 0.001f)],
                },
            }));
        Write("predictions.jsonl", Predictions("disabled", 2).Concat(Predictions("enabled", right)));
        Directory.CreateDirectory(In("model/training"));
        Write("model/training/log.jsonl", Enumerable.Range(1, 5000)
            .Select(s => new { step = s, loss = 5.0 / s, perplexity = s % 500 == 0 ? 9.0 / s : (double?)null }));
        File.WriteAllText(In("model/model.safetensors"), "");
        File.WriteAllText(In("results.json"), new JsonObject
        {
            ["evaluation"] = new JsonArray(Result(tool, "disabled", 2, 0), Result(tool, "enabled", right, 40)),
            ["perplexity"] = new JsonArray(new JsonObject
            {
                ["model"] = "taught",
                ["mode"] = "disabled",
                ["perplexity"] = 12.5,
                ["stderr"] = 0.25,
            }),
            ["seed"] = seed,
            ["device"] = "cpu",
        }.ToJsonString());
        Manifest = new Manifest
        {
            Commit = "0123456789abcdef",
            Seed = seed,
            Stages = new Dictionary<string, StageRecord>
            {
                ["sample"] = Stage("calls_per_position", 4, name => new()
                {
                    [$"{name}.texts"] = Documents,
                    [$"{name}.not_worth_annotating"] = 7,
                    [$"{name}.samples"] = 360,
                    [$"{name}.discarded.duplicate"] = 200,
                    [$"{name}.discarded.malformed"] = 70,
                    [$"{name}.no_possible_input"] = 3,
                    [$"{name}.calls"] = 90,
                }),
                ["execute"] = Stage("version", 1, name => new()
                {
                    [$"{name}.results"] = 60,
                    [$"{name}.errors"] = 30,
                }),
                ["filter"] = Stage("filter_threshold", 0.5, name => new()
                {
                    [$"{name}.kept"] = calls.Count(c => c.Tool == name && c.Kept),
                    [$"{name}.below_threshold"] = calls.Count(c => c.Tool == name && c.Gain < 0.5),
                    [$"{name}.no_result"] = 30,
                }),
                ["dataset"] = Stage("max_examples", 9, name => new() { [$"{name}.examples"] = 11 }),
            },
        };
        Manifest.Save(Folder);

        IEnumerable<PredictionRecord> Predictions(string mode, int correct) => Enumerable.Range(0, 40).Select(i =>
            new PredictionRecord("taught", "sums", mode, i, $"{i}", $"{questions} {i}:", $" [{tool}({text}) -> 42] 42.",
                " 42.", ["42"], i < correct, []));

        StageRecord Stage(string option, double value, Func<string, Dictionary<string, long>> counts) =>
            new(new JsonObject
            {
                ["tools"] = new JsonObject
                {
                    [tool] = new JsonObject { [option] = value },
                    ["Calendar"] = new JsonObject { [option] = value },
                },
            })
            {
                Complete = true,
                Seconds = 1.5,
                Counts = counts(tool).Concat(counts("Calendar")).ToDictionary(),
            };
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("small-run-").FullName;

    public IReadOnlyList<FilteredCall> Calls { get; }

    public Manifest Manifest { get; }

    public string In(string name) => Path.Combine(Folder, name);

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    /// <summary>Where tokens of three characters begin.</summary>
    private static IEnumerable<int> Tokens(string text) =>
        Enumerable.Range(0, (text.Length + 2) / 3).Select(i => 3 * i);

    private static FilteredCall Call(
        string document, string tool, int position, string text, Random random, bool withResult)
    {
        // Some gains lie on the edges of bins, where an error of rounding would show.
        float[] Logs(double loss) =>
            [.. Enumerable.Repeat((float)-loss, Math.Clamp(Tokens(text).Count() - position, 0, 5))];
        double? Loss(double loss) =>
            withResult ? Logs(loss).Zip(FilterLosses.PaperWeights, (log, w) => -w * log).Sum() : null;
        double gain = random.Next(3) == 0 ? random.Next(-20, 40) / 10.0 : (random.NextDouble() * 6) - 2;
        return new FilteredCall
        {
            DocId = document,
            Tool = tool,
            Position = position,
            Offset = Math.Min(text.Length, position * 3),
            PStart = random.NextDouble(),
            Input = text,
            CallIds = [1],
            Result = withResult ? text : null,
            Error = withResult ? null : $"'{position}' is not to be computed: {text}",
            LossNone = Loss(5),
            LossCall = Loss(6),
            LossResult = Loss(5 - gain),
            LogprobsNone = withResult ? Logs(5) : null,
            LogprobsCall = withResult ? Logs(6) : null,
            LogprobsResult = withResult ? Logs(5 - gain) : null,
            Gain = withResult ? gain : null,
            Kept = withResult && gain >= 0.5,
            Reason = !withResult ? FilterCalls.NoResult : gain >= 0.5 ? null : FilterCalls.BelowThreshold,
        };
    }

    private static JsonObject Result(string tool, string mode, int correct, int calls) => new()
    {
        ["model"] = "taught",
        ["task"] = "sums",
        ["mode"] = mode,
        ["n"] = 40,
        ["correct"] = correct,
        ["accuracy"] = correct / 40.0,
        ["stderr"] = Math.Sqrt(correct / 40.0 * (1 - (correct / 40.0)) / 40),
        ["calls"] = calls,
        ["call_rate"] = calls / 40.0,
        ["per_tool"] = calls == 0 ? new JsonObject() : new JsonObject { [tool] = calls },
    };

    private void Write<T>(string name, IEnumerable<T> records)
    {
        using var writer = new JsonLinesWriter(In(name), keep: 0);
        foreach (var record in records)
            writer.Write(record);
    }
}
