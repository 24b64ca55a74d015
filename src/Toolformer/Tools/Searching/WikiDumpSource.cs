using System.Xml;

namespace Toolformer.Tools.Searching;

/// <summary>
/// An XML dump of MediaWiki, plain or compressed: the articles of namespace 0, without redirects. A dump that is
/// several bz2 streams (multistream) is gone on with at the stream; its index file is not needed.
/// </summary>
public sealed class WikiDumpSource : PassageSource
{
    public override IReadOnlyList<string> Endings => [".xml"];

    public override IEnumerable<SourceDocument> Read(string path, SourcePosition from, Action<string> skipped)
    {
        using var dump = WikiDumpSegments.Open(path, from.Offset);
        long pass = from.Items;
        while (Guarded(dump.Next, path, dump) is { } segment)
        {
            using var pages = new WikiPageReader(segment.Xml);
            for (long number = 1; Guarded(pages.Read, path, dump) is { } page; number++)
            {
                if (number <= pass)
                    continue;
                if (page.Problem is { } problem)
                    skipped($"{path}: the page '{page.Title}' was left out: {problem}.");
                if (!page.IsArticle)
                    continue;
                Passage[] passages = [.. ArticleText.Passages(page.Id, page.Title, WikiText.Read(page.Text))];
                if (passages.Length > 0)
                    yield return new(passages, new(segment.Offset, number), dump.BytesRead);
            }
            pass = 0;
        }
    }

    private static T Guarded<T>(Func<T> read, string path, WikiDumpSegments dump)
    {
        try
        {
            return read();
        }
        catch (XmlException e)
        {
            throw new InvalidDataException($"{path} is no dump of MediaWiki that can be read on: {e.Message}\n"
                + $"  after about {dump.BytesRead:N0} bytes of the file\n  Fetch the file again and run the same "
                + "command: what has been read stays. A document type or entities of its own are refused.", e);
        }
        // What a damaged bz2 block sets off in its decoder is not always an error of its own kind.
        catch (Exception e) when (CompressedFile.IsDamage(e) || e is IndexOutOfRangeException)
        {
            throw Damaged(path, dump.BytesRead, e);
        }
    }
}
