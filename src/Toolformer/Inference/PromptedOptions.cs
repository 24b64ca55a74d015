namespace Toolformer.Inference;

/// <summary>How a chat model that was taught nothing is led to call tools.</summary>
public sealed record PromptedOptions
{
    /// <summary>Most calls in one answer; then the model is told to finish without.</summary>
    public int MaxCalls { get; init; } = 8;

    /// <summary>After so many calls in a row that failed the model is told to finish without.</summary>
    public int MaxConsecutiveErrors { get; init; } = 3;

    /// <summary>
    /// What all calls of an answer may cost, where the context has no session of its own; infinite: no limit.
    /// </summary>
    public double CostBudget { get; init; } = double.PositiveInfinity;

    /// <summary>Most characters of an input; what is longer is no call.</summary>
    public int MaxInputLength { get; init; } = 2000;

    /// <summary>Most characters of an answer, calls included, whatever the endpoint sends.</summary>
    public int MaxLength { get; init; } = 40_000;

    /// <summary>Most tokens that the endpoint may write at once; null: it decides.</summary>
    public int? MaxOutputTokens { get; init; } = 1024;

    public float? Temperature { get; init; }

    /// <summary>How long the endpoint may take for what it writes at once.</summary>
    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How the text goes on after a call.</summary>
    public ContinuationForm Continuation { get; init; } = ContinuationForm.NewTurn;

    /// <summary>
    /// Whether the endpoint is asked to stop at the arrow, which saves what it would make up after it. The text is cut
    /// there in any case.
    /// </summary>
    public bool SendStop { get; init; } = true;

    /// <summary>Words of one's own before what is said of the tools.</summary>
    public string Instructions { get; init; } = "";

    internal void Check()
    {
        (string Name, double Value)[] least =
        [
            (nameof(MaxCalls), MaxCalls), (nameof(MaxConsecutiveErrors), MaxConsecutiveErrors - 1),
            (nameof(CostBudget), CostBudget), (nameof(MaxInputLength), MaxInputLength - 1),
            (nameof(MaxLength), MaxLength - 1), (nameof(MaxOutputTokens), (MaxOutputTokens ?? 1) - 1),
        ];
        if (least.FirstOrDefault(l => !(l.Value >= 0)).Name is { } wrong)
            throw new ArgumentOutOfRangeException($"{wrong} is too small in the options of a prompted model; use a "
                + "positive number.", innerException: null);
    }
}

/// <summary>How a prompted model is asked to go on after a call.</summary>
public enum ContinuationForm
{
    /// <summary>The result comes as a turn of the user, which every endpoint understands.</summary>
    NewTurn,

    /// <summary>
    /// The text so far, result included, is the beginning of the model's own turn; for endpoints that go on writing the
    /// last message.
    /// </summary>
    AssistantPrefix,
}
