using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Toolformer.Evaluation;
using Toolformer.Tests.Fakes;
using Toolformer.Tools.Outbound;

namespace Toolformer.Tests.Evaluation;

public sealed class TestDataDownloadTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("download").FullName;
    private readonly List<string> _notes = [];

    private string Folder => Path.Combine(_root, "data");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task What_has_the_pinned_hash_appears_under_its_name_and_is_not_asked_for_again()
    {
        await using var server = RawServer.Of(RawServer.Ok("{}"));
        var source = new EvalSource("set/test.json", server.Address().ToString(), "MIT") { Sha256 = Hash("{}") };
        await GetAsync(server, source);
        await GetAsync(server, source);
        Assert.Equal("{}", File.ReadAllText(Path.Combine(Folder, "set", "test.json")));
        Assert.Single(server.Requests);
        Assert.Contains("MIT", Assert.Single(_notes));
    }

    [Fact]
    public async Task Another_hash_is_refused_and_nothing_is_left()
    {
        await using var server = RawServer.Of(RawServer.Ok("{\"changed\": true}"));
        var error = await Assert.ThrowsAsync<InvalidDataException>(() => GetAsync(server,
            new EvalSource("set/test.json", server.Address().ToString(), "MIT") { Sha256 = Hash("{}") }));
        Assert.Contains(Hash("{}"), error.Message);
        Assert.Empty(Directory.GetFiles(Folder, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_redirect_to_a_host_that_no_task_names_is_not_followed()
    {
        await using var other = RawServer.Of(RawServer.Ok("{}"));
        await using var server = RawServer.Of(RawServer.Redirect(other.Address().ToString()));
        await Assert.ThrowsAnyAsync<HttpRequestException>(
            () => GetAsync(server, new EvalSource("set/test.json", server.Address().ToString(), "MIT")));
        Assert.Empty(other.Requests);
    }

    [Fact]
    public async Task Of_an_archive_only_the_named_entries_are_taken_and_none_leaves_the_folder()
    {
        byte[] archive = Zip(("Set/a/one.json", "1"), ("Set/a/../../../../outside.json", "2"), ("Other/b.json", "3"),
            ("../c.json", "4"));
        await using var server = new RawServer(async (_, stream, cancellation) =>
        {
            string head = $"HTTP/1.1 200 OK\r\nContent-Length: {archive.Length}\r\nConnection: close\r\n\r\n";
            await stream.WriteAsync(Encoding.ASCII.GetBytes(head), cancellation);
            await stream.WriteAsync(archive, cancellation);
        });
        await GetAsync(server, new EvalSource("set/all.zip", server.Address().ToString(), "MIT")
        {
            Unpack = [("Set/a", "set/inside")],
        });
        string only = Assert.Single(Directory.GetFiles(_root, "*", SearchOption.AllDirectories));
        Assert.Equal(Path.Combine(Folder, "set", "inside", "one.json"), Path.GetFullPath(only));
        Assert.Equal("1", File.ReadAllText(only));
        Assert.Contains(_notes, note => note.Contains("no hash is pinned"));
    }

    private async Task GetAsync(RawServer server, EvalSource source)
    {
        using var http = new OutboundHttp(new AllowedHosts([server.Host]));
        await new TestDataDownload(Folder, http, _notes.Add).GetAsync(new Sourced(source));
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static byte[] Zip(params (string Name, string Content)[] entries)
    {
        var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create))
        {
            foreach (var (name, content) in entries)
            {
                using var writer = new StreamWriter(zip.CreateEntry(name).Open());
                writer.Write(content);
            }
        }
        return bytes.ToArray();
    }

    private sealed class Sourced(EvalSource source) : Benchmark
    {
        public override string Name => "sourced";
        public override int Version => 1;
        public override string Citation => "this file";
        public override IReadOnlyList<EvalSource> Sources => [source];
    }
}
