using Toolformer.Tools.Notes;

namespace Toolformer.Tests.Fakes;

/// <summary>Notes that lie nowhere, one line a page, with Scrapbox's links.</summary>
internal sealed class FakeNotes : NoteCollection
{
    public FakeNotes(params (string Title, string Line)[] pages)
    {
        foreach (var (title, line) in pages)
            Add(title, [line], DateTimeOffset.UnixEpoch);
    }

    public override string Name => "fake";

    protected override IReadOnlyList<string> LinksOf(IEnumerable<string> lines) =>
        [.. lines.SelectMany(line => line.Split('[').Skip(1)).Select(part => part.Split(']')[0])];

    protected override string Write(Note page, string line, DateTimeOffset now) => "written";
}
