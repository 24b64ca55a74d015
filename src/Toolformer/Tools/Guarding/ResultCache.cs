using System.Security.Cryptography;
using System.Text;

namespace Toolformer.Tools.Guarding;

/// <summary>
/// Keeps answers of tools, so that a call that was answered once is not made again. Bounded in size. Thread-safe.
/// </summary>
public abstract class ResultCache
{
    /// <summary>Longer answers are not kept; in UTF-16 units.</summary>
    public const int MaxText = 1 << 16;

    /// <summary>An answer that is not older than <paramref name="maxAge"/>; null: there is none.</summary>
    /// <param name="key">As <see cref="KeyOf"/> makes it.</param>
    public abstract string? Find(string key, TimeSpan maxAge);

    public abstract void Keep(string key, string text);

    /// <summary>
    /// 64 hexadecimal digits for a tool's name, its version, what else its answer depends on, and the input; from the
    /// key nobody reads these.
    /// </summary>
    public static string KeyOf(Tool tool, string contextKey, string input)
    {
        var parts = new StringBuilder();
        foreach (string part in (string[])[tool.Name, tool.Version, contextKey, input])
            parts.Append(part.Length).Append(':').Append(part);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(parts.ToString())));
    }
}
