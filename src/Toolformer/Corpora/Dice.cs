namespace Toolformer.Corpora;

/// <summary>Draws from a seeded <see cref="Random"/>.</summary>
internal static class Dice
{
    public static T Of<T>(this Random random, IReadOnlyList<T> items) => items[random.Next(items.Count)];

    public static bool Chance(this Random random, double probability) => random.NextDouble() < probability;

    /// <summary>An integer from both ends inclusive.</summary>
    public static int Between(this Random random, int low, int high) => random.Next(low, high + 1);

    /// <summary>Different items in random order.</summary>
    public static List<T> Some<T>(this Random random, IReadOnlyList<T> items, int count)
    {
        var picked = new List<T>(count);
        for (var tries = 0; picked.Count < count && tries < 20 * count; tries++)
            if (random.Of(items) is var item && !picked.Contains(item)) picked.Add(item);
        return picked;
    }

    /// <summary>An integer whose number of digits is uniform, so that small and large numbers are equally
    /// common.</summary>
    public static int Magnitude(this Random random, int low, int high)
    {
        var value = Math.Exp(Math.Log(low) + random.NextDouble() * (Math.Log(high + 1) - Math.Log(low)));
        return Math.Clamp((int)value, low, high);
    }

    /// <summary>
    /// A generator that depends on (seed, index) alone (SplitMix64's finaliser over both), so that text number n of a
    /// stream can be made without the n - 1 before it.
    /// </summary>
    public static Random At(int seed, long index)
    {
        var state = (ulong)index * 0x9E3779B97F4A7C15UL + (ulong)(uint)seed * 0xD1B54A32D192ED03UL
            + 0x8CB92BA72F3D8DD7UL;
        state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9UL;
        state = (state ^ (state >> 27)) * 0x94D049BB133111EBUL;
        return new Random((int)((state ^ (state >> 31)) & 0x7FFFFFFF));
    }
}
