using System.Collections.Immutable;
using Toolformer.Tools;

namespace Toolformer.Evaluation;

/// <summary>
/// A test set with the rule that says when an answer is right. One file holds all that is known of it; every visible
/// task is found by <see cref="Catalog"/>.
/// </summary>
public abstract class EvalTask : Benchmark
{
    /// <summary>Tools that must not be called because they would give the answer away.</summary>
    public virtual IReadOnlySet<string> BannedTools => ImmutableHashSet<string>.Empty;

    /// <summary>Tokens that the model may write after the prompt, calls not counted.</summary>
    public virtual int MaxNewTokens => 24;

    /// <summary>
    /// Calls that an answer may need; null: as many as the run allows, which is one in the paper (section 4.2).
    /// </summary>
    public virtual int? MaxCalls => null;

    /// <summary>The examples of an official data file.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is of another format; file and place are named.</exception>
    public abstract IReadOnlyList<EvalExample> Load(string path);

    /// <summary>Whether a prediction, which is the text after the prompt without its calls, is right.</summary>
    public abstract bool IsCorrect(string prediction, EvalExample example);

    /// <summary>The same, for tasks that judge the calls.</summary>
    public virtual bool IsCorrect(Prediction prediction, EvalExample example) => IsCorrect(prediction.Text, example);

    /// <summary>A completion that says the answer of an example, and nothing else.</summary>
    public virtual string Completion(EvalExample example) => $" {example.Answers[0]}.";
}

/// <summary>One question of a task.</summary>
/// <param name="Answers">The official answers, each of which is right; at least one.</param>
public sealed record EvalExample(string Id, string Prompt, IReadOnlyList<string> Answers)
{
    /// <summary>What "today" is for this question, where it matters; the calendar must say so.</summary>
    public DateOnly? Date { get; init; }

    /// <summary>The tools of this question alone, in place of the model's; null: the model's.</summary>
    public IReadOnlyList<Tool>? Tools { get; init; }
}
