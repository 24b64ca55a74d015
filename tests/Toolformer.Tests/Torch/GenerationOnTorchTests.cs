using Toolformer.Inference;
using Toolformer.Modeling;
using Toolformer.Tests.Fakes;
using Toolformer.Tools;

namespace Toolformer.Tests.Torch;

/// <summary>Generation over the real engine's cache, its rows joining and leaving.</summary>
public class GenerationOnTorchTests
{
    private static readonly ToolContext Context = new(TimeProvider.System);

    [Fact]
    public async Task Greedy_generation_of_many_prompts_equals_the_reference()
    {
        using var golden = new GoldenModel("gpt2");
        var cases = golden.Expected.GetProperty("greedy").GetProperty("cases").EnumerateArray().ToList();
        var requests = cases.Select(c => new GenerationRequest("", Context)
        {
            PromptTokens = GoldenModel.Integers(c.GetProperty("prompt_ids")),
        }).ToList();
        var options = new GenerationOptions { MaxNewTokens = 16, Rows = 2 };
        var results = await new ToolUsingModel(golden.Model, new Toolbox([])).GenerateAsync(requests, options);
        Assert.Equal(
            cases.Select(c => GoldenModel.Integers(c.GetProperty("continuation"))), results.Select(r => r.TokenIds));
    }

    [Fact]
    public async Task After_a_spliced_result_the_cache_is_that_of_the_whole_text()
    {
        using var golden = new GoldenModel("gpt2");
        var generator = new ToolUsingModel(golden.Model, new Toolbox(
            [new FakeTool("E", "42"), new FakeTool("F", "é")]));
        var options = new GenerationOptions
        {
            Sampling = new(),
            StartTopK = 100,
            MaxCalls = 2,
            MaxInputLength = 2,
            MaxNewTokens = 6,
            Rows = 3,
            NoteStartProbabilities = true,
        };
        var requests = Enumerable.Range(0, 5).Select(i => new GenerationRequest("", Context)
        {
            PromptTokens = [.. Enumerable.Range(40, 1 + i)],
            Seed = i,
        }).ToList();
        var results = await generator.GenerateAsync(requests, options);
        Assert.Contains(results, r => r.Calls.Count == 2);
        foreach (var result in results)
        {
            int[] all = [.. result.PromptTokens, .. result.TokenIds];
            int[] decided = [.. Enumerable.Range(0, result.TokenIds.Count).Where(i =>
                !result.Calls.Any(call => i > call.Start && i < call.End))];
            var whole = golden.Model.Forward([new ForwardInput(all)
            {
                Targets = [.. decided.Select(i => new Target(result.PromptTokens.Count + i, ByteTokenizer.Open))],
            }])[0];
            Assert.Equal(decided.Length, result.StartProbabilities.Count);
            foreach (var (expected, noted) in whole.LogProbabilities.Zip(result.StartProbabilities))
                Assert.Equal(expected, Math.Log(noted), 1e-3);
        }
    }
}
