using System.Text;
using System.Text.RegularExpressions;
using Toolformer.Torch.Hub;

namespace Toolformer.Cli.Doctor;

/// <summary>Whether a model's files are what their names say: no pointer, no web page, nothing empty.</summary>
internal static partial class FolderHealth
{
    private const int Beginning = 512;

    /// <summary>Looks at the beginning of every file that belongs to a model.</summary>
    /// <param name="damaged">Those that are not worth reading any further.</param>
    public static List<Finding> Examine(string path, out HashSet<string> damaged)
    {
        var findings = new List<Finding>();
        damaged = new HashSet<string>(StringComparer.Ordinal);
        if (!Directory.Exists(path))
            return findings;
        string remedy = HubCache.IdOf(path) is { } id
            ? $"Run `toolformer pull {id} --revision {Path.GetFileName(Path.GetFullPath(path))} --verify`."
            : "Fetch the file again, or the whole model with `toolformer pull`.";
        var files = new DirectoryInfo(path).GetFiles().OrderBy(f => f.Name, StringComparer.Ordinal).ToList();
        foreach (var file in files.Where(f => ModelFile().IsMatch(f.Name)))
        {
            var found = Finding.Try("files", file.FullName, remedy, () => Look(file, remedy)).ToList();
            if (found.Count > 0)
                damaged.Add(file.Name);
            findings.AddRange(found);
        }
        findings.AddRange(WithoutWeights(path, [.. files.Select(f => f.Name)]));
        return findings;
    }

    private static IEnumerable<Finding> Look(FileInfo file, string remedy)
    {
        Finding Broken(string what, string? other = null) =>
            new("files", Health.Broken, what, file.FullName, other ?? remedy);
        if (!HubCache.IsThere(file.FullName))
        {
            yield return Broken($"{file.Name} is a link to '{file.LinkTarget}', which is not there");
            yield break;
        }
        byte[] bytes = new byte[Beginning];
        using var stream = file.OpenRead();
        int count = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        string text = Encoding.Latin1.GetString(bytes, 0, count), start = text.TrimStart().ToLowerInvariant();
        if (count == 0)
            yield return Broken($"{file.Name} is empty");
        else if (text.StartsWith("version https://git-lfs.github.com/spec/", StringComparison.Ordinal))
            yield return Broken($"{file.Name} is a pointer of Git LFS"
                + (PointedSize().Match(text) is { Success: true } size ? $" to {size.Groups[1].Value} bytes" : "")
                + ", not the file itself", "Run `git lfs pull` in the clone that it comes from. " + remedy);
        else if (start.StartsWith("<!doctype", StringComparison.Ordinal)
            || start.StartsWith("<html", StringComparison.Ordinal)
            || start.StartsWith("<?xml", StringComparison.Ordinal))
            yield return Broken($"{file.Name} is a web page, not the file: an error or a login was saved in its place",
                "Fetch it from the address that gives the file itself (on a hub .../resolve/..., not .../blob/...). "
                + remedy);
        else if (IsWeights(file.Name) && text.StartsWith("PK\u0003\u0004", StringComparison.Ordinal))
            yield return Broken($"{file.Name} is an archive of PyTorch under another name",
                "Renaming converts nothing: save it as safetensors where it was made.");
        else if (IsWeights(file.Name) && text.StartsWith("GGUF", StringComparison.Ordinal))
            yield return Broken($"{file.Name} is a GGUF file under another name", "Take the model's safetensors.");
    }

    private static IEnumerable<Finding> WithoutWeights(string path, string[] names)
    {
        if (names.Any(n => IsWeights(n) || n == "model.safetensors.index.json"))
            yield break;
        string[] others = [.. names.Where(n => OtherWeights().IsMatch(n))];
        if (others.Any(n => n.EndsWith(".bin", StringComparison.Ordinal)))
            yield return new Finding("files", Health.Broken, $"the only weights are {string.Join(", ", others)}", path,
                "A .bin file is a pickle, which can run code when opened, so it is not read. Pull a revision with "
                + "safetensors, or convert it where it is trusted: save_pretrained(folder, safe_serialization=True).");
        else if (others.Length > 0)
            yield return new Finding("files", Health.Broken, $"the only weights are {string.Join(", ", others)}", path,
                "Only safetensors are read: take the model in that format.");
    }

    private static bool IsWeights(string name) => name.EndsWith(".safetensors", StringComparison.Ordinal);

    [GeneratedRegex(@"\.safetensors$|^(model\.safetensors\.index|config|generation_config|tokenizer|tokenizer_config|"
        + @"special_tokens_map|added_tokens|vocab)\.json$|^merges\.txt$|^vocab\.txt$|\.model$")]
    private static partial Regex ModelFile();

    [GeneratedRegex(@"\.(bin|h5|msgpack|onnx|gguf|pt|pth|ckpt)$")]
    private static partial Regex OtherWeights();

    [GeneratedRegex(@"\nsize (\d{1,15})\n")]
    private static partial Regex PointedSize();
}
