namespace Toolformer.Corpora.Pretraining.Domains;

/// <summary>What a call may be asked with: the operands as they stand in the text, and where it makes sense in
/// words.</summary>
/// <param name="Parts">The operands, or (entity, attribute).</param>
/// <param name="Question">"Who is the harbour master of Velmora?"; null where a question would be odd.</param>
/// <param name="Phrase">"Velmora harbour master"; null where there is none.</param>
/// <param name="Symbol">What is to be done, for tools with several operations: "more", "~"; null for one.</param>
internal sealed record Request(string[] Parts, string? Question = null, string? Phrase = null, string? Symbol = null)
{
    /// <summary>The tool's result where it is more than the words of the text: a whole date of which a day is
    /// used.</summary>
    public string? Answer { get; init; }

    /// <summary>A sentence that says the same in other words, as a book would.</summary>
    public string? Restated { get; init; }
}

/// <summary>What an invented tool knows, and texts which that knowledge helps to continue.</summary>
internal abstract class ToolDomain
{
    /// <summary>What the tool does, after "a tool that": "adds two numbers".</summary>
    public abstract string Purpose { get; }

    /// <summary>A request made of words for the operands, from which the instruction describes the input.</summary>
    public abstract Request Placeholder { get; }

    /// <summary>
    /// Adds a sentence or two with exactly one marked span, which the tool would know; returns what to ask it. Operands
    /// stand in the text, before the span or after it.
    /// </summary>
    public abstract Request AddTo(Composer composer);

    /// <summary>Draws a domain for one tool.</summary>
    /// <param name="prose">Real sentences to work on, where there are some.</param>
    public static ToolDomain Draw(Random random, ProseExcerpts? prose = null) => random.Next(40) switch
    {
        < 9 => NumberDomain.Draw(random),
        < 14 => new ProblemDomain(random),
        < 21 => new FactDomain(random),
        < 25 => new PhraseDomain(random),
        < 28 => new GlossaryDomain(random),
        < 30 => new OrderDomain(random),
        < 31 => new UnitDomain(random),
        < 33 => new RankingDomain(random),
        < 34 => new LanguageDomain(random),
        < 35 => new StateDomain(random),
        < 37 => new DateDomain(random),
        _ when prose is not null => new PassageDomain(random, prose),
        _ => new PhraseDomain(random),
    };
}
