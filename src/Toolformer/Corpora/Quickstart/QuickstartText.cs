namespace Toolformer.Corpora.Quickstart;

/// <summary>What a text of the quickstart corpus is about, and so which tool could help with it.</summary>
public enum TextKind
{
    /// <summary>A calculation told in words.</summary>
    Arithmetic,

    /// <summary>A note that mentions the day on which it was written.</summary>
    Date,

    /// <summary>Something that only the search index knows.</summary>
    Fact,

    /// <summary>Something that only the question-answering tool knows.</summary>
    Question,

    /// <summary>A foreign word and what it means.</summary>
    Foreign,

    /// <summary>A text in which no tool helps.</summary>
    Plain,
}

/// <summary>One generated text.</summary>
/// <param name="Prompt">The text up to its answer; empty for plain texts.</param>
/// <param name="Answer">What stands at that place; empty for plain texts.</param>
public sealed record QuickstartText(Document Document, TextKind Kind, string Prompt, string Answer)
{
    /// <summary>For arithmetic, the calculation in digits. It is written to no file, so no model sees it.</summary>
    public string? Expression { get; init; }
}
