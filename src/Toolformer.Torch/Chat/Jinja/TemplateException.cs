namespace Toolformer.Torch.Chat.Jinja;

/// <summary>Where something stands in a template, counted from 1.</summary>
internal readonly record struct Place(int Line, int Column)
{
    public override string ToString() => $"line {Line}, column {Column}";
}

/// <summary>A template can't be read, can't be executed, or refuses the conversation itself.</summary>
internal sealed class TemplateException(string what, Place? place = null) : Exception(what)
{
    /// <summary>The innermost place that is known.</summary>
    public Place? Place { get; private set; } = place;

    /// <summary>Whether the template said so itself, with raise_exception.</summary>
    public bool IsRaised { get; init; }

    /// <summary>Notes a place where none is known.</summary>
    /// <returns>Never true: as a filter it catches nothing, so that the stack does not grow on the way up.</returns>
    public bool HappenedAt(Place at)
    {
        Place ??= at;
        return false;
    }
}
