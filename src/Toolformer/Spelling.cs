namespace Toolformer;

/// <summary>Messages about names that do not exist: what there is, and the nearest to what was written.</summary>
public static class Spelling
{
    /// <summary>"There is no tool 'Calendr'. There are: Calculator, Calendar. Did you mean Calendar?"</summary>
    /// <param name="kind">What the name was to name: "tool", "task".</param>
    public static string Unknown(string kind, string name, IEnumerable<string> known)
    {
        string[] names = [.. known.Order(StringComparer.Ordinal)];
        string shown = name.Length <= 60 ? name : name[..60] + "…";
        string all = names.Length == 0 ? "There is none." : $"There are: {string.Join(", ", names)}.";
        string? nearest = Nearest(name, names);
        return $"There is no {kind} '{shown}'. {all}" + (nearest is null ? "" : $" Did you mean {nearest}?");
    }

    /// <summary>The name that fewest changes of letters lead to, if fewer than half; case does not count.</summary>
    public static string? Nearest(string name, IEnumerable<string> known)
    {
        var (best, distance) = known.Where(k => Math.Abs(k.Length - name.Length) <= k.Length / 2)
            .Select(k => (k, Distance(name.ToUpperInvariant(), k.ToUpperInvariant())))
            .OrderBy(k => k.Item2).FirstOrDefault();
        return best is not null && 2 * distance < Math.Max(best.Length, name.Length) ? best : null;
    }

    /// <summary>Levenshtein's distance.</summary>
    private static int Distance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, Math.Min(row[j], row[j - 1]) + 1);
            }
        }
        return row[^1];
    }
}
