using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace Toolformer.Torch.Hub;

/// <summary>A model on a hub: <c>owner/name</c>, or <c>owner/name@revision</c>.</summary>
/// <param name="Revision">Branch, tag, full or abbreviated commit; null: the branch main.</param>
public sealed partial record HubModel(string Owner, string Name, string? Revision = null)
{
    /// <summary>"owner/name".</summary>
    public string Id => $"{Owner}/{Name}";

    /// <summary>The revision that is asked for.</summary>
    public string Wanted => Revision ?? "main";

    /// <summary>Whether a text has the form of a model's name on a hub, which a relative path may have too.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out HubModel? model)
    {
        var match = Form().Match(text);
        string id = match.Groups["id"].Value, revision = match.Groups["revision"].Value;
        bool isName = match.Success && !id.Contains("..") && !id.Contains("--")
            && (revision == "" ? !text.EndsWith('@') : IsRevision(revision));
        model = isName
            ? new HubModel(match.Groups["owner"].Value, match.Groups["name"].Value, revision == "" ? null : revision)
            : null;
        return isName;
    }

    /// <exception cref="ArgumentException">This is no name of a model.</exception>
    public static HubModel Parse(string text, string? revision = null)
    {
        if (!TryParse(text, out var model))
            throw new ArgumentException($"'{text}' is no name of a model on a hub.\n  in the arguments\n"
                + "  Write owner/name or owner/name@revision, such as openai-community/gpt2.");
        if (revision is null)
            return model;
        if (model.Revision is { } other && other != revision)
            throw new ArgumentException($"Two revisions are asked for, '{other}' and '{revision}'.\n"
                + "  in the arguments\n  Give one of them.");
        return IsRevision(revision)
            ? model with { Revision = revision }
            : throw new ArgumentException($"'{revision}' is no name of a revision.\n  in the arguments\n"
                + "  Give a branch, a tag, or a commit of seven or more hexadecimal digits.");
    }

    public override string ToString() => Revision is null ? Id : $"{Id}@{Revision}";

    /// <summary>Whether this is a commit in full.</summary>
    internal static bool IsCommit([NotNullWhen(true)] string? text) => text is not null && Commit().IsMatch(text);

    /// <summary>Whether a revision may be the beginning of a commit's name.</summary>
    internal static bool MayBeCommit(string text) => PartOfCommit().IsMatch(text);

    /// <summary>As git has it; besides, it becomes the name of a file below refs/.</summary>
    private static bool IsRevision(string text) => text.Length <= 255 && Revisions().IsMatch(text)
        && text.Split('/').All(part => part.Length > 0 && part[0] != '.' && !part.Contains("..")
            && !part.EndsWith('.') && !part.EndsWith(".lock", StringComparison.Ordinal));

    [GeneratedRegex(@"^(?<id>(?<owner>[A-Za-z0-9][A-Za-z0-9._-]{0,95})/(?<name>[A-Za-z0-9][A-Za-z0-9._-]{0,95}))"
        + @"(@(?<revision>.*))?\z", RegexOptions.Singleline)]
    private static partial Regex Form();

    [GeneratedRegex(@"^[A-Za-z0-9._/+=#@!,()-]+\z")]
    private static partial Regex Revisions();

    [GeneratedRegex(@"^[0-9a-f]{40}\z")]
    private static partial Regex Commit();

    [GeneratedRegex(@"^[0-9a-f]{7,40}\z")]
    private static partial Regex PartOfCommit();
}
