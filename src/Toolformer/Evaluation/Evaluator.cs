namespace Toolformer.Evaluation;

/// <summary>A task with the data to measure it on.</summary>
public sealed record EvalInput(EvalTask Task, string Path);

public sealed record EvalOptions
{
    /// <summary>At most this many examples per task, chosen by the seed; null: all.</summary>
    public int? Limit { get; init; }

    public int Seed { get; init; }

    /// <summary>Examples predicted together; what they gave is on the disk before the next ones begin.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>Whether the seed also draws in which order, and so in which company, examples are predicted.</summary>
    public bool Shuffled { get; init; }
}

/// <summary>How far an evaluation is, in examples over all arms and tasks.</summary>
public sealed record EvalProgress(string Model, string Mode, string Task, int Done, int Total, int CorrectOfTask)
{
    /// <summary>Examples of this arm and task that <see cref="CorrectOfTask"/> is out of.</summary>
    public int DoneOfTask { get; init; }
}

/// <summary>
/// Models × tasks × modes. Every prediction is appended to a file before the next batch begins; batches that are there
/// are not predicted again, only scored. A batch that was cut short is predicted again as a whole, since a number may
/// round differently in other company, so that the file ends as that of a run that was never stopped.
/// </summary>
/// <param name="predictionsPath">The file of <see cref="PredictionRecord"/>s, made or continued.</param>
/// <param name="cache">Where predictions of other runs are found and kept; null: none.</param>
public sealed class Evaluator(string predictionsPath, EvalOptions? options = null,
    IProgress<EvalProgress>? progress = null, PredictionCache? cache = null)
{
    private readonly EvalOptions _options = options ?? new();

    /// <summary>One result per arm and task, arm by arm.</summary>
    /// <exception cref="InvalidDataException">A stored prediction belongs to other data than are given now.</exception>
    public async Task<IReadOnlyList<EvalResult>> RunAsync(
        IReadOnlyList<EvalArm> arms, IReadOnlyList<EvalInput> inputs, CancellationToken cancellation = default)
    {
        var tasks = inputs.Select(i => (i.Task, Examples: Choose(i.Task.Load(i.Path)))).ToList();
        using var writer = new JsonLinesWriter(predictionsPath);
        var stored = JsonLines.Read<PredictionRecord>(predictionsPath)
            .DistinctBy(p => (p.Model, p.Task, p.Mode, p.Index))
            .ToDictionary(p => (p.Model, p.Task, p.Mode, p.Index));
        int done = 0, total = arms.Sum(a => tasks.Where(t => a.Measures(t.Task)).Sum(t => t.Examples.Count));
        var results = new List<EvalResult>();
        foreach (var arm in arms)
        {
            foreach (var (task, examples) in tasks.Where(t => arm.Measures(t.Task)))
            {
                var predictions = new List<PredictionRecord>();
                int before = done;
                foreach (var batch in examples.Chunk(_options.BatchSize))
                {
                    var known = batch.Select(b =>
                        stored.TryGetValue((arm.Model, task.Name, arm.Mode, b.Index), out var found)
                            ? Reuse(found, task, b.Example)
                            : null).ToList();
                    if (known.TrueForAll(k => k is not null))
                    {
                        predictions.AddRange(known!);
                        done += batch.Length;
                        before += batch.Length;
                        continue;
                    }
                    cancellation.ThrowIfCancellationRequested();
                    Report();
                    var made = await PredictAsync(arm, task, [.. batch.Select(b => b.Example)], cancellation)
                        .ConfigureAwait(false);
                    if (made.Count != batch.Length)
                        throw new InvalidOperationException($"{made.Count} predictions came for {batch.Length} "
                            + $"examples · {arm.Model} ({arm.Mode}) on {task.Name} · return one each, in order.");
                    foreach (var ((index, example), prediction, kept) in batch.Zip(made, known))
                    {
                        var record = kept ?? new PredictionRecord(arm.Model, task.Name, arm.Mode, index, example.Id,
                            example.Prompt, prediction.Completion, prediction.Text, example.Answers,
                            task.IsCorrect(prediction, example), prediction.Calls)
                        {
                            Tokens = prediction.Tokens,
                            Milliseconds = prediction.Milliseconds,
                        };
                        predictions.Add(record);
                        if (kept is null)
                            writer.Write(record);
                    }
                    writer.Flush(toDisk: true);
                    done += batch.Length;
                }
                // What was stored is no work done now, and would make the rate look better than it is.
                if (done > before)
                    Report();
                results.Add(EvalResult.From(arm.Model, task, arm.Mode, predictions, _options.Seed) with
                {
                    StartTopK = arm.StartTopK,
                });

                void Report() => progress?.Report(new(
                    arm.Model, arm.Mode, task.Name, done, total, predictions.Count(p => p.Correct))
                {
                    DoneOfTask = predictions.Count,
                });
            }
        }
        return results;
    }

    private async Task<IReadOnlyList<Prediction>> PredictAsync(
        EvalArm arm, EvalTask task, IReadOnlyList<EvalExample> examples, CancellationToken cancellation)
    {
        string? key = cache is null ? null : PredictionCache.KeyOf(arm, task, examples);
        if (key is not null && cache!.Find(key, examples.Count) is { } kept)
            return kept;
        var made = await arm.PredictAsync(task, examples, cancellation).ConfigureAwait(false);
        if (key is not null)
            cache!.Keep(key, made);
        return made;
    }

    /// <summary>All examples, or as many as the limit allows, with their places in the file.</summary>
    private IReadOnlyList<(int Index, EvalExample Example)> Choose(IReadOnlyList<EvalExample> examples)
    {
        var all = examples.Select((example, index) => (index, example)).ToArray();
        int limit = Math.Min(_options.Limit ?? all.Length, all.Length);
        if (limit == all.Length && !_options.Shuffled)
            return all;
        new Random(_options.Seed).Shuffle(all);
        return _options.Shuffled ? all[..limit] : [.. all.Take(limit).OrderBy(e => e.index)];
    }

    /// <summary>Scored anew, so that a mended scoring rule needs no model.</summary>
    private PredictionRecord Reuse(PredictionRecord stored, EvalTask task, EvalExample example) =>
        stored.Id == example.Id && stored.Prompt == example.Prompt
            ? stored with
            {
                Answers = example.Answers,
                Correct = task.IsCorrect(
                new Prediction(stored.Completion, stored.Prediction, stored.Calls), example)
            }
            : throw new InvalidDataException($"Prediction {stored.Index} of task {task.Name} was made for "
                + $"'{stored.Id}', but the data now have '{example.Id}' there, or its prompt is another · "
                + $"{predictionsPath} · give the former data, or another output folder.");
}
