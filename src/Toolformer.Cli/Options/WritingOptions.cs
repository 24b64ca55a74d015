using System.CommandLine;
using Toolformer.Inference;
using Toolformer.Modeling;

namespace Toolformer.Cli.Options;

/// <summary>How a model writes with calls, for the verbs that have one write.</summary>
public sealed class WritingOptions
{
    private static readonly GenerationOptions Usual = new();

    public Option<bool> NoCalls { get; } = new("--no-calls")
    {
        Description = "Calls are disabled: the probability of a call's start is 0.",
    };

    public Option<int> StartTopK { get; } = new("--start-top-k")
    {
        Description = "A call also starts where that is among the K most likely tokens; 1: only where drawn.",
        DefaultValueFactory = _ => Usual.StartTopK,
        HelpName = "K",
    };

    public Option<int?> MaxCalls { get; } = new("--max-calls")
    {
        Description = $"Most calls per text; without it {Usual.MaxCalls}.",
        HelpName = "N",
    };

    public Option<int?> MaxNewTokens { get; } = new("--max-new-tokens")
    {
        Description = $"Most new tokens outside of calls; without it {Usual.MaxNewTokens}.",
        HelpName = "N",
    };

    public Option<double?> Temperature { get; } = new("--temperature")
    {
        Description = "0, or without it: the most likely token.",
        HelpName = "T",
    };

    public IEnumerable<Option> All => [NoCalls, StartTopK, MaxCalls, MaxNewTokens, Temperature];

    public GenerationOptions Read(ParseResult arguments) => new()
    {
        Sampling = new SamplingOptions { Temperature = arguments.GetValue(Temperature) ?? 0 },
        StartTopK = arguments.GetValue(NoCalls) ? 0 : arguments.GetValue(StartTopK),
        MaxCalls = arguments.GetValue(MaxCalls) ?? Usual.MaxCalls,
        MaxNewTokens = arguments.GetValue(MaxNewTokens) ?? Usual.MaxNewTokens,
    };
}
