using System.CommandLine;
using System.Text.Json;
using System.Xml.Linq;
using Toolformer.Cli;
using Toolformer.Cli.Displays;

namespace Toolformer.Tests.Cli;

/// <summary>The Dockerfile, the systemd unit and the packages name what is there.</summary>
public class PackagingTests
{
    private const string Published = "/opt/toolformer/";

    private static string[] Unit => Lines("toolformer.service");

    private static string[] Dockerfile => Lines("Dockerfile");

    [Fact]
    public void The_unit_serves_with_options_that_there_are_on_the_loopback()
    {
        string[] words = Setting("ExecStart").Split(' ');
        Assert.Equal(Published + "toolformer", words[0]);
        var parsed = Serve(words[1..]);
        Assert.Equal("127.0.0.1", parsed.GetValue<string>("--host"));
        Assert.True(int.Parse(Setting("TimeoutStopSec")) > parsed.GetValue<int>("--grace"),
            "systemd kills before the server has finished its texts");
    }

    [Fact]
    public void The_unit_runs_as_nobody_in_particular_and_may_write_its_own_folders_only()
    {
        Assert.Equal("yes", Setting("DynamicUser"));
        Assert.Equal("strict", Setting("ProtectSystem"));
        Assert.Equal("yes", Setting("NoNewPrivileges"));
        Assert.Equal("", Setting("CapabilityBoundingSet"));
        Assert.Equal("%S/" + Setting("StateDirectory"), Setting("WorkingDirectory"));
        // The runtime compiles while it runs.
        Assert.DoesNotContain(Unit, line => line.StartsWith("MemoryDenyWriteExecute", StringComparison.Ordinal));
        Assert.All(Unit, line => Assert.True(line.StartsWith('[') || line.Contains('='), line));
    }

    [Fact]
    public void The_image_listens_on_all_addresses_with_keys_only()
    {
        var parsed = Serve(JsonSerializer.Deserialize<string[]>(Instruction("CMD"))!);
        Assert.Equal("0.0.0.0", parsed.GetValue<string>("--host"));
        Assert.Equal("/data/keys.jsonl", parsed.GetValue<string>("--keys"));
        Assert.Equal(Instruction("EXPOSE"), $"{parsed.GetValue<int>("--port")}");
        Assert.Contains($"http://127.0.0.1:{Instruction("EXPOSE")}/health", Instruction("HEALTHCHECK"));
        Assert.Equal(["toolformer"], JsonSerializer.Deserialize<string[]>(Instruction("ENTRYPOINT"))!);
    }

    [Fact]
    public void The_image_runs_as_a_user_who_owns_its_volume_alone()
    {
        string user = Instruction("USER");
        string setup = Dockerfile.Last(l => l.StartsWith("RUN apt-get", StringComparison.Ordinal));
        Assert.Contains($"-o {user} -g {user} {Instruction("VOLUME")}", setup);
        Assert.Contains("useradd --system", setup);
        int last = Array.FindLastIndex(Dockerfile, l => l.StartsWith("RUN ", StringComparison.Ordinal));
        Assert.True(Array.FindIndex(Dockerfile, l => l.StartsWith("USER ", StringComparison.Ordinal)) > last);
        Assert.All(Dockerfile, line => Assert.Contains(line.Split(' ')[0], new[] { "FROM", "WORKDIR", "COPY", "RUN",
            "USER", "VOLUME", "ENV", "EXPOSE", "HEALTHCHECK", "STOPSIGNAL", "ENTRYPOINT", "CMD" }));
    }

    [Fact]
    public void What_is_published_is_a_project_and_goes_where_it_is_looked_for()
    {
        string publish = Dockerfile.Single(l => l.StartsWith("RUN dotnet publish ", StringComparison.Ordinal));
        Assert.True(Directory.Exists(Path.Combine(Shared.Root, publish.Split(' ')[3])), publish);
        Assert.EndsWith("-o " + Published.TrimEnd('/'), publish);
        Assert.Contains(Dockerfile, l => l == $"COPY --from=build {Published.TrimEnd('/')} {Published.TrimEnd('/')}");
        Assert.Contains($"ln -s {Published}toolformer /usr/local/bin/toolformer", string.Join('\n', Dockerfile));
    }

    [Theory]
    [InlineData("Toolformer")]
    [InlineData("Toolformer.Torch")]
    [InlineData("Toolformer.Cli")]
    public void A_package_says_what_it_is(string name)
    {
        var project = XDocument.Load(Path.Combine(Shared.Root, "src", name, $"{name}.csproj"));
        Assert.Equal("true", project.Descendants("IsPackable").Single().Value);
        Assert.NotEmpty(project.Descendants("Description").Single().Value);
    }

    /// <summary>Parses as typed, and every path of the installed folder is in the repository.</summary>
    private static ParseResult Serve(string[] words)
    {
        Assert.Equal("serve", words[0]);
        var display = new Display(TextReader.Null, TextWriter.Null, TextWriter.Null, TimeProvider.System);
        var parsed = CommandLine.Parse(words, display);
        Assert.Empty(parsed.Errors);
        Assert.All(words.Where(w => w.StartsWith(Published, StringComparison.Ordinal)), path =>
            Assert.True(Path.Exists(Path.Combine(Shared.Root, path[Published.Length..])), path));
        return parsed;
    }

    private static string Setting(string name) =>
        Unit.Single(l => l.StartsWith($"{name}=", StringComparison.Ordinal))[(name.Length + 1)..];

    private static string Instruction(string name) =>
        Dockerfile.Last(l => l.StartsWith($"{name} ", StringComparison.Ordinal))[(name.Length + 1)..].Trim();

    /// <summary>Without comments and empty lines, continued lines joined.</summary>
    private static string[] Lines(string file) => [.. string.Join('\n',
        File.ReadLines(Path.Combine(Shared.Root, "packaging", file)).Where(l => l.Length > 0 && l[0] != '#'))
        .Replace("\\\n", "").Split('\n')];
}
