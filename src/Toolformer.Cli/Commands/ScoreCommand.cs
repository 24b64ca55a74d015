using System.CommandLine;
using System.Text.Json;
using Toolformer.Cli.Displays;
using Toolformer.Cli.Options;
using Toolformer.Modeling;

namespace Toolformer.Cli.Commands;

/// <summary>Log-probabilities of given texts or token ids.</summary>
public sealed class ScoreCommand : Verb
{
    /// <summary>So many tokens and lines are read before the model runs: enough to fill its batches.</summary>
    private const int TokensAtOnce = 16_384, LinesAtOnce = 256;

    private readonly CommonOptions _common = new();

    public override string Name => "score";

    public override string Description =>
        """
        Log-probabilities of given texts or token ids.
        Reads lines {"id"?, "text"} or {"id"?, "input_ids"}; writes {"id", "input_ids", "token_logprobs", "argmax"} in
        the same order: per token its natural log-probability given those before it (null for the first), and the most
        likely next token after it. A text gets the token that stands before every text, where the model family has
        one; ids are taken as they are. Without an id the number of the line is one.
        Example: echo '{"text": "The cat sat on the mat."}' | toolformer score --model models/nano
        """;

    public override IEnumerable<Option> Options => [.. _common.Engine, _common.Input];

    public override Task<int> RunAsync(ParseResult arguments, Display display, CancellationToken cancellation)
    {
        string? input = arguments.GetValue(_common.Input);
        var (model, _) = _common.OpenModel(arguments);
        using (model)
        using (var progress = display.Progress("scoring", "texts", InputLine.Count(input)))
        {
            long texts = 0, tokens = 0, predicted = 0;
            double sum = 0;
            foreach (var batch in Batches(InputLine.Read(input, display, cancellation), line => TokensOf(line, model)))
            {
                var results = model.Forward([.. batch.Select(b => new ForwardInput(b.Ids)
                {
                    Argmax = true,
                    Targets = [.. Enumerable.Range(1, b.Ids.Length - 1).Select(p => new Target(p, b.Ids[p]))],
                })], cancellation);
                foreach (var ((line, ids), result) in batch.Zip(results))
                {
                    if (!result.LogProbabilities.All(float.IsFinite))
                        throw line.Bad(
                            "The model's log-probabilities are not finite: its weights or number format overflow",
                            "Try --dtype float32, and see `toolformer doctor --model`.");
                    display.Result(new Scored(line.Id, ids, [null, .. result.LogProbabilities], result.Argmax!));
                    sum += result.LogProbabilities.Sum(p => (double)p);
                    predicted += result.LogProbabilities.Length;
                    tokens += ids.Length;
                }
                texts += batch.Count;
                progress.Report(texts, $"{tokens:N0} tokens, perplexity {Math.Exp(-sum / Math.Max(1, predicted)):F2}");
            }
        }
        return Task.FromResult(CommandLine.Done);
    }

    private static int[] TokensOf(InputLine line, ILanguageModel model)
    {
        int[]? ids = line.Ids("input_ids", model.VocabularySize);
        if (ids is null)
        {
            string text = line.TextFor(model, "text")
                ?? throw line.Bad("The line has neither \"text\" nor \"input_ids\"");
            ids = [.. model.BeginningOfText is { } first ? [first] : Array.Empty<int>(),
                .. model.Tokenizer.Encode(text).Select(t => t.Id)];
        }
        if (ids.Length == 0)
            throw line.Bad("There is no token to read", "Give at least one.");
        return ids.Length <= model.ContextLength
            ? ids
            : throw line.Bad($"{ids.Length:N0} tokens do not fit the model's context of {model.ContextLength:N0}",
                "Cut the text into parts.");
    }

    private static IEnumerable<List<(InputLine Line, int[] Ids)>> Batches(
        IEnumerable<InputLine> lines, Func<InputLine, int[]> tokensOf)
    {
        var batch = new List<(InputLine, int[])>();
        int tokens = 0;
        foreach (var line in lines)
        {
            int[] ids = tokensOf(line);
            if (batch.Count > 0 && (tokens + ids.Length > TokensAtOnce || batch.Count == LinesAtOnce))
            {
                yield return batch;
                batch = [];
                tokens = 0;
            }
            batch.Add((line, ids));
            tokens += ids.Length;
        }
        if (batch.Count > 0)
            yield return batch;
    }

    private sealed record Scored(JsonElement Id, int[] InputIds, float?[] TokenLogprobs, int[] Argmax);
}
