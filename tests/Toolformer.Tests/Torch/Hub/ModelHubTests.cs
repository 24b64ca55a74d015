using Toolformer.Tests.Fakes;
using Toolformer.Torch.Hub;

namespace Toolformer.Tests.Torch.Hub;

public sealed class ModelHubTests : IDisposable
{
    private readonly HubFixture _fixture = new();

    private FaultyHub Hub => _fixture.Hub;

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task A_model_is_pulled_into_the_layout_that_other_programs_read()
    {
        var snapshot = await _fixture.PullAsync();
        Assert.Equal((FaultyHub.Commit, _fixture.Snapshot), (snapshot.Commit, snapshot.Folder));
        Assert.Equal(snapshot.Bytes, snapshot.BytesFetched);
        Assert.Empty(snapshot.Unverified);
        _fixture.AssertWhole();
        Assert.Equal(FaultyHub.Commit, File.ReadAllText(Path.Combine(_fixture.Repository, "refs", "main")));
        Assert.All(Directory.GetFiles(_fixture.Snapshot), file => Assert.Equal(
            $"../../blobs/{Path.GetFileName(_fixture.Blob(Path.GetFileName(file)))}", new FileInfo(file).LinkTarget));
        Assert.True(File.Exists(
            Path.Combine(_fixture.Repository, ".no_exist", FaultyHub.Commit, "generation_config.json")));
        Assert.DoesNotContain(Hub.Requests, r => r.Path.Contains(".bin") || r.Path.Contains("onnx"));
    }

    [Fact]
    public async Task What_is_there_is_not_fetched_again()
    {
        await _fixture.PullAsync();
        var again = await _fixture.PullAsync();
        Assert.Equal(0, again.BytesFetched);
        Assert.Equal(1, Hub.CountOf("config.json"));
        Assert.Equal("owner/name", HubCache.IdOf(again.Folder));
    }

    [Fact]
    public async Task A_snapshot_that_another_program_has_pulled_is_used_as_it_is()
    {
        // As huggingface_hub leaves it: blobs, relative links, a reference with a line break of an editor.
        Directory.CreateDirectory(_fixture.Snapshot);
        Directory.CreateDirectory(Path.Combine(_fixture.Repository, "blobs"));
        Directory.CreateDirectory(Path.Combine(_fixture.Repository, "refs"));
        foreach (string file in (string[])["config.json", "tokenizer.json", "model.safetensors"])
        {
            File.WriteAllBytes(_fixture.Blob(file), Hub.Files[file]);
            File.CreateSymbolicLink(Path.Combine(_fixture.Snapshot, file),
                $"../../blobs/{Path.GetFileName(_fixture.Blob(file))}");
        }
        File.WriteAllText(Path.Combine(_fixture.Repository, "refs", "main"), FaultyHub.Commit + "\n");
        var cache = new HubCache(_fixture.Cache);
        Assert.Equal(_fixture.Snapshot, cache.Find(HubModel.Parse("owner/name")));
        Assert.Equal(_fixture.Snapshot, cache.Find(HubModel.Parse($"owner/name@{FaultyHub.Commit[..8]}")));
        Assert.Null(cache.Find(HubModel.Parse("owner/name@v1")));
        Assert.Equal(0, (await _fixture.PullAsync()).BytesFetched);
        File.Delete(_fixture.Blob("model.safetensors"));
        Assert.Null(cache.Find(HubModel.Parse("owner/name")));
    }

    [Fact]
    public async Task Branches_tags_and_commits_in_full_or_not_are_found_again()
    {
        Hub.Revisions["v1.0"] = Hub.Revisions["refs/pr/1"] = Hub.Revisions[FaultyHub.Commit[..7]] = FaultyHub.Commit;
        string[] revisions = ["v1.0", "refs/pr/1", FaultyHub.Commit[..7], FaultyHub.Commit];
        foreach (string revision in revisions)
            Assert.Equal(FaultyHub.Commit, (await _fixture.PullAsync($"owner/name@{revision}")).Commit);
        var cache = new HubCache(_fixture.Cache);
        Assert.All(revisions, r => Assert.Equal(_fixture.Snapshot, cache.Find(HubModel.Parse($"owner/name@{r}"))));
        Assert.True(File.Exists(Path.Combine(_fixture.Repository, "refs", "refs", "pr", "1")));
        Assert.False(File.Exists(Path.Combine(_fixture.Repository, "refs", FaultyHub.Commit)));
        Assert.Contains("revision", await _fixture.RefusedAsync<FileNotFoundException>("owner/name@v9"));
    }

    [Fact]
    public async Task A_mirror_that_lists_names_only_is_asked_for_sizes_and_hashes()
    {
        using var fixture = new HubFixture(listsHashes: false);
        var snapshot = await fixture.PullAsync();
        fixture.AssertWhole();
        Assert.Empty(snapshot.Unverified);
        Assert.Contains(fixture.Hub.Requests, r => r.Method == "HEAD" && r.Path.EndsWith("model.safetensors"));
        Assert.DoesNotContain(fixture.Hub.Requests, r => r.Method == "HEAD" && !r.OnHub);
    }

    [Fact]
    public async Task Of_a_model_in_shards_the_index_says_which()
    {
        Hub.Files.Remove("model.safetensors");
        foreach (int shard in (int[])[1, 2])
            Hub.Files[$"model-0000{shard}-of-00002.safetensors"] = HubFixture.Bytes(50_000, shard);
        Hub.Files["model-00003-of-00003.safetensors"] = HubFixture.Bytes(50_000, 3);
        Hub.Files["model.safetensors.index.json"] = """
            {"metadata": {}, "weight_map": {"a": "model-00001-of-00002.safetensors",
             "b": "model-00002-of-00002.safetensors", "c": "model-00001-of-00002.safetensors"}}
            """u8.ToArray();
        var snapshot = await _fixture.PullAsync();
        Assert.Equal(2, snapshot.Files.Count(f => f.StartsWith("model-")));
        Assert.Equal(0, Hub.CountOf("model-00003-of-00003.safetensors"));
        Assert.NotNull(new HubCache(_fixture.Cache).Find(HubModel.Parse("owner/name")));
    }

    [Theory]
    [InlineData("../../../escape.safetensors")]
    [InlineData("absent.safetensors")]
    public async Task An_index_that_names_what_the_model_does_not_have_is_refused(string shard)
    {
        Hub.Files.Remove("model.safetensors");
        Hub.Files["model.safetensors.index.json"] =
            System.Text.Encoding.UTF8.GetBytes($$$"""{"weight_map": {"a": "{{{shard}}}"}}""");
        Assert.Contains(shard, await _fixture.RefusedAsync<HubException>());
    }

    [Theory]
    [InlineData("../config.json")]
    [InlineData("/etc/passwd")]
    [InlineData("a/../../b.json")]
    [InlineData(@"a\b.json")]
    [InlineData("C:x.json")]
    [InlineData("a//b")]
    public async Task A_list_with_a_file_outside_the_model_is_refused_as_a_whole(string name)
    {
        Hub.Files[name] = [1];
        Assert.Contains("outside the model's folder", await _fixture.RefusedAsync<HubException>());
        Assert.False(Directory.Exists(_fixture.Repository));
    }

    [Fact]
    public async Task Only_a_pickle_is_refused_with_the_way_out_and_nothing_is_fetched()
    {
        Hub.Files.Remove("model.safetensors");
        string message = await _fixture.RefusedAsync<HubException>();
        Assert.Contains("pytorch_model.bin", message);
        Assert.Contains("safe_serialization", message);
        Assert.Single(Hub.Requests);
    }

    [Fact]
    public async Task Offline_only_the_cache_is_asked()
    {
        _fixture.Offline = true;
        Assert.Contains("HF_HUB_OFFLINE", await _fixture.RefusedAsync<FileNotFoundException>());
        Assert.Empty(Hub.Requests);
        _fixture.Offline = false;
        await _fixture.PullAsync();
        int requests = Hub.Requests.Count;
        _fixture.Offline = true;
        var snapshot = await _fixture.PullAsync();
        Assert.Equal((_fixture.Snapshot, requests), (snapshot.Folder, Hub.Requests.Count));
    }

    [Fact]
    public async Task A_disk_that_is_too_full_is_told_before_anything_is_fetched()
    {
        _fixture.FreeSpace = 16 << 20;
        string message = await _fixture.RefusedAsync<IOException>();
        Assert.Contains("free", message);
        Assert.Contains(_fixture.Cache, message);
        Assert.Single(Hub.Requests);
    }

    [Fact]
    public async Task Two_pulls_at_once_fetch_each_file_once()
    {
        var release = new TaskCompletionSource();
        Hub.Fault = (request, reply) => request.OnHub ? reply : reply with { After = release.Task };
        var waiting = new TaskCompletionSource();
        var first = _fixture.PullAsync();
        while (Hub.CountOf("model.safetensors") < 2)
            await Task.Yield();
        var second = _fixture.PullAsync(progress: Toolformer.Cli.Displays.Display.Hear<HubProgress>(p =>
        {
            if (p.Notice?.Contains("another process") == true)
                waiting.TrySetResult();
        }));
        await waiting.Task;
        release.SetResult();
        var done = await Task.WhenAll(first, second);
        Assert.Equal(2, Hub.CountOf("model.safetensors")); // at the hub, and where it sends on to
        Assert.Equal(0, done[1].BytesFetched);
        _fixture.AssertWhole();
    }

    [Fact]
    public async Task Verified_again_a_damaged_file_is_fetched_anew()
    {
        await _fixture.PullAsync();
        byte[] damaged = [.. Hub.Files["model.safetensors"]];
        damaged[777] ^= 1;
        File.WriteAllBytes(_fixture.Blob("model.safetensors"), damaged);
        await _fixture.PullAsync(verify: true);
        _fixture.AssertWhole();
        // Another length is seen without reading.
        File.WriteAllBytes(_fixture.Blob("model.safetensors"), damaged[..1000]);
        await _fixture.PullAsync();
        _fixture.AssertWhole();
    }

    [Theory]
    [InlineData("owner/name", "owner", "name", null)]
    [InlineData("o-1/n.2_3@refs/pr/1", "o-1", "n.2_3", "refs/pr/1")]
    [InlineData("o/n@v1.0+x", "o", "n", "v1.0+x")]
    public void A_name_of_a_model_is_read(string text, string owner, string name, string? revision) =>
        Assert.Equal(new HubModel(owner, name, revision), HubModel.Parse(text));

    [Theory]
    [InlineData("name")]
    [InlineData("a/b/c")]
    [InlineData("../name")]
    [InlineData("./name")]
    [InlineData("o/..")]
    [InlineData("o--x/n")]
    [InlineData("o/n@")]
    [InlineData("o/n@../../x")]
    [InlineData("o/n@a//b")]
    [InlineData("o/n@.hidden")]
    [InlineData("o/n@x\n")]
    [InlineData("o/n@a b")]
    public void What_is_no_name_of_a_model_is_refused(string text) =>
        Assert.Throws<ArgumentException>(() => HubModel.Parse(text));

    [Fact]
    public void The_environment_says_where_from_and_where_to()
    {
        var variables = new Dictionary<string, string> { ["HOME"] = "/h" };
        HubSettings Read() => HubSettings.FromEnvironment(variables.GetValueOrDefault);
        Assert.Equal("/h/.cache/huggingface/hub", Read().CacheFolder);
        Assert.Equal("https://huggingface.co/", Read().EndPoint.AbsoluteUri);
        Assert.Null(Read().Token);
        variables["HF_HOME"] = _fixture.Cache;
        File.WriteAllText(Path.Combine(_fixture.Cache, "token"), "hf_file\n");
        Assert.Equal((Path.Combine(_fixture.Cache, "hub"), "hf_file"), (Read().CacheFolder, Read().Token));
        (variables["HF_HUB_CACHE"], variables["HF_TOKEN"], variables["HF_HUB_OFFLINE"]) = ("/c", "hf_variable", "true");
        Assert.Equal(("/c", "hf_variable", true), (Read().CacheFolder, Read().Token, Read().Offline));
        variables["HF_TOKEN"] = "two\nlines";
        Assert.DoesNotContain("two", Assert.Throws<ArgumentException>(Read).Message);
        variables["HF_TOKEN"] = "";
        variables["HF_ENDPOINT"] = "file:///etc";
        Assert.Throws<ArgumentException>(Read);
    }
}
