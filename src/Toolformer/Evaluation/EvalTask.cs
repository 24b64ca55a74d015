using System.Collections.Immutable;

namespace Toolformer.Evaluation;

/// <summary>
/// A test set with the rule that says when an answer is right. One file holds all that is known of it; every visible
/// task is found by <see cref="Catalog"/>.
/// </summary>
public abstract class EvalTask
{
    /// <summary>As named on the command line: lower case, letters, digits and underscores.</summary>
    public abstract string Name { get; }

    /// <summary>
    /// Goes up whenever prompt, choice of examples or scoring change: numbers of other versions differ.
    /// </summary>
    public abstract int Version { get; }

    /// <summary>Where the data and the protocol come from, and where this task departs from them.</summary>
    public abstract string Citation { get; }

    /// <summary>Tools that must not be called because they would give the answer away.</summary>
    public virtual IReadOnlySet<string> BannedTools => ImmutableHashSet<string>.Empty;

    /// <summary>Tokens that the model may write after the prompt, calls not counted.</summary>
    public virtual int MaxNewTokens => 24;

    /// <summary>The examples of an official data file.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is of another format; file and place are named.</exception>
    public abstract IReadOnlyList<EvalExample> Load(string path);

    /// <summary>Whether a prediction, which is the text after the prompt without its calls, is right.</summary>
    public abstract bool IsCorrect(string prediction, EvalExample example);
}

/// <summary>One question of a task.</summary>
/// <param name="Answers">The official answers, each of which is right; at least one.</param>
public sealed record EvalExample(string Id, string Prompt, IReadOnlyList<string> Answers)
{
    /// <summary>What "today" is for this question, where it matters; the calendar must say so.</summary>
    public DateOnly? Date { get; init; }
}
