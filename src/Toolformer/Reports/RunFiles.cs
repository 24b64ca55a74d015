using System.Text.Json;
using Toolformer.Pipeline;

namespace Toolformer.Reports;

/// <summary>
/// The files of a run folder, read as far as they can be: what is not there, or can't be read, is said in words.
/// </summary>
internal sealed class RunFiles(string folder)
{
    private const int LineBytes = 16 << 20, FileBytes = 64 << 20;

    private readonly List<string> _missing = [];

    public string Folder => folder;

    /// <summary>What is not there, in sentences.</summary>
    public IReadOnlyList<string> Missing => _missing;

    public string In(string name) => Path.Combine(folder, name);

    public bool Has(string name) => File.Exists(In(name));

    public void Miss(string sentence) => _missing.Add(sentence);

    /// <summary>The records of a file up to the first line that is none, which is told.</summary>
    /// <param name="consequence">What is not to be had without the file; empty: nobody misses it.</param>
    public IEnumerable<T> Lines<T>(string name, string consequence = "") where T : class
    {
        if (!Has(name))
        {
            if (consequence.Length > 0)
                Miss($"{name} is not there. {consequence}");
            yield break;
        }
        foreach (var line in TextLine.Read(In(name), LineBytes))
        {
            if (line.Text is { } blank && string.IsNullOrWhiteSpace(blank))
                continue;
            T? record = null;
            try
            {
                record = line.Text is null ? null : JsonSerializer.Deserialize<T>(line.Text, JsonLines.Format);
            }
            catch (JsonException)
            {
                // Told below, as a line that is too long is.
            }
            if (record is null)
            {
                Miss($"{name} can be read up to line {line.Number - 1} only: the rest is not in this report.");
                yield break;
            }
            yield return record;
        }
    }

    /// <summary>What a small file holds; null: it is not there, or can't be read, which is told.</summary>
    public T? Read<T>(string name, Func<string, T?> read) where T : class
    {
        if (!Has(name))
            return null;
        if (new FileInfo(In(name)).Length > FileBytes)
        {
            Miss($"{name} is longer than any run writes and was not read.");
            return null;
        }
        try
        {
            return read(In(name));
        }
        catch (Exception e) when (e is JsonException or InvalidDataException)
        {
            Miss($"{name} can't be read: {e.Message.Split('\n')[0]}");
            return null;
        }
    }
}
