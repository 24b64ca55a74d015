using System.Collections.Concurrent;
using Toolformer.Modeling;
using Toolformer.Tools;
using Toolformer.Torch;
using static TorchSharp.torch;

namespace Toolformer.Bench;

/// <summary>One client against sixteen, each with prompts of its own, over HTTP as streams.</summary>
internal static class ServerBench
{
    private const int Clients = 16, PromptTokens = 48;

    public static IEnumerable<Measure> Run(string nano)
    {
        using (var model = ModelFolder.Open(nano).ReadModel())
        {
            foreach (var measure in Compare("nano", model, tokens: 64, rounds: 4))
                yield return measure;
        }
        using var gpt2 = BenchModel.Of(ScalarType.Float32);
        foreach (var measure in Compare("GPT-2 small", gpt2, tokens: 32, rounds: 2))
            yield return measure;
    }

    private static IEnumerable<Measure> Compare(string name, ILanguageModel model, int tokens, int rounds)
    {
        var one = LoadAsync(model, 1, rounds, tokens).GetAwaiter().GetResult();
        var all = LoadAsync(model, Clients, rounds, tokens).GetAwaiter().GetResult();
        yield return new($"server, {name}, 1 client", $"{one.TokensPerSecond:N0} tokens/s");
        yield return new($"  time to first token, p95", $"{one.First * 1000:N0} ms");
        yield return new($"server, {name}, {Clients} clients", $"{all.TokensPerSecond:N0} tokens/s");
        yield return new($"  time to first token, p95", $"{all.First * 1000:N0} ms");
        yield return new("  against one client", $"{all.TokensPerSecond / one.TokensPerSecond:0.0} ×", "≥ 5 ×");
        yield return new("  against one client, per CPU second of server and clients",
            $"{all.TokensPerCpuSecond / one.TokensPerCpuSecond:0.0} ×");
    }

    private static async Task<(double TokensPerSecond, double TokensPerCpuSecond, double First)> LoadAsync(
        ILanguageModel model, int clients, int rounds, int tokens)
    {
        await using var load = await LoadClient.StartAsync(model, new Toolbox([]));
        await load.CompleteAsync(Prompt(model, -1), tokens);
        var first = new ConcurrentBag<double>();
        var cpu = Stopclock.CpuTime();
        long written = 0, started = TimeProvider.System.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, clients).Select(async client =>
        {
            for (int round = 0; round < rounds; round++)
            {
                var done = await load.CompleteAsync(Prompt(model, client * rounds + round), tokens);
                first.Add(done.First);
                Interlocked.Add(ref written, done.Tokens);
            }
        }));
        double seconds = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
        return (written / seconds, written / (Stopclock.CpuTime() - cpu).TotalSeconds,
            first.Order().ElementAt((int)Math.Ceiling(0.95 * first.Count) - 1));
    }

    /// <summary>Tokens drawn by a number, so that no prompt begins as another.</summary>
    private static int[] Prompt(ILanguageModel model, int number)
    {
        var random = new Random(number);
        return [.. Enumerable.Range(0, PromptTokens).Select(_ => random.Next(10, model.VocabularySize))];
    }
}
