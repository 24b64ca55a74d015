using System.Text;

namespace Toolformer.Corpora;

/// <summary>The side of the fence on which a name or a pair of numbers stands.</summary>
public enum Side
{
    Training,
    HeldOut,
}

/// <summary>
/// Divides names and number pairs between training and held-out texts by a hash of themselves, so that the two sides
/// can share none whatever the seed is.
/// </summary>
internal static class Split
{
    public static Side Of(string name) => Hash(name) % 4 == 0 ? Side.HeldOut : Side.Training;

    public static Side Of(int a, int b) =>
        Hash($"{Math.Min(a, b)} {Math.Max(a, b)}") % 3 == 0 ? Side.HeldOut : Side.Training;

    /// <summary>Whether every two of these numbers stand on one side.</summary>
    public static bool AllOn(Side side, IReadOnlyList<int> numbers)
    {
        for (int i = 0; i < numbers.Count; i++)
        {
            for (int j = i + 1; j < numbers.Count; j++)
            {
                if (Of(numbers[i], numbers[j]) != side)
                    return false;
            }
        }
        return true;
    }

    /// <summary>FNV-1a with a final mix: the same on every machine and in every run.</summary>
    private static uint Hash(string text)
    {
        uint hash = 2166136261;
        foreach (byte b in Encoding.UTF8.GetBytes(text))
            hash = (hash ^ b) * 16777619;
        hash = (hash ^ (hash >> 16)) * 0x45d9f3b;
        return hash ^ (hash >> 16);
    }
}
