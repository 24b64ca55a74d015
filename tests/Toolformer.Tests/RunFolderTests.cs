using System.Text.Json.Nodes;
using Toolformer.Tests.Fakes;

namespace Toolformer.Tests;

public sealed class RunFolderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("run").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_second_process_is_kept_out_of_a_run_folder_until_the_first_has_ended()
    {
        using (RunFolder.Open(_folder))
        {
            var error = Assert.Throws<IOException>(() => RunFolder.Open(_folder));
            Assert.Contains(_folder, error.Message);
            Assert.Contains("Another process", error.Message);
        }
        RunFolder.Open(_folder).Dispose();
    }

    [Fact]
    public void A_stage_begun_with_other_options_is_refused_and_the_difference_named()
    {
        using (var run = RunFolder.Open(_folder))
            run.Begin("sample", new JsonObject { ["k"] = 5, ["tools"] = new JsonObject { ["QA"] = 0.05 } });
        using var again = RunFolder.Open(_folder);
        again.Begin("sample", new JsonObject { ["tools"] = new JsonObject { ["QA"] = 0.05 }, ["k"] = 5 });
        var error = Assert.Throws<InvalidOperationException>(() => again.Begin("sample",
            new JsonObject { ["k"] = 6, ["tools"] = new JsonObject { ["QA"] = 0.1 }, ["seed"] = 1 }));
        Assert.Contains("k was 5, now 6", error.Message);
        Assert.Contains("tools.QA was 0.05, now 0.1", error.Message);
        Assert.Contains("seed was nothing, now 1", error.Message);
    }

    [Fact]
    public void A_run_that_goes_on_the_day_after_takes_place_on_the_day_of_its_beginning()
    {
        var began = new DateOnly(2017, 3, 9);
        using (var run = RunFolder.Open(_folder))
            Assert.Equal(began, run.Today(new ManualTime()));
        using var again = RunFolder.Open(_folder);
        var later = new ManualTime(new(2017, 3, 10, 12, 0, 0, TimeSpan.Zero));
        Assert.Equal(began, again.Today(later));
        Assert.Equal(began, again.Today(later, asked: began));
        string said = Assert.Throws<InvalidOperationException>(() =>
            again.Today(later, new DateOnly(2017, 3, 10))).Message;
        Assert.Contains("on 2017-03-09, not on 2017-03-10", said);
    }

    [Fact]
    public void A_manifest_comes_back_as_it_was_saved()
    {
        using (var run = RunFolder.Open(_folder))
        {
            run.Begin("sample", new JsonObject { ["k"] = 5 });
            run.Update(m => m with { Seed = 3, BeginningOfText = 7, Inputs = [new InputFile("a", 1, "ff")] });
        }
        var manifest = Manifest.Load(_folder)!;
        Assert.Equal((3, 7), (manifest.Seed!.Value, manifest.BeginningOfText!.Value));
        Assert.Equal(new InputFile("a", 1, "ff"), Assert.Single(manifest.Inputs));
        Assert.Equal(5, (int)manifest.Stages["sample"].Options["k"]!);
        Assert.NotEqual("unknown", manifest.Commit);

        File.WriteAllText(Path.Combine(_folder, Manifest.FileName), "{\"stages\": 5}");
        Assert.Contains(Manifest.FileName, Assert.Throws<InvalidDataException>(() => RunFolder.Open(_folder)).Message);
    }

    [Fact]
    public void A_torn_last_line_is_cut_off_before_more_is_written()
    {
        string path = Path.Combine(_folder, "a.jsonl");
        using (var writer = new JsonLinesWriter(path))
        {
            writer.Write(new InputFile("a", 1, "x"));
            writer.Write(new InputFile("ü\n", 2, "y"));
        }
        byte[] whole = File.ReadAllBytes(path);
        int first = Array.IndexOf(whole, (byte)'\n') + 1;
        for (int cut = first; cut < whole.Length; cut++)
        {
            File.WriteAllBytes(path, whole[..cut]);
            using (var writer = new JsonLinesWriter(path))
                writer.Write(new InputFile("ü\n", 2, "y"));
            Assert.Equal(whole, File.ReadAllBytes(path));
        }
        Assert.Equal(["a", "ü\n"], JsonLines.Read<InputFile>(path).Select(i => i.Path));
    }

    [Fact]
    public void A_line_that_is_no_record_is_named()
    {
        string path = Path.Combine(_folder, "a.jsonl");
        File.WriteAllText(path, "{\"path\":\"a\",\"bytes\":1,\"sha256\":\"x\"}\n{\"path\":\"b\",\"bytes\":2}\n");
        var error = Assert.Throws<InvalidDataException>(() => JsonLines.Read<InputFile>(path).ToList());
        Assert.Contains("a.jsonl, line 2", error.Message);
    }
}
