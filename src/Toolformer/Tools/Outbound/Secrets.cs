using System.Collections.Concurrent;
using System.Text;

namespace Toolformer.Tools.Outbound;

/// <summary>
/// Secrets from the environment: a tools file writes "${NAME}" and never the secret. What was revealed is blotted out
/// of whatever passes <see cref="Hide"/>. Thread-safe.
/// </summary>
/// <param name="environment">The value of a variable, or null.</param>
public sealed class Secrets(Func<string, string?> environment)
{
    private const string Blot = "***";

    /// <summary>What is shorter is no secret, and hiding it would spoil texts.</summary>
    private const int ShortestHidden = 5;

    private readonly ConcurrentDictionary<string, bool> _revealed = new(StringComparer.Ordinal);

    /// <summary>An environment without variables.</summary>
    public static Secrets None => new(_ => null);

    /// <summary>Those of the environment of this process.</summary>
    public static Secrets OfProcess() => new(Environment.GetEnvironmentVariable);

    /// <summary>The text with every "${NAME}" replaced by the variable's value.</summary>
    /// <exception cref="KeyNotFoundException">There is no such variable, or it is empty.</exception>
    /// <exception cref="FormatException">A "${" is not followed by a name and "}".</exception>
    public string Reveal(string text)
    {
        var revealed = new StringBuilder();
        int at = 0;
        for (int open; (open = text.IndexOf("${", at, StringComparison.Ordinal)) >= 0;)
        {
            int close = text.IndexOf('}', open);
            string name = close < 0 ? "" : text[(open + 2)..close];
            if (name.Length == 0 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_'))
                throw new FormatException($"'{text}' has a \"${{\" without a name and \"}}\" after it: write "
                    + "\"${NAME}\" with the name of a variable of the environment.");
            if (environment(name) is not { Length: > 0 } value)
                throw new KeyNotFoundException($"The variable {name} is not set in the environment: export it before "
                    + "the run; its value belongs into no file.");
            if (value.Length >= ShortestHidden)
                _revealed.TryAdd(value, true);
            revealed.Append(text, at, open - at).Append(value);
            at = close + 1;
        }
        return revealed.Append(text, at, text.Length - at).ToString();
    }

    /// <summary>The text with every secret that was revealed blotted out, also escaped or in base64.</summary>
    public string Hide(string text)
    {
        foreach (string secret in _revealed.Keys)
            text = text.Replace(secret, Blot, StringComparison.Ordinal)
                .Replace(Uri.EscapeDataString(secret), Blot, StringComparison.Ordinal)
                .Replace(Convert.ToBase64String(Encoding.UTF8.GetBytes(secret)), Blot, StringComparison.Ordinal);
        return text;
    }
}
