using System.Globalization;
using System.Text;

namespace Toolformer.Torch;

/// <summary>
/// Unicode's normal form C (UAX #15), with the origin of each character. .NET has none in globalization-invariant mode,
/// where <see cref="string.Normalize()"/> gives every text back as it is.
/// </summary>
internal sealed class NormalFormC
{
    // Hangul syllables are numbered: leading consonant, vowel, optional trailing consonant.
    private const int Leading = 0x1100, Vowel = 0x1161, BeforeTrailing = 0x11A7, Syllable = 0xAC00;
    private const int Leadings = 19, Vowels = 21, Trailings = 28, Syllables = Leadings * Vowels * Trailings;

    private static readonly NormalFormC s_unicode = new();

    private readonly Dictionary<int, (int First, int Second)> _parts = []; // Second is 0 in a singleton
    private readonly Dictionary<(int First, int Second), int> _composites = [];
    private readonly Dictionary<int, int> _classes = [];
    private readonly HashSet<int> _joining = [];

    private NormalFormC()
    {
        using Stream data = typeof(NormalFormC).Assembly.GetManifestResourceStream("NormalFormC.txt")!;
        using var reader = new StreamReader(data);
        while (reader.ReadLine() is { } line)
        {
            string[] words = line.Split(' ');
            if (words[0] == "#")
                continue;
            int first = Hex(words[1]), second = Hex(words[2]);
            if (words[0] == "C")
            {
                for (int c = first; c <= second; c++)
                    _classes.Add(c, int.Parse(words[3], CultureInfo.InvariantCulture));
                continue;
            }
            int third = words.Length > 3 ? Hex(words[3]) : 0;
            _parts.Add(first, (second, third));
            if (words[0] == "D")
                _composites.Add((second, third), first);
        }
        // What may change what stands before it, by composing with it or by changing places.
        _joining.UnionWith(_classes.Keys);
        _joining.UnionWith(_composites.Keys.Select(p => p.Second));
        _joining.UnionWith(Enumerable.Range(Vowel, Vowels));
        _joining.UnionWith(Enumerable.Range(BeforeTrailing + 1, Trailings - 1));
        _joining.UnionWith(_parts.Keys.Where(c => _joining.Contains(Decompose(c)[0])).ToList());

        static int Hex(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }

    /// <summary>The normal form, and per character of it (UTF-16) the characters of the text it came from.</summary>
    /// <returns>No origins where the text is in normal form already.</returns>
    public static (string Text, (int Start, int End)[]? Origins) Of(string text) =>
        text.AsSpan().ContainsAnyExceptInRange('\0', '\u02FF') ? s_unicode.Normalize(text) : (text, null);

    private (string Text, (int Start, int End)[]? Origins) Normalize(string text)
    {
        StringBuilder? result = null; // as long as nothing has changed, there is no copy
        var origins = new List<(int, int)>();
        for (int start = 0; start < text.Length;)
        {
            int end = start + RuneAt(text, start, out Rune first);
            bool alone = !_parts.ContainsKey(first.Value);
            for (; end < text.Length; alone = false)
            {
                int units = RuneAt(text, end, out Rune next);
                if (!_joining.Contains(next.Value))
                    break;
                end += units;
            }
            string part = text[start..end];
            string normal = alone ? part : Compose(part);
            if (normal != part && result is null)
            {
                result = new StringBuilder(text, 0, start, text.Length);
                origins.AddRange(Enumerable.Range(0, start).Select(i => (i, i + 1)));
            }
            if (result is not null)
            {
                result.Append(normal);
                for (int i = 0; i < normal.Length; i++)
                    origins.Add(normal == part ? (start + i, start + i + 1) : (start, end));
            }
            start = end;
        }
        return result is null ? (text, null) : (result.ToString(), origins.ToArray());
    }

    /// <summary>A lone surrogate reads as U+FFFD here too: it joins nothing and has no parts.</summary>
    private static int RuneAt(string text, int index, out Rune rune)
    {
        Rune.DecodeFromUtf16(text.AsSpan(index), out rune, out int units);
        return units;
    }

    private string Compose(string part)
    {
        var all = new List<(int Rune, int Class)>();
        foreach (Rune rune in part.EnumerateRunes())
            all.AddRange(Decompose(rune.Value).Select(c => (c, _classes.GetValueOrDefault(c))));
        Reorder(all);

        var result = new List<int>();
        int starter = -1, lastClass = -1;
        foreach ((int rune, int @class) in all)
        {
            bool blocked = lastClass != -1 && lastClass >= @class;
            if (starter >= 0 && !blocked && Pair(result[starter], rune) is { } composite)
            {
                result[starter] = composite;
                continue;
            }
            if (@class == 0)
                (starter, lastClass) = (result.Count, -1);
            else
                lastClass = @class;
            result.Add(rune);
        }
        return string.Concat(result.Select(char.ConvertFromUtf32));
    }

    /// <summary>Sorts each run of combining characters by class; equal classes keep their order.</summary>
    private static void Reorder(List<(int Rune, int Class)> all)
    {
        for (int i = 0; i < all.Count; i++)
        {
            int end = i;
            while (end < all.Count && all[end].Class != 0)
                end++;
            if (end - i > 1)
            {
                var sorted = all.GetRange(i, end - i).OrderBy(c => c.Class).ToList();
                for (int j = 0; j < sorted.Count; j++)
                    all[i + j] = sorted[j];
            }
            i = end;
        }
    }

    private int? Pair(int first, int second)
    {
        if (first - Leading is >= 0 and < Leadings && second - Vowel is >= 0 and < Vowels)
            return Syllable + ((first - Leading) * Vowels + second - Vowel) * Trailings;
        bool open = first - Syllable is >= 0 and < Syllables && (first - Syllable) % Trailings == 0;
        if (open && second - BeforeTrailing is > 0 and < Trailings)
            return first + second - BeforeTrailing;
        return _composites.TryGetValue((first, second), out int composite) ? composite : null;
    }

    private List<int> Decompose(int rune)
    {
        var result = new List<int>();
        if (rune - Syllable is >= 0 and < Syllables)
        {
            int index = rune - Syllable;
            result.Add(Leading + index / (Vowels * Trailings));
            result.Add(Vowel + index / Trailings % Vowels);
            if (index % Trailings != 0)
                result.Add(BeforeTrailing + index % Trailings);
            return result;
        }
        // Only the first part of a composite ever has parts itself, but a singleton's one may have two.
        var seconds = new Stack<int>();
        while (_parts.TryGetValue(rune, out var parts))
        {
            if (parts.Second != 0)
                seconds.Push(parts.Second);
            rune = parts.First;
        }
        result.Add(rune);
        result.AddRange(seconds);
        return result;
    }
}
