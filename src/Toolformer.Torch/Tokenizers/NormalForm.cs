using System.Globalization;
using System.Text;

namespace Toolformer.Torch.Tokenizers;

/// <summary>
/// Unicode's normal forms (UAX #15), with the origin of each character. .NET has none in globalization-invariant mode,
/// where <see cref="string.Normalize()"/> gives every text back as it is.
/// </summary>
internal sealed class NormalForm
{
    // Hangul syllables are numbered: leading consonant, vowel, optional trailing consonant.
    private const int Leading = 0x1100, Vowel = 0x1161, BeforeTrailing = 0x11A7, Syllable = 0xAC00;
    private const int Leadings = 19, Vowels = 21, Trailings = 28, Syllables = Leadings * Vowels * Trailings;

    private static readonly Lazy<NormalForm> Canonical = new(() => new NormalForm(compatible: false));
    private static readonly Lazy<NormalForm> Compatible = new(() => new NormalForm(compatible: true));

    private readonly Dictionary<int, int[]> _parts = [];
    private readonly Dictionary<(int First, int Second), int> _composites = [];
    private readonly Dictionary<int, int> _classes = [];
    private readonly HashSet<int> _joining = [];

    private NormalForm(bool compatible)
    {
        using Stream data = typeof(NormalForm).Assembly.GetManifestResourceStream("NormalForms.txt")!;
        using var reader = new StreamReader(data);
        while (reader.ReadLine() is { } line)
        {
            string[] words = line.Split(' ');
            if (words[0] == "#" || (words[0] == "K" && !compatible))
                continue;
            if (words[0] == "C")
            {
                for (int c = Hex(words[1]); c <= Hex(words[2]); c++)
                    _classes.Add(c, int.Parse(words[3], CultureInfo.InvariantCulture));
                continue;
            }
            int[] parts = [.. words.Skip(2).Select(Hex)];
            _parts.Add(Hex(words[1]), parts);
            if (words[0] == "D")
                _composites.Add((parts[0], parts[1]), Hex(words[1]));
        }
        // What may change what stands before it, by composing with it or by changing places.
        _joining.UnionWith(_classes.Keys);
        _joining.UnionWith(_composites.Keys.Select(p => p.Second));
        _joining.UnionWith(Enumerable.Range(Vowel, Vowels));
        _joining.UnionWith(Enumerable.Range(BeforeTrailing + 1, Trailings - 1));
        _joining.UnionWith(_parts.Keys.Where(c => _joining.Contains(Decompose(c)[0])).ToList());

        static int Hex(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }

    /// <param name="compose">Form C or KC, else D or KD.</param>
    /// <param name="compatible">Form KC or KD.</param>
    public static AlignedText Of(AlignedText text, bool compose, bool compatible)
    {
        // The first character that a form may change.
        char first = compatible ? '\u00A0' : compose ? '\u0300' : '\u00C0';
        return text.Text.AsSpan().ContainsAnyExceptInRange('\0', (char)(first - 1))
            ? (compatible ? Compatible : Canonical).Value.Normalize(text, compose)
            : text;
    }

    private AlignedText Normalize(AlignedText whole, bool compose)
    {
        string text = whole.Text;
        AlignedText.Builder? result = null; // as long as nothing has changed, there is no copy
        for (int start = 0; start < text.Length;)
        {
            int end = start + RuneAt(text, start, out Rune first);
            bool alone = !_parts.ContainsKey(first.Value) && (compose || !IsSyllable(first.Value));
            for (; end < text.Length; alone = false)
            {
                int units = RuneAt(text, end, out Rune next);
                if (!_joining.Contains(next.Value))
                    break;
                end += units;
            }
            string part = text[start..end];
            string normal = alone ? part : Form(part, compose);
            if (normal != part && result is null)
            {
                result = new AlignedText.Builder(whole);
                result.Keep(0, start);
            }
            if (normal == part)
                result?.Keep(start, end);
            else
                result!.Put(normal, start, end);
            start = end;
        }
        return result?.Build() ?? whole;
    }

    /// <summary>A lone surrogate reads as U+FFFD here too: it joins nothing and has no parts.</summary>
    private static int RuneAt(string text, int index, out Rune rune)
    {
        Rune.DecodeFromUtf16(text.AsSpan(index), out rune, out int units);
        return units;
    }

    private string Form(string part, bool compose)
    {
        var all = new List<(int Rune, int Class)>();
        foreach (Rune rune in part.EnumerateRunes())
            all.AddRange(Decompose(rune.Value).Select(c => (c, _classes.GetValueOrDefault(c))));
        Reorder(all);
        return string.Concat((compose ? Compose(all) : all.Select(c => c.Rune)).Select(char.ConvertFromUtf32));
    }

    private List<int> Compose(List<(int Rune, int Class)> all)
    {
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
        return result;
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
        bool open = IsSyllable(first) && (first - Syllable) % Trailings == 0;
        if (open && second - BeforeTrailing is > 0 and < Trailings)
            return first + second - BeforeTrailing;
        return _composites.TryGetValue((first, second), out int composite) ? composite : null;
    }

    private List<int> Decompose(int rune)
    {
        var result = new List<int>();
        if (IsSyllable(rune))
        {
            int index = rune - Syllable;
            result.Add(Leading + index / (Vowels * Trailings));
            result.Add(Vowel + index / Trailings % Vowels);
            if (index % Trailings != 0)
                result.Add(BeforeTrailing + index % Trailings);
        }
        else if (_parts.TryGetValue(rune, out int[]? parts))
            result.AddRange(parts.SelectMany(Decompose)); // no deeper than the Unicode data goes
        else
            result.Add(rune);
        return result;
    }

    private static bool IsSyllable(int rune) => rune - Syllable is >= 0 and < Syllables;
}
