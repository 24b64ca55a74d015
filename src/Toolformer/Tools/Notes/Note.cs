namespace Toolformer.Tools.Notes;

/// <summary>A page of notes.</summary>
/// <param name="Title">As its author writes it.</param>
/// <param name="Lines">Its text, without the title.</param>
/// <param name="Links">The titles that it links to or is tagged with; pages of these titles need not exist.</param>
/// <param name="Updated">When it was changed last; used to put newer pages first.</param>
public sealed record Note(
    string Title, IReadOnlyList<string> Lines, IReadOnlyList<string> Links, DateTimeOffset Updated);
