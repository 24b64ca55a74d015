using Toolformer.Cli;
using Toolformer.Tests.Fakes;
using Toolformer.Tests.Torch.Hub;
using Toolformer.Torch.Hub;

namespace Toolformer.Tests.Cli;

public sealed class PullTests : IDisposable
{
    private readonly HubFixture _fixture = new();
    private readonly Dictionary<string, string> _variables;

    public PullTests() => _variables = new()
    {
        ["HF_ENDPOINT"] = _fixture.Hub.Address,
        ["HF_HUB_CACHE"] = _fixture.Cache,
        ["HF_TOKEN"] = HubFixture.Token,
    };

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task The_folder_is_printed_and_the_progress_told()
    {
        var run = await Run("pull", "owner/name");
        Assert.Equal((0, _fixture.Snapshot + "\n"), (run.Status, run.Output));
        Assert.Contains("pulling owner/name 100%", run.Error);
        Assert.Contains("kB", run.Error);
        Assert.DoesNotContain(HubFixture.Token, run.Error);
        var json = Assert.Single((await Run("pull", "owner/name", "--revision", FaultyHub.Commit, "--json")).Records);
        Assert.Equal(FaultyHub.Commit, json.GetProperty("commit").GetString());
        Assert.Equal(0, json.GetProperty("bytes_fetched").GetInt64());
        Assert.Equal(3, json.GetProperty("files").GetArrayLength());
    }

    [Fact]
    public async Task A_model_on_a_hub_can_be_named_wherever_a_folder_can()
    {
        using var model = new TinyModel();
        foreach (string file in Directory.GetFiles(model.Folder))
            _fixture.Hub.Files[Path.GetFileName(file)] = File.ReadAllBytes(file);
        string folder = (await Run("score", "--model", model.Folder, "--input", Input())).Output;
        foreach (string[] words in (string[][])[["--model", "owner/name"], ["--model=owner/name@main"]])
        {
            var run = await Run(["score", .. words, "--input", Input()]);
            Assert.True(run.Status == 0, run.Error);
            Assert.Equal(folder, run.Output);
        }
        Assert.Equal(1, _fixture.Hub.CountOf("config.json"));
        var doctor = await Run("doctor", "owner/name");
        Assert.True(doctor.Status == 0, doctor.Output);
        var identity = Toolformer.Torch.ModelFolder.Open(_fixture.Snapshot).Identity();
        Assert.Equal("owner/name", identity["name"]!.GetValue<string>());

        string Input()
        {
            string path = Path.Combine(_fixture.Cache, "input.jsonl");
            File.WriteAllText(path, """{"input_ids": [1, 2, 3]}""" + "\n");
            return path;
        }
    }

    [Fact]
    public async Task A_path_with_a_slip_is_not_asked_for_on_a_hub()
    {
        // The test runs somewhere; a folder that is there makes "folder/slip" a path.
        string there = Path.GetFileName(Directory.GetDirectories(".")[0]);
        var run = await Run("score", "--model", $"{there}/slip");
        run.AssertRefused($"'{there}/slip'", "looked in", "owner/name");
        Assert.Empty(_fixture.Hub.Requests);
    }

    [Fact]
    public async Task What_the_hub_refuses_is_a_failure_of_the_work_and_a_name_that_is_none_bad_input()
    {
        _fixture.Hub.Fault = (_, _) => new FaultyHub.Reply(403, [], ("X-Error-Code", "GatedRepo"));
        var refused = await Run("pull", "owner/name");
        Assert.Equal(CommandLine.Failed, refused.Status);
        Assert.Contains("licence", refused.Error);
        Assert.Equal(4, refused.Error.TrimEnd().Split('\n').Length + 1);
        (await Run("pull", "gpt2")).AssertRefused("'gpt2'", "owner/name");
        (await Run("pull", "owner/name@a", "--revision", "b")).AssertRefused("'a'", "'b'");
        _variables["HF_HUB_OFFLINE"] = "1";
        (await Run("pull", "owner/name")).AssertRefused("HF_HUB_OFFLINE", _fixture.Cache);
    }

    [Fact]
    public async Task The_doctor_asks_no_hub()
    {
        (await Run("doctor", "owner/name")).AssertRefused("no model of this name is in the cache", "toolformer pull");
        Assert.Empty(_fixture.Hub.Requests);
    }

    [Fact]
    public void A_pull_that_is_killed_or_interrupted_goes_on_where_it_stopped()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs signals");
        byte[] weights = _fixture.Hub.Files["model.safetensors"];
        string incomplete = _fixture.Blob("model.safetensors") + ".incomplete";
        var never = new TaskCompletionSource();
        int asked = 0;
        // Each attempt brings some bytes more; the attempt after it hangs until its process ends.
        _fixture.Hub.Fault = (request, reply) => request.OnHub ? reply
            : (asked++ % 2) == 0 && asked < 4 ? reply with { CutAt = 50_000 }
            : asked < 5 ? reply with { After = never.Task }
            : reply;
        using (var killed = Start())
        {
            Assert.True(killed.WaitUntil(() => asked == 2), killed.Error);
            killed.Kill();
        }
        Assert.Equal(weights[..50_000], File.ReadAllBytes(incomplete));
        using (var interrupted = Start())
        {
            Assert.True(interrupted.WaitUntil(() => asked == 4), interrupted.Error);
            interrupted.Interrupt();
            Assert.Equal(CommandLine.Interrupted, interrupted.Wait());
            Assert.Contains("Interrupted.", interrupted.Error);
        }
        Assert.Equal(weights[..100_000], File.ReadAllBytes(incomplete));
        Assert.Null(new HubCache(_fixture.Cache).Find(HubModel.Parse("owner/name")));
        using (var last = Start())
            Assert.True(last.Wait() == 0, last.Error);
        Assert.Equal([0L, 50_000, 50_000, 100_000, 100_000],
            _fixture.Hub.Requests.Where(r => !r.OnHub).Select(r => r.From));
        _fixture.AssertWhole();

        ToolformerProcess Start() => ToolformerProcess.Run(["env", .. _variables.Select(v => $"{v.Key}={v.Value}"),
            .. ToolformerProcess.Command, "pull", "owner/name"]);
    }

    private Task<ToolformerRun> Run(params string[] arguments) =>
        ToolformerRun.OfEnvironment(_variables, _fixture.Time, arguments);
}
