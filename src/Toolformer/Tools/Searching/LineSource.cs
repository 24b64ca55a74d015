namespace Toolformer.Tools.Searching;

/// <summary>A kind of file that is read line by line.</summary>
public abstract class LineSource : PassageSource
{
    /// <summary>Takes one line; returns what is complete with it.</summary>
    /// <param name="number">Of the line, from 1; where reading went on in the middle, counted from there.</param>
    /// <param name="line">Null after the last one.</param>
    private protected delegate IReadOnlyList<Passage> Take(string? line, long number);

    /// <summary>A reading of one file, from a line's beginning on.</summary>
    private protected abstract Take Begin(string path, Action<string> skipped);

    public sealed override IEnumerable<SourceDocument> Read(string path, SourcePosition from, Action<string> skipped)
    {
        using var lines = Open(path, from);
        var take = Begin(path, skipped);
        for (long number = from.Items + 1; ; number++)
        {
            var line = Next(lines, path);
            if (line is { Text: null })
            {
                skipped($"{path}:{number}: a line of more than 64 MB: break it into several.");
                continue;
            }
            var passages = take(line?.Text, number);
            if (passages.Count > 0)
                yield return new(passages, new(line?.End ?? lines.Offset, number), lines.BytesRead);
            if (line is null)
                yield break;
        }
    }

    private static LineReader Open(string path, SourcePosition from)
    {
        try
        {
            return new LineReader(path, from.Offset);
        }
        catch (Exception e) when (CompressedFile.IsDamage(e))
        {
            throw Damaged(path, 0, e);
        }
    }

    private static Line? Next(LineReader lines, string path)
    {
        try
        {
            return lines.Read();
        }
        catch (Exception e) when (CompressedFile.IsDamage(e))
        {
            throw Damaged(path, lines.BytesRead, e);
        }
    }
}
