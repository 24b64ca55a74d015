using Toolformer.Cli;
using Toolformer.Cli.Displays;
using Toolformer.Cli.Doctor;
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
        Assert.Equal(["machine", "libtorch", "bfloat16", "hub", "configuration", "tokenizer", "markup", "weights"],
            run.Records.Select(r => r.GetProperty("subject").GetString()).Where(s => s != "libssl"));
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

    [Theory]
    [InlineData("fpu avx512f avx512_bf16 amx_bf16 amx_tile", "AMX")]
    [InlineData("fpu avx512f avx512_bf16", "faster")]
    [InlineData("fp asimd bf16 i8mm", "faster")]
    [InlineData("fpu avx2", "memory, not time")]
    public void The_processor_says_what_bfloat16_is_worth(string flags, string part) =>
        Assert.Contains(part, MachineHealth.OfProcessorFlags(flags.Split(' ').ToHashSet()));

    [Fact]
    public async Task The_machine_alone_is_examined_without_a_model_and_the_token_is_not_shown()
    {
        var variables = new Dictionary<string, string>
        {
            ["HF_HOME"] = Path.GetTempPath(),
            ["HF_ENDPOINT"] = "https://mirror.example.org",
            ["HF_TOKEN"] = "hf_secret",
        };
        var run = await ToolformerRun.OfEnvironment(variables, TimeProvider.System, "doctor");
        Assert.Equal(0, run.Status);
        Assert.Contains("cores", run.Output);
        Assert.Contains("GB of memory", run.Output);
        Assert.Contains("mirror.example.org, a token is set", run.Output);
        Assert.DoesNotContain("hf_secret", run.Output);
        variables["HF_ENDPOINT"] = "nonsense";
        run = await ToolformerRun.OfEnvironment(variables, TimeProvider.System, "doctor");
        Assert.Equal(1, run.Status);
        Assert.Contains("broken   hub: HF_ENDPOINT", run.Output);
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

    [Fact]
    public void A_system_without_OpenSSL_is_told_what_to_install()
    {
        Assert.Equal(Health.Ok, MachineHealth.OfOpenSsl(isThere: true).Health);
        var finding = MachineHealth.OfOpenSsl(isThere: false);
        Assert.Equal(Health.Broken, finding.Health);
        Assert.Contains("libssl3", finding.Remedy);
    }

    [Fact]
    public async Task The_shipped_model_is_found_wherever_the_program_is_started()
    {
        string shipped = Path.Combine(AppContext.BaseDirectory, "models", "nano");
        Assert.SkipUnless(Directory.Exists(shipped), "there is no models/nano");
        var display = new Display(TextReader.Null, TextWriter.Null, TextWriter.Null, TimeProvider.System);
        string found = await Models.LocateAsync("models/nano", display, default);
        Assert.Equal(Path.GetFullPath(Path.Exists("models/nano") ? "models/nano" : shipped), Path.GetFullPath(found));
    }
}
