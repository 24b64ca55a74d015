using Toolformer.Cli;
using Toolformer.Tests.Fakes;

namespace Toolformer.Tests.Cli;

public class DoctorTests
{
    [Fact]
    public async Task A_sound_machine_and_model_are_told_to_be_so()
    {
        using var model = new TinyModel();
        var run = await ToolformerRun.Of("doctor", "--model", model.Folder, "--json");
        Assert.Equal(0, run.Status);
        Assert.Equal(["machine", "libtorch", "configuration", "tokenizer", "markup", "weights"],
            run.Records.Select(r => r.GetProperty("subject").GetString()));
        Assert.All(run.Records, r => Assert.Equal("ok", r.GetProperty("health").GetString()));
    }

    [Fact]
    public async Task A_folder_without_tokenizer_is_limited_but_not_broken()
    {
        using var model = new TinyModel(withTokenizer: false);
        var run = await ToolformerRun.Of("doctor", "--model", model.Folder);
        Assert.Equal(0, run.Status);
        Assert.Contains("limited  tokenizer", run.Output);
        Assert.Contains("tokenizer.json", run.Output);
    }

    [Fact]
    public void The_symbol_version_that_older_systems_lack_is_recognised()
    {
        var finding = MachineHealth.OfLoadError("Unable to load shared library. /lib/x86_64-linux-gnu/libstdc++.so.6: "
            + "version `GLIBCXX_3.4.32' not found (required by /app/libLibTorchSharp.so)", "/app/libLibTorchSharp.so");
        Assert.Equal(Health.Broken, finding.Health);
        Assert.Contains("GLIBCXX_3.4.32", finding.What);
        Assert.Equal("/app/libLibTorchSharp.so", finding.Where);
        Assert.Contains("weak", finding.Remedy);
    }
}
