using System.Security.Cryptography;
using System.Text;
using Toolformer.Markup;

namespace Toolformer.Tools.Notes;

/// <summary>
/// Pages of notes with their links, in memory; where they come from and how a line is added to them is a class of its
/// own. Titles are told apart by their letters, not by case, spaces or underscores. Thread-safe.
/// </summary>
public abstract class NoteCollection
{
    /// <summary>So many titles are compared letter by letter to find the nearest.</summary>
    private const int Compared = 200;

    /// <summary>Longer titles are cut where titles are compared.</summary>
    private const int MaxTitle = 200;

    private readonly Lock _lock = new();
    private readonly List<Note> _pages = [];
    private readonly Dictionary<string, int> _byTitle = [];
    private readonly Dictionary<string, List<string>> _backlinks = [];
    private string? _version;

    /// <summary>Its name, for messages.</summary>
    public abstract string Name { get; }

    public int Count
    {
        get { lock (_lock) return _pages.Count; }
    }

    /// <summary>Another one whenever a page has changed.</summary>
    public string Version
    {
        get { lock (_lock) return _version ??= Hash(); }
    }

    /// <summary>
    /// The pages that contain all words, each with the first line that has most of them; those that have the words in
    /// their title first, then the newer ones. Case does not count; a word may be a part of one.
    /// </summary>
    public IReadOnlyList<(string Title, string Line)> Search(IReadOnlyList<string> words, int most)
    {
        if (words.Count == 0)
            return [];
        Note[] pages;
        lock (_lock)
            pages = [.. _pages];
        return [.. pages
            .Where(page => words.All(w => Has(page.Title, w) || page.Lines.Any(line => Has(line, w))))
            .OrderByDescending(page => words.Count(w => Has(page.Title, w)))
            .ThenByDescending(page => page.Updated)
            .Take(most)
            .Select(page => (page.Title, page.Lines.MaxBy(line => words.Count(w => Has(line, w))) ?? ""))];

        static bool Has(string text, string word) => text.Contains(word, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>The page of a title; null: there is none.</summary>
    public Note? Find(string title)
    {
        lock (_lock)
            return _byTitle.TryGetValue(Key(title), out int index) ? _pages[index] : null;
    }

    /// <summary>The titles of the pages that link to a title, which itself need not be a page.</summary>
    public IReadOnlyList<string> Backlinks(string title)
    {
        lock (_lock)
            return [.. _backlinks.GetValueOrDefault(Key(title)) ?? []];
    }

    /// <summary>The title that a name may have meant; null: none is near.</summary>
    public string? Nearest(string title)
    {
        string wanted = title.Length <= MaxTitle ? title : title[..MaxTitle];
        string[] titles;
        lock (_lock)
            titles = [.. _pages.Select(p => p.Title).Where(t => t.Length <= MaxTitle)];
        var pairs = Pairs(wanted);
        string[] near = [.. titles
            .OrderByDescending(t => (double)Pairs(t).Count(pairs.Contains) / (t.Length + wanted.Length))
            .Take(Compared)];
        return Spelling.Nearest(wanted, near)
            ?? near.FirstOrDefault(t => Key(t).Contains(Key(wanted), StringComparison.Ordinal) && Key(wanted) != "");

        static HashSet<string> Pairs(string text) => Enumerable.Range(0, Math.Max(0, text.Length - 1))
            .Select(i => text.Substring(i, 2).ToUpperInvariant()).ToHashSet();
    }

    /// <summary>Adds a line to the end of a page, lasting; returns what was written where, in one line.</summary>
    /// <exception cref="KeyNotFoundException">There is no such page.</exception>
    /// <exception cref="IOException">It could not be written; then nothing has changed.</exception>
    public string Append(string title, string line, DateTimeOffset now)
    {
        lock (_lock)
        {
            if (!_byTitle.TryGetValue(Key(title), out int index))
                throw new KeyNotFoundException($"There is no page '{title}'.");
            var page = _pages[index];
            string said = Write(page, line, now);
            _pages[index] = page with
            {
                Lines = [.. page.Lines, line],
                Links = [.. page.Links.Union(LinksOf([line]), StringComparer.OrdinalIgnoreCase)],
                Updated = now,
            };
            Link(_pages[index]);
            _version = null;
            return said;
        }
    }

    /// <summary>The titles that lines link to.</summary>
    protected abstract IReadOnlyList<string> LinksOf(IEnumerable<string> lines);

    /// <summary>Makes a line last at the end of a page; returns what was written where, in one line.</summary>
    /// <exception cref="IOException">It could not be written; then nothing has changed.</exception>
    protected abstract string Write(Note page, string line, DateTimeOffset now);

    /// <summary>Adds a page; where there is one of the same title, its lines are added to that.</summary>
    protected void Add(string title, IReadOnlyList<string> lines, DateTimeOffset updated)
    {
        var links = LinksOf(lines);
        lock (_lock)
        {
            if (_byTitle.TryGetValue(Key(title), out int index))
            {
                var there = _pages[index];
                _pages[index] = new Note(there.Title, [.. there.Lines, .. lines],
                    [.. there.Links.Union(links, StringComparer.OrdinalIgnoreCase)],
                    updated > there.Updated ? updated : there.Updated);
            }
            else
            {
                _byTitle.Add(Key(title), index = _pages.Count);
                _pages.Add(new Note(title, lines, links, updated));
            }
            Link(_pages[index]);
            _version = null;
        }
    }

    /// <summary>What tells titles apart: as they may stand in a call, without case, spaces, underscores.</summary>
    internal static string Key(string title) => string.Concat(
        CallSyntax.Neutralise(title, 1000).Where(c => c is not (' ' or '_'))).ToUpperInvariant();

    private void Link(Note page)
    {
        foreach (string key in page.Links.Select(Key).Distinct())
        {
            if (!_backlinks.TryGetValue(key, out var pages))
                _backlinks.Add(key, pages = []);
            if (key != Key(page.Title) && !pages.Contains(page.Title))
                pages.Add(page.Title);
        }
    }

    private string Hash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var page in _pages)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(page.Title + "\n\n"));
            foreach (string line in page.Lines)
                hash.AppendData(Encoding.UTF8.GetBytes(line + "\n"));
        }
        return Convert.ToHexStringLower(hash.GetCurrentHash())[..16];
    }
}
