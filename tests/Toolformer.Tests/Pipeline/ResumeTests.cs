using Toolformer.Pipeline;

namespace Toolformer.Tests.Pipeline;

public class ResumeTests
{
    private static readonly (AnnotationStage Stage, string[] Files)[] Stages =
    [
        (AnnotationStage.Sample, ["documents.jsonl", "sampled.jsonl"]),
        (AnnotationStage.Execute, ["executed.jsonl"]),
        (AnnotationStage.Filter, ["filtered.jsonl"]),
        (AnnotationStage.Dataset, ["dataset.jsonl"]),
    ];

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_run_killed_at_any_record_or_within_one_ends_with_the_same_files(int stage)
    {
        using var fixture = new AnnotationFixture(documents: 4);
        await fixture.Run();
        byte[][] expected = fixture.Outputs();
        string log = Stages[stage].Stage.ToString().ToLowerInvariant() + ".progress";
        byte[] main = File.ReadAllBytes(Path.Combine(fixture.RunPath(), Stages[stage].Files[^1]));
        string[] groups = File.ReadAllLines(Path.Combine(fixture.RunPath(), log));

        int killed = 0;
        foreach (int cut in Cuts(main))
        {
            // Every state of the log that a kill may leave when the file has this length, its last line torn or not.
            int known = groups.Count(g => LengthIn(g, Stages[stage].Files.Length - 1) <= cut);
            foreach (bool torn in (bool[])[false, true])
            {
                string name = $"killed {killed++}";
                Copy(fixture.RunPath(), fixture.RunPath(name), Stages.Skip(stage + 1));
                Truncate(Path.Combine(fixture.RunPath(name), Stages[stage].Files[^1]), cut);
                string rest = torn && known < groups.Length ? groups[known][..(groups[known].Length / 2)] : "";
                int shown = torn ? known : Math.Max(0, known - 1);
                File.WriteAllText(Path.Combine(fixture.RunPath(name), log),
                    string.Concat(groups.Take(shown).Select(g => g + "\n")) + rest);
                await fixture.Run(name);
                Assert.Equal(expected, fixture.Outputs(name));
            }
        }
        Assert.True(killed >= 8, $"{killed} states tried");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Records_that_the_log_knows_and_the_disk_has_lost_are_written_again(int stage)
    {
        using var fixture = new AnnotationFixture(documents: 4);
        await fixture.Run();
        string file = Stages[stage].Files[^1];
        int length = (int)new FileInfo(Path.Combine(fixture.RunPath(), file)).Length;
        foreach (int left in (int[])[0, length / 2, length - 1])
        {
            string name = $"lost after {left}";
            Copy(fixture.RunPath(), fixture.RunPath(name), Stages.Skip(stage + 1));
            Truncate(Path.Combine(fixture.RunPath(name), file), left);
            await fixture.Run(name);
            Assert.Equal(fixture.Outputs(), fixture.Outputs(name));
        }
    }

    [Fact]
    public async Task A_run_cancelled_again_and_again_ends_with_the_same_files()
    {
        using var fixture = new AnnotationFixture(documents: 5);
        await fixture.Run("whole");
        int starts = 0;
        for (bool done = false; !done; starts++)
        {
            using var stop = new CancellationTokenSource();
            // Stops after every group of documents that it finishes.
            var progress = new Watch(_ => stop.Cancel());
            try
            {
                await fixture.Run("again", progress: progress, cancellation: stop.Token);
                done = progress.Reports == 0;
            }
            catch (OperationCanceledException)
            {
                Assert.True(starts < 50, "the run does not come to an end");
            }
        }
        Assert.True(starts > 6, $"{starts} starts");
        Assert.Equal(fixture.Outputs("whole"), fixture.Outputs("again"));
    }

    [Fact]
    public async Task What_is_complete_is_not_computed_again()
    {
        using var fixture = new AnnotationFixture(documents: 3);
        await fixture.Run();
        var model = ScriptedModel.Make();
        int asked = ((AddTool)fixture.Settings.Tools[0].Tool).Calls;
        await fixture.Run(model: model);
        Assert.Equal(0, model.ForwardTokens);
        Assert.Equal(asked, ((AddTool)fixture.Settings.Tools[0].Tool).Calls);
    }

    [Fact]
    public async Task A_run_is_not_continued_with_other_options()
    {
        using var fixture = new AnnotationFixture(documents: 3);
        await fixture.Run(only: AnnotationStage.Sample);
        var other = fixture.Settings with { Sample = fixture.Settings.Sample with { Seed = 77 } };
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => fixture.Run(settings: other));
        Assert.Contains("seed was 5, now 77", error.Message);
        File.AppendAllText(fixture.CorpusFile, "{\"text\":\"one more\"}\n");
        error = await Assert.ThrowsAsync<InvalidOperationException>(() => fixture.Run());
        Assert.Contains("corpus", error.Message);
    }

    [Fact]
    public async Task Another_threshold_needs_no_model_and_only_a_new_dataset()
    {
        using var fixture = new AnnotationFixture();
        await fixture.Run();
        var model = ScriptedModel.Make();
        var strict = fixture.Settings with { Dataset = fixture.Settings.Dataset with { FilterThreshold = 0.3 } };
        await fixture.Run(model: model, settings: strict, only: AnnotationStage.Dataset);
        var filtered = fixture.Read<FilteredCall>("filtered.jsonl");
        var calls = fixture.Read<DatasetExample>("dataset.jsonl").SelectMany(e => e.Calls).ToList();
        Assert.Equal(0, model.ForwardTokens);
        Assert.Equal(filtered.Count(c => c.Gain >= 0.3), calls.Count);
        Assert.True(calls.Count < filtered.Count(c => c.Kept), "all calls were kept");
    }

    [Fact]
    public async Task A_stage_says_so_when_the_one_before_it_is_missing()
    {
        using var fixture = new AnnotationFixture();
        var error = await Assert.ThrowsAsync<InvalidOperationException>(
            () => fixture.Run(only: AnnotationStage.Filter));
        Assert.Contains("'execute' is not complete", error.Message);
    }

    [Fact]
    public async Task Shards_share_the_corpus_among_them()
    {
        using var fixture = new AnnotationFixture();
        await fixture.Run();
        var ids = new List<string>();
        for (int shard = 0; shard < 3; shard++)
        {
            await fixture.Run($"shard{shard}", settings: fixture.Settings with { Shard = shard, Shards = 3 });
            ids.AddRange(Gains($"shard{shard}"));
        }
        Assert.Equal(Gains("run").Order(), ids.Order());

        IEnumerable<string> Gains(string run) =>
            fixture.Read<FilteredCall>("filtered.jsonl", run).Select(c => $"{c.DocId} {c.Gain}");
    }

    [Fact]
    public async Task Progress_tells_documents_tokens_and_candidates()
    {
        using var fixture = new AnnotationFixture();
        var watch = new Watch(_ => { });
        await fixture.Run(progress: watch);
        var sampled = watch.Last["sample"];
        Assert.Equal((7, 7), (sampled.Done, sampled.Total!.Value));
        Assert.Equal(fixture.Read<SampledCall>("sampled.jsonl").Count, sampled.Counts["calls"]);
        Assert.True(sampled.ForwardTokensPerText > 100);
        int kept = fixture.Read<FilteredCall>("filtered.jsonl").Count(c => c.Kept);
        Assert.Equal(kept, watch.Last["filter"].Counts["kept"]);
    }

    private sealed class Watch(Action<StageProgress> report) : IProgress<StageProgress>
    {
        public int Reports { get; private set; }
        public Dictionary<string, StageProgress> Last { get; } = [];

        public void Report(StageProgress value)
        {
            Reports++;
            Last[value.Stage] = value;
            report(value);
        }
    }

    /// <summary>The middle of every line, one byte before its end, and its end.</summary>
    private static IEnumerable<int> Cuts(byte[] file)
    {
        yield return 0;
        for (int start = 0, end; start < file.Length; start = end)
        {
            end = Array.IndexOf(file, (byte)'\n', start) + 1;
            yield return (start + end) / 2;
            yield return end - 1;
            yield return end;
        }
    }

    private static long LengthIn(string group, int file) =>
        System.Text.Json.JsonDocument.Parse(group).RootElement.GetProperty("lengths")[file].GetInt64();

    private static void Truncate(string path, long length)
    {
        using var file = File.OpenWrite(path);
        file.SetLength(length);
    }

    private static void Copy(string from, string to, IEnumerable<(AnnotationStage Stage, string[] Files)> without)
    {
        Directory.CreateDirectory(to);
        string[] left = [.. without.SelectMany(
            s => s.Files.Append(s.Stage.ToString().ToLowerInvariant() + ".progress"))];
        foreach (string file in Directory.GetFiles(from).Where(f => !left.Contains(Path.GetFileName(f))))
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
    }
}
