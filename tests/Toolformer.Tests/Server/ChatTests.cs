using System.Text.Json;
using Toolformer.Tests.Fakes;

namespace Toolformer.Tests.Server;

public class ChatTests
{
    private static readonly object Weather = new
    {
        type = "function",
        function = new
        {
            name = "get-weather",
            description = "Tells the weather.",
            parameters = new
            {
                type = "object",
                properties = new { city = new { type = "string" }, days = new { type = "integer" } },
                required = new[] { "city" },
            },
        },
    };

    private static object User(string content) => new { role = "user", content };

    [Fact]
    public async Task A_base_model_goes_on_in_the_words_of_the_user()
    {
        await using var server = await TestServer.Writing("Be brief.\n\nOne and [Sum(1+1) -> 2] two.");
        foreach (object limit in new object[] { new { max_tokens = 50 }, new { max_completion_tokens = 50 } })
        {
            var body = JsonSerializer.SerializeToNode(limit)!.AsObject();
            body["messages"] = JsonSerializer.SerializeToNode(
                new[] { new { role = "system", content = "Be brief." }, new { role = "user", content = "One and" } });
            body["temperature"] = 0;
            var answer = await server.Post("/v1/chat/completions", body);
            var choice = answer.GetProperty("choices")[0];
            Assert.Equal("assistant", choice.GetProperty("message").GetProperty("role").GetString());
            Assert.Equal(" two.", choice.GetProperty("message").GetProperty("content").GetString());
            var call = choice.GetProperty("toolformer").GetProperty("calls")[0];
            Assert.Equal("2", call.GetProperty("result").GetString());
        }
    }

    [Fact]
    public async Task A_stream_greets_once_and_says_what_it_cost()
    {
        await using var server = await TestServer.Writing("One and [Sum(1+1) -> 2] two.");
        var events = await server.Stream("/v1/chat/completions", new
        {
            messages = new[] { User("One and") },
            stream = true,
            temperature = 0,
            stream_options = new { include_usage = true },
        });
        var deltas = events.SkipLast(1).Select(e => e.GetProperty("choices")[0].GetProperty("delta")).ToList();
        Assert.Single(deltas, d => d.TryGetProperty("role", out _));
        Assert.Equal(" two.", string.Concat(deltas.Select(d =>
            d.TryGetProperty("content", out var content) ? content.GetString() : "")));
        Assert.Equal("stop", events[^2].GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        Assert.True(events[^1].GetProperty("usage").GetProperty("total_tokens").GetInt32() > 10);
    }

    [Fact]
    public async Task A_call_of_the_clients_tool_comes_back_and_its_answer_goes_into_the_text()
    {
        const string text = "In Oslo [get_weather(Oslo, days=2) -> it rains] take an umbrella.";
        await using var server = await TestServer.Writing(text);
        var asked = await server.Post("/v1/chat/completions", new
        {
            messages = new[] { User("In Oslo") },
            tools = new[] { Weather },
            temperature = 0,
        });
        var choice = asked.GetProperty("choices")[0];
        Assert.Equal("tool_calls", choice.GetProperty("finish_reason").GetString());
        var call = Assert.Single(choice.GetProperty("message").GetProperty("tool_calls").EnumerateArray());
        Assert.Equal("get-weather", call.GetProperty("function").GetProperty("name").GetString());
        Assert.Equal("""{"city":"Oslo","days":2}""", call.GetProperty("function").GetProperty("arguments").GetString());

        var answered = await server.Post("/v1/chat/completions", new
        {
            messages = new[]
            {
                User("In Oslo"), choice.GetProperty("message"),
                new { role = "tool", tool_call_id = call.GetProperty("id").GetString(), content = "it rains" },
            },
            tools = new[] { Weather },
            temperature = 0,
        });
        Assert.Equal(" take an umbrella.",
            answered.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
    }

    [Fact]
    public async Task A_call_of_the_clients_tool_is_streamed()
    {
        await using var server = await TestServer.Writing("In Oslo [get_weather(Oslo) -> ");
        var events = await server.Stream("/v1/chat/completions", new
        {
            messages = new[] { User("In Oslo") },
            tools = new[] { Weather },
            stream = true,
            temperature = 0,
        });
        var choice = events[^1].GetProperty("choices")[0];
        Assert.Equal("tool_calls", choice.GetProperty("finish_reason").GetString());
        Assert.Equal("""{"city":"Oslo"}""", choice.GetProperty("delta").GetProperty("tool_calls")[0]
            .GetProperty("function").GetProperty("arguments").GetString());
    }

    [Fact]
    public async Task Tool_choice_forbids_a_call_or_begins_with_it()
    {
        // Wants to end at once, whatever stands there.
        using var model = new FakeModel(read =>
        {
            var logits = new float[259];
            logits[read[^1] == ByteTokenizer.Open || read.Count > 30 ? 'x' : ByteTokenizer.EndOfText] = 9;
            logits[')'] = 5;
            return logits;
        });
        await using var server = await TestServer.Start(model, []);
        async Task<JsonElement> Choice(object choice) => (await server.Post("/v1/chat/completions", new
        {
            messages = new[] { User("In Oslo") },
            tools = new[] { Weather },
            tool_choice = choice,
            temperature = 0,
        })).GetProperty("choices")[0];
        Assert.Equal("stop", (await Choice("none")).GetProperty("finish_reason").GetString());
        Assert.Equal("tool_calls", (await Choice("required")).GetProperty("finish_reason").GetString());
        Assert.Equal("tool_calls", (await Choice(new { type = "function", function = new { name = "get-weather" } }))
            .GetProperty("finish_reason").GetString());
    }

    [Fact]
    public async Task Log_probabilities_are_told_per_token()
    {
        await using var server = await TestServer.Writing("ab!");
        var answer = await server.Post("/v1/chat/completions", new
        {
            messages = new[] { User("ab") },
            logprobs = true,
            top_logprobs = 3,
            temperature = 0,
        });
        var token = Assert.Single(answer.GetProperty("choices")[0].GetProperty("logprobs").GetProperty("content")
            .EnumerateArray());
        Assert.Equal("!", token.GetProperty("token").GetString());
        Assert.Equal(33, token.GetProperty("bytes")[0].GetInt32());
        Assert.Equal(3, token.GetProperty("top_logprobs").GetArrayLength());
        Assert.Equal(token.GetProperty("logprob").GetDouble(),
            token.GetProperty("top_logprobs")[0].GetProperty("logprob").GetDouble());
    }
}
