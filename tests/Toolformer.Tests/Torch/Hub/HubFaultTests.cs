using Toolformer.Tests.Fakes;
using Toolformer.Torch.Hub;

namespace Toolformer.Tests.Torch.Hub;

/// <summary>What may go wrong on the way from a hub.</summary>
public sealed class HubFaultTests : IDisposable
{
    private readonly HubFixture _fixture = new();

    private FaultyHub Hub => _fixture.Hub;

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Connections_that_are_cut_anywhere_cost_no_byte_twice(int seed)
    {
        var dice = new Random(seed);
        int cuts = 0;
        Hub.Fault = (request, reply) =>
        {
            lock (dice)
            {
                if (reply.Body.Length == 0 || dice.Next(3) == 0)
                    return reply;
                cuts++;
                return reply with { CutAt = dice.Next(reply.Body.Length) };
            }
        };
        var snapshot = await _fixture.PullAsync();
        _fixture.AssertWhole();
        Assert.True(cuts > 0);
        Assert.Equal(snapshot.Bytes, snapshot.BytesFetched);
    }

    [Fact]
    public async Task A_pull_goes_on_where_a_killed_one_has_stopped()
    {
        byte[] weights = Hub.Files["model.safetensors"];
        Directory.CreateDirectory(Path.GetDirectoryName(_fixture.Blob("model.safetensors"))!);
        File.WriteAllBytes(_fixture.Blob("model.safetensors") + ".incomplete", weights[..150_000]);
        var snapshot = await _fixture.PullAsync();
        _fixture.AssertWhole();
        Assert.Equal(snapshot.Bytes - 150_000, snapshot.BytesFetched);
        Assert.Contains(Hub.Requests, r => !r.OnHub && r.From == 150_000);
    }

    [Theory]
    [InlineData(100, "begun with other bytes")]
    [InlineData(200_000, "as long, but other bytes")]
    [InlineData(300_000, "longer")]
    public async Task What_was_begun_wrongly_is_begun_anew(int length, string how)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_fixture.Blob("model.safetensors"))!);
        File.WriteAllBytes(_fixture.Blob("model.safetensors") + ".incomplete", HubFixture.Bytes(length, seed: 9));
        await _fixture.PullAsync();
        _fixture.AssertWhole();
        Assert.NotEmpty(how);
    }

    [Fact]
    public async Task A_server_that_knows_no_ranges_starts_again()
    {
        bool cut = false;
        Hub.Fault = (request, reply) =>
        {
            if (request.OnHub)
                return reply;
            if (!cut)
            {
                cut = true;
                return reply with { CutAt = 70_000 };
            }
            return new FaultyHub.Reply(200, Hub.Files["model.safetensors"]);
        };
        await _fixture.PullAsync();
        _fixture.AssertWhole();
    }

    [Fact]
    public async Task Wrong_bytes_are_never_kept()
    {
        Hub.Fault = (request, reply) => request.OnHub ? reply : reply with { Body = new byte[reply.Body.Length] };
        string message = await _fixture.RefusedAsync<HubException>();
        Assert.Contains("wrong bytes", message);
        Assert.Contains(FaultyHub.TagOf("model.safetensors", Hub.Files["model.safetensors"]), message);
        Assert.Contains("model.safetensors", message);
        Assert.False(File.Exists(Path.Combine(_fixture.Snapshot, "model.safetensors")));
        Assert.DoesNotContain(Directory.GetFiles(Path.Combine(_fixture.Repository, "blobs")),
            f => f.StartsWith(_fixture.Blob("model.safetensors")));
        Assert.Null(new HubCache(_fixture.Cache).Find(HubModel.Parse("owner/name")));
        Hub.Fault = (_, reply) => reply;
        await _fixture.PullAsync();
        _fixture.AssertWhole();
    }

    [Theory]
    [InlineData("longer, and says so")]
    [InlineData("longer, and says nothing")]
    [InlineData("shorter, and says so")]
    [InlineData("shorter, and says nothing")]
    public async Task A_file_of_another_length_is_not_taken(string how)
    {
        Hub.Fault = (request, reply) => request.OnHub || request.From > 0 ? reply : reply with
        {
            Body = how.StartsWith("longer") ? [.. reply.Body, .. new byte[100]] : reply.Body[..(reply.Body.Length / 2)],
            Length = how.EndsWith("nothing") ? -1 : null,
        };
        if (how == "shorter, and says nothing")
        {
            // That is no other than a cut: the rest is asked for.
            await _fixture.PullAsync();
            _fixture.AssertWhole();
            return;
        }
        await _fixture.RefusedAsync<HubException>();
        Assert.False(File.Exists(Path.Combine(_fixture.Snapshot, "model.safetensors")));
    }

    [Fact]
    public async Task Too_many_requests_are_waited_for_as_long_as_the_server_asks()
    {
        var replies = new Queue<FaultyHub.Reply>([
            new(429, [], ("Retry-After", "7")),
            new(503, [], ("Retry-After", "Sat, 09 Mar 2024 12:00:20 GMT")),
            new(500, []),
        ]);
        Hub.Fault = (request, reply) => request.Path.Contains("config.json") && replies.TryDequeue(out var fault)
            ? fault
            : reply;
        await _fixture.PullAsync();
        Assert.Equal([7, 20, 4], _fixture.Time.Waits);
    }

    [Theory]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(503)]
    public async Task What_stays_broken_is_given_up_after_waiting_twice_as_long_each_time(int status)
    {
        Hub.Fault = (_, _) => new FaultyHub.Reply(status, []);
        string message = await _fixture.RefusedAsync<HubException>();
        Assert.Contains($"answers {status}", message);
        Assert.Equal([1, 2, 4, 8, 16], _fixture.Time.Waits);
        Assert.Equal(6, Hub.Requests.Count);
    }

    [Fact]
    public async Task A_server_that_asks_to_wait_for_hours_is_not_waited_for()
    {
        Hub.Fault = (_, _) => new FaultyHub.Reply(429, [], ("Retry-After", "7200"));
        Assert.Contains("120 minutes", await _fixture.RefusedAsync<HubException>());
        Assert.Empty(_fixture.Time.Waits);
    }

    [Theory]
    [InlineData(401, "RepoNotFound", "no such model")]
    [InlineData(401, "", "no such model")]
    [InlineData(403, "GatedRepo", "licence")]
    [InlineData(403, "", "refuses")]
    public async Task What_is_not_permitted_is_told_with_the_way_in_and_not_tried_again(
        int status, string code, string part)
    {
        Hub.Fault = (_, _) => new FaultyHub.Reply(status, [], ("X-Error-Code", code));
        string message = await _fixture.RefusedAsync<HubException>();
        Assert.Contains(part, message);
        Assert.Contains("HF_TOKEN", message);
        Assert.Contains("owner/name", message);
        Assert.Single(Hub.Requests);
    }

    [Fact]
    public async Task A_model_or_a_file_that_is_not_there_is_not_tried_again()
    {
        Assert.Contains("someone/else", await _fixture.RefusedAsync<FileNotFoundException>("someone/else"));
        Assert.Single(Hub.Requests);
        Hub.Fault = (request, reply) => request.Path.EndsWith("tokenizer.json") ? new FaultyHub.Reply(404, []) : reply;
        Assert.Contains("tokenizer.json", await _fixture.RefusedAsync<FileNotFoundException>());
    }

    [Fact]
    public async Task The_token_goes_to_the_hub_only_and_into_no_message()
    {
        _fixture.LoggedIn = HubFixture.Token;
        // A redirect on the hub itself keeps the token.
        Hub.Fault = (request, reply) => request.Path.EndsWith("config.json") && Hub.CountOf("config.json") == 1
            ? new FaultyHub.Reply(307, [], ("Location", request.Path))
            : reply;
        await _fixture.PullAsync();
        _fixture.AssertWhole();
        Assert.Equal(2, Hub.CountOf("config.json"));
        Assert.All(Hub.Requests.Where(r => r.OnHub),
            r => Assert.Equal($"Bearer {HubFixture.Token}", r.Headers["Authorization"]));
        Assert.Contains(Hub.Requests, r => !r.OnHub);
        Assert.All(Hub.Requests.Where(r => !r.OnHub), r => Assert.DoesNotContain("Authorization", r.Headers.Keys));
        Hub.Fault = (_, _) => new FaultyHub.Reply(403, [], ("X-Error-Message", $"bad {HubFixture.Token} \a"));
        string message = await _fixture.RefusedAsync<HubException>();
        Assert.DoesNotContain(HubFixture.Token, message);
        Assert.DoesNotContain("\a", message);
    }

    [Theory]
    [InlineData("file:///etc/passwd")]
    [InlineData("http://user:word@127.0.0.1:1/x")]
    public async Task Redirects_to_what_is_no_host_of_files_are_not_followed(string location)
    {
        Hub.Fault = (_, _) => new FaultyHub.Reply(302, [], ("Location", location));
        Assert.Contains("sends on to", await _fixture.RefusedAsync<HubException>());
        Assert.Single(Hub.Requests);
    }

    [Fact]
    public async Task Redirects_in_a_circle_end()
    {
        Hub.Fault = (request, _) => new FaultyHub.Reply(302, [], ("Location", request.Path));
        Assert.Contains("more than 8 times", await _fixture.RefusedAsync<HubException>());
        Assert.Equal(9, Hub.Requests.Count);
    }

    [Fact]
    public async Task A_list_that_is_cut_or_garbled_is_asked_for_again()
    {
        int asked = 0;
        Hub.Fault = (request, reply) => request.Path.StartsWith("/api/") && asked++ < 3
            ? asked == 1 ? reply with { CutAt = 50 }
                : asked == 2 ? reply with { Body = reply.Body[..50] }
                : reply with { Body = "<html>"u8.ToArray() }
            : reply;
        await _fixture.PullAsync();
        Assert.Equal(4, asked);
        _fixture.AssertWhole();
    }

    [Theory]
    [InlineData("""{"siblings": []}""")]
    [InlineData("""{"sha": "../../x", "siblings": []}""")]
    [InlineData("""{"sha": "1234567890abcdef1234567890abcdef12345678"}""")]
    [InlineData("""{"sha": "1234567890abcdef1234567890abcdef12345678", "siblings": [7]}""")]
    public async Task An_answer_that_is_none_of_a_hub_is_refused(string answer)
    {
        Hub.Fault = (_, reply) => reply with { Body = System.Text.Encoding.UTF8.GetBytes(answer) };
        Assert.Contains("HF_ENDPOINT", await _fixture.RefusedAsync<HubException>());
    }

    [Fact]
    public async Task A_server_that_falls_silent_is_asked_again()
    {
        var never = new TaskCompletionSource();
        int asked = 0;
        Hub.Fault = (request, reply) =>
        {
            if (request.OnHub || asked++ > 0)
                return reply;
            return reply with { After = never.Task };
        };
        bool silent = false;
        var pull = _fixture.PullAsync(progress: Toolformer.Cli.Displays.Display.Hear<HubProgress>(p =>
            silent |= p.Notice?.Contains("silent for 30 s") == true));
        while (asked == 0)
            await Task.Yield();
        _fixture.Time.RingWatches();
        await pull;
        Assert.True(silent);
        _fixture.AssertWhole();
    }

    [Fact]
    public async Task A_slow_drip_arrives()
    {
        using var fixture = new HubFixture(weights: 2_000);
        fixture.Hub.Fault = (_, reply) => reply with { Drips = true };
        await fixture.PullAsync();
        fixture.AssertWhole();
    }

    [Fact]
    public async Task A_host_that_does_not_answer_is_told()
    {
        Hub.Dispose();
        string message = await _fixture.RefusedAsync<HubException>();
        Assert.Contains("6 times", message);
        Assert.Contains("HF_ENDPOINT", message);
    }
}
