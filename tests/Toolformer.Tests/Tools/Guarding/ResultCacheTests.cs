using Toolformer.Tests.Fakes;
using Toolformer.Tools;
using Toolformer.Tools.Guarding;

namespace Toolformer.Tests.Tools.Guarding;

public sealed class ResultCacheTests : IDisposable
{
    private static readonly ToolContext Context = new(new ManualTime());

    private readonly string _folder = Directory.CreateTempSubdirectory("cache-").FullName;
    private readonly ManualTime _time = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string Key(int number) =>
        ResultCache.KeyOf(new FakeTool("T", "x"), "", $"{number}");

    private ResultCache Make(string kind) => kind == "memory"
        ? new MemoryResultCache(_time)
        : new DiskResultCache(_folder, _time);

    [Theory]
    [InlineData("memory")]
    [InlineData("disk")]
    public async Task A_call_that_was_answered_is_not_made_again(string kind)
    {
        int calls = 0;
        var tool = new FakeTool("T", input => $"{input}, call {++calls}");
        var box = new Toolbox([tool], _time) { Policies = new ToolPolicies { Cache = Make(kind) } };
        Assert.Equal("a, call 1", (await box.CallAsync("T", "a", Context)).Text);
        Assert.Equal("a, call 1", (await box.CallAsync("T", " \"a\" ", Context)).Text);
        Assert.Equal("b, call 2", (await box.CallAsync("T", "b", Context)).Text);
    }

    [Fact]
    public async Task Another_version_another_day_and_another_tool_are_asked_anew()
    {
        var cache = new DiskResultCache(_folder, _time);
        int calls = 0;
        async Task<string?> Ask(string name, string version, ToolContext context)
        {
            var tool = new FakeTool(name, _ => $"{++calls}") { OwnVersion = version };
            var box = new Toolbox([tool, new Calendar()], _time) { Policies = new ToolPolicies { Cache = cache } };
            await box.CallAsync("Calendar", "", context);
            return (await box.CallAsync(name, "x", context)).Text;
        }

        Assert.Equal(["1", "1", "2", "3"],
            [await Ask("T", "1", Context), await Ask("T", "1", Context), await Ask("T", "2", Context),
                await Ask("U", "1", Context)]);
        var calendar = new Toolbox([new Calendar()], _time) { Policies = new ToolPolicies { Cache = cache } };
        Assert.Equal("Today is Thursday, March 9, 2017.", (await calendar.CallAsync("Calendar", "", Context)).Text);
        Assert.Equal("Today is Saturday, March 9, 2024.",
            (await calendar.CallAsync("Calendar", "", ToolContext.On(new(2024, 3, 9)))).Text);
    }

    [Theory]
    [InlineData("")]
    [InlineData(":")]
    [InlineData("0:")]
    [InlineData("\n")]
    public void Where_a_part_of_a_key_ends_and_the_next_begins_makes_another_key(string between)
    {
        var tool = new Calendar();
        Assert.NotEqual(
            ResultCache.KeyOf(tool, $"a{between}b", ""), ResultCache.KeyOf(tool, "a", $"b{between}"));
    }

    [Fact]
    public async Task Failures_changes_and_tools_that_forbid_it_are_not_kept()
    {
        int calls = 0;
        var failing = new FakeTool("F", (_, _) => new(ToolResult.Failure($"{++calls}")));
        var changing = new FakeTool("C", _ => $"{++calls}") { Changes = _ => true };
        var forbidding = new FakeTool("N", _ => $"{++calls}");
        var box = new Toolbox([failing, changing, forbidding], _time)
        {
            Policies = new ToolPolicies
            {
                Cache = new MemoryResultCache(_time),
                Approve = (_, _) => new(true),
                Limits = new Dictionary<string, ToolLimits> { ["N"] = new() { CacheSeconds = 0 } },
            },
        };
        foreach (string name in (string[])["F", "F", "C", "C", "N", "N"])
            await box.CallAsync(name, "x", Context);
        Assert.Equal(6, calls);
    }

    [Theory]
    [InlineData("memory")]
    [InlineData("disk")]
    public void An_answer_is_given_until_it_is_too_old(string kind)
    {
        var cache = Make(kind);
        cache.Keep(Key(1), "fresh");
        _time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal("fresh", cache.Find(Key(1), TimeSpan.FromSeconds(60)));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(cache.Find(Key(1), TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public void What_was_used_longest_ago_makes_room_in_memory()
    {
        var cache = new MemoryResultCache(_time, maxCharacters: 3500);
        string text = new('x', 1000);
        for (int i = 0; i < 3; i++)
            cache.Keep(Key(i), text);
        Assert.NotNull(cache.Find(Key(0), TimeSpan.MaxValue));
        cache.Keep(Key(3), text);
        Assert.Equal([true, false, true, true],
            Enumerable.Range(0, 4).Select(i => cache.Find(Key(i), TimeSpan.MaxValue) is not null));
    }

    [Fact]
    public void The_folder_does_not_outgrow_its_size()
    {
        const int max = 200 << 10;
        var (one, other) = (new DiskResultCache(_folder, _time, max), new DiskResultCache(_folder, _time, max));
        for (int i = 0; i < 120; i++)
        {
            (i % 2 == 0 ? one : other).Keep(Key(i), new string('x', 1 + i % 3 * 3000));
            long size = Directory.GetFiles(_folder, "*", SearchOption.AllDirectories)
                .Sum(f => (new FileInfo(f).Length + 4095) / 4096 * 4096);
            Assert.InRange(size, 0, max + 2 * max / 16 + 3 * 4096);
        }
        Assert.NotNull(one.Find(Key(119), TimeSpan.MaxValue));
    }

    [Fact]
    public void Files_that_were_cut_off_or_swapped_are_no_answers_and_are_mended()
    {
        var cache = new DiskResultCache(_folder, _time);
        for (int i = 0; i < 4; i++)
            cache.Keep(Key(i), $"answer {i}");
        string File(int i) => Path.Combine(_folder, Key(i)[..2], Key(i) + ".json");
        System.IO.File.WriteAllText(File(0), System.IO.File.ReadAllText(File(0))[..50]);
        System.IO.File.WriteAllText(File(1), "");
        System.IO.File.Copy(File(3), File(2), overwrite: true);
        for (int i = 0; i < 3; i++)
            Assert.Null(cache.Find(Key(i), TimeSpan.MaxValue));
        Assert.Equal("answer 3", cache.Find(Key(3), TimeSpan.MaxValue));
        cache.Keep(Key(0), "again");
        Assert.Equal("again", cache.Find(Key(0), TimeSpan.MaxValue));
    }

    [Fact]
    public void What_a_killed_process_left_half_written_is_cleared_away_later()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "ab"));
        string left = Path.Combine(_folder, "ab", "abc.json.1-1.tmp"), fresh = Path.Combine(_folder, "ab", "d.2-1.tmp");
        File.WriteAllText(left, "{\"ke");
        File.WriteAllText(fresh, "{\"ke");
        File.SetLastWriteTimeUtc(left, _time.GetUtcNow().UtcDateTime.AddHours(-2));
        File.SetLastWriteTimeUtc(fresh, _time.GetUtcNow().UtcDateTime);
        _ = new DiskResultCache(_folder, _time);
        Assert.Equal([fresh], Directory.GetFiles(_folder, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public void Many_writers_and_readers_of_one_folder_see_whole_answers_only()
    {
        DiskResultCache[] caches = [.. Enumerable.Range(0, 4).Select(_ => new DiskResultCache(_folder, _time))];
        Parallel.For(0, 400, i =>
        {
            var cache = caches[i % caches.Length];
            string letter = ((char)('a' + i % 7)).ToString();
            cache.Keep(Key(i % 5), string.Concat(Enumerable.Repeat(letter, 5000)));
            string? found = caches[(i + 1) % caches.Length].Find(Key(i * 3 % 5), TimeSpan.MaxValue);
            Assert.True(found is null || (found.Length == 5000 && found.Distinct().Count() == 1));
        });
    }

    [Fact]
    public void No_input_can_be_read_from_the_folder()
    {
        var cache = new DiskResultCache(_folder, _time);
        cache.Keep(ResultCache.KeyOf(new FakeTool("T", "x"), "", "my question"), "an answer");
        string file = Assert.Single(Directory.GetFiles(_folder, "*", SearchOption.AllDirectories));
        Assert.DoesNotContain("question", File.ReadAllText(file) + file);
    }

    [Fact]
    public void A_folder_that_can_not_be_written_costs_a_warning_and_no_answer()
    {
        var warnings = new List<string>();
        var cache = new DiskResultCache(_folder, _time, warn: warnings.Add);
        File.WriteAllText(Path.Combine(_folder, Key(1)[..2]), "a file where a folder should be");
        cache.Keep(Key(1), "x");
        cache.Keep(Key(1), "x");
        Assert.Contains(_folder, Assert.Single(warnings));
        Assert.Null(cache.Find(Key(1), TimeSpan.MaxValue));
    }
}
