namespace Toolformer.Pipeline;

/// <summary>Joins a file of calls with documents.jsonl: both are in corpus order.</summary>
public static class CallsByDocument
{
    public const string Documents = "documents.jsonl", Sampled = "sampled.jsonl", Executed = "executed.jsonl",
        Filtered = "filtered.jsonl", Dataset = "dataset.jsonl";

    /// <summary>Every document with its calls, possibly none.</summary>
    /// <exception cref="InvalidDataException">The files do not belong together.</exception>
    public static IEnumerable<(DocumentRecord Document, IReadOnlyList<T> Calls)> Read<T>(RunFolder folder, string file)
        where T : SampledCall
    {
        using var calls = JsonLines.Read<T>(folder.FilePath(file)).GetEnumerator();
        bool more = calls.MoveNext();
        foreach (var document in JsonLines.Read<DocumentRecord>(folder.FilePath(Documents)))
        {
            var own = new List<T>();
            for (; more && calls.Current.DocId == document.DocId; more = calls.MoveNext())
                own.Add(calls.Current);
            yield return (document, own);
        }
        if (more)
            throw new InvalidDataException(
                $"{folder.FilePath(file)}: the document {calls.Current.DocId} of a call is not "
                + $"in {Documents}, or not in the same order. Both must come from one run: make the file anew.");
    }
}
