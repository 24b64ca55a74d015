using System.Text.Json;

namespace Toolformer;

/// <summary>One text x of the corpus C.</summary>
/// <param name="Id">Unique in the corpus; made from file name and line where the corpus gives none.</param>
public sealed record Document(string Id, string Text)
{
    public string? Url { get; init; }

    /// <summary>The day on which the text was written, where it is known.</summary>
    public DateOnly? Date { get; init; }

    public string? Title { get; init; }

    /// <summary>Fields of the corpus file that the pipeline does not use; they are kept.</summary>
    public IReadOnlyDictionary<string, JsonElement>? Other { get; init; }
}
