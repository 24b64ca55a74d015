using System.Text.RegularExpressions;

namespace Toolformer.Cli.Doctor;

/// <summary>How it stands with something that <c>toolformer doctor</c> looked at.</summary>
public enum Health
{
    Ok,

    /// <summary>It works, but something that one may want does not.</summary>
    Limited,

    Broken,
}

/// <summary>One thing that was looked at.</summary>
/// <param name="What">What was found, with its values.</param>
/// <param name="Where">File, folder or machine; null where there is nothing to look for.</param>
/// <param name="Remedy">What to do; null where nothing has to be done.</param>
public sealed partial record Finding(
    string Subject, Health Health, string What, string? Where = null, string? Remedy = null)
{
    /// <summary>Reads a message whose first line says what, and whose further lines say where and what to do.</summary>
    public static Finding OfError(string subject, Exception error, string where, string remedy)
    {
        string[] lines = error.Message.Split(
            '\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return new Finding(subject, Health.Broken, lines.FirstOrDefault() ?? error.GetType().Name,
            lines.Length > 1 ? Place().Replace(lines[1], "") : where,
            lines.Length > 2 ? string.Join(' ', lines[2..]) : remedy);
    }

    /// <summary>How messages lead up to a place, which here stands after "where:".</summary>
    [GeneratedRegex("^(in|looked in|named by|for) ")]
    private static partial Regex Place();

    /// <summary>Does a piece of examination; what it throws is a finding.</summary>
    /// <param name="remedy">Where the error itself names none.</param>
    public static IEnumerable<Finding> Try(
        string subject, string where, string remedy, Func<IEnumerable<Finding>> examine)
    {
        try
        {
            return [.. examine()];
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return [OfError(subject, e, where, remedy)];
        }
    }
}
