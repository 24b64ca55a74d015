namespace Toolformer.Corpora;

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
    public static ToolDomain Draw(Random random) => random.Next(20) switch
    {
        < 6 => NumberDomain.Draw(random),
        < 10 => new FactDomain(random),
        < 12 => new PhraseDomain(random),
        < 14 => new GlossaryDomain(random),
        < 15 => new OrderDomain(random),
        < 16 => new UnitDomain(random),
        < 18 => new RankingDomain(random),
        < 19 => new LanguageDomain(random),
        _ => new StateDomain(random),
    };
}
