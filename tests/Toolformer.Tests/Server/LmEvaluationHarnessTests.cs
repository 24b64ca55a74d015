using System.Text.Json;
using Toolformer.Modeling;
using Toolformer.Tests.Fakes;
using Toolformer.Torch;

namespace Toolformer.Tests.Server;

/// <summary>
/// What EleutherAI's lm-evaluation-harness sends with its model "local-completions", and how it reads what comes back
/// (lm_eval/models/openai_completions.py, version 0.4).
/// </summary>
public class LmEvaluationHarnessTests
{
    /// <summary>Its parse_logprobs: the sum over the continuation, and whether each token is the likeliest.</summary>
    private static (double LogLikelihood, bool IsGreedy) Read(JsonElement choice, int context)
    {
        var log = choice.GetProperty("logprobs");
        var values = log.GetProperty("token_logprobs").EnumerateArray().ToArray()[context..^1];
        var top = log.GetProperty("top_logprobs").EnumerateArray().ToArray()[context..^1];
        return (values.Sum(v => v.GetDouble()), values.Zip(top).All(pair =>
            pair.First.GetDouble() == pair.Second.EnumerateObject().Max(t => t.Value.GetDouble())));
    }

    private static async Task<JsonElement[]> Score(TestServer server, int[][] prompts) =>
        [.. (await server.Post("/v1/completions", new
        {
            model = TestServer.Name,
            prompt = prompts,
            temperature = 0,
            max_tokens = 1,
            logprobs = 1,
            seed = 1234,
            echo = true,
        })).GetProperty("choices").EnumerateArray().OrderBy(c => c.GetProperty("index").GetInt32())];

    [Fact]
    public async Task Loglikelihoods_and_greediness_are_those_of_the_model()
    {
        using var tiny = new TinyModel();
        using var model = ModelFolder.Open(tiny.Folder).ReadModel();
        var random = new Random(7);
        // Contexts and continuations of several lengths, the whole as long as the model can read but one.
        (int Context, int[] Ids)[] cases = [.. Enumerable.Range(0, 24).Select(i =>
        {
            int length = i == 0 ? model.ContextLength - 1 : random.Next(2, model.ContextLength - 1);
            return (random.Next(1, length), Enumerable.Range(0, length)
                .Select(_ => random.Next(1, model.Tokenizer.VocabularySize)).ToArray());
        })];
        // Some continuations are what the model itself would write.
        foreach (var (context, ids) in cases.Take(8))
        {
            for (int i = context; i < ids.Length; i++)
                ids[i] = model.Forward([new ForwardInput(ids[..i]) { Argmax = true }])[0].Argmax![^1];
        }
        using var served = ModelFolder.Open(tiny.Folder).ReadModel();
        await using var server = await TestServer.Start(served);
        var choices = await Score(server, [.. cases.Select(c => c.Ids)]);
        foreach (var ((context, ids), choice) in cases.Zip(choices))
        {
            var (sum, isGreedy) = Read(choice, context);
            var result = model.Forward([new ForwardInput(ids)
            {
                Targets = [.. Enumerable.Range(1, ids.Length - 1).Select(i => new Target(i, ids[i]))],
                Argmax = true,
            }])[0];
            Assert.Equal(result.LogProbabilities[(context - 1)..].Sum(v => (double)v), sum, 1e-3);
            Assert.Equal(Enumerable.Range(context, ids.Length - context)
                .All(i => result.Argmax![i - 1] == ids[i]), isGreedy);
        }
        Assert.Contains(choices.Zip(cases), c => Read(c.First, c.Second.Context).IsGreedy);
    }

    [Theory]
    [InlineData("ab")]
    [InlineData("ab [Sum(1+1) ->")]
    public async Task A_prompt_that_ends_the_text_or_calls_a_tool_has_one_token_after_it_like_any_other(string script)
    {
        await using var server = await TestServer.Writing(script);
        int[] ids = [ByteTokenizer.EndOfText, 'a', 'b'];
        var choice = Assert.Single(await Score(server, [ids]));
        var log = choice.GetProperty("logprobs");
        foreach (string field in (string[])["tokens", "token_logprobs", "top_logprobs", "text_offset"])
            Assert.Equal(ids.Length + 1, log.GetProperty(field).GetArrayLength());
        Assert.True(Read(choice, 1).IsGreedy);
        Assert.Empty(choice.GetProperty("toolformer").GetProperty("calls").EnumerateArray());
    }

    [Fact]
    public async Task Texts_are_generated_until_a_stop()
    {
        await using var server = await TestServer.Writing("Q: 1\nA: one\nQ: two", "Q: 2\nA: two <|end|>");
        var answer = await server.Post("/v1/completions", new
        {
            prompt = new[] { Ids("Q: 1\nA:"), Ids("Q: 2\nA:") },
            model = TestServer.Name,
            max_tokens = 256,
            temperature = 0,
            stop = new[] { "\nQ:", "<|end|>" },
            seed = 1234,
        });
        Assert.Equal([" one", " two "], answer.GetProperty("choices").EnumerateArray()
            .OrderBy(c => c.GetProperty("index").GetInt32()).Select(c => c.GetProperty("text").GetString()));

        static int[] Ids(string text) => [ByteTokenizer.EndOfText, .. text.Select(c => (int)c)];
    }
}
