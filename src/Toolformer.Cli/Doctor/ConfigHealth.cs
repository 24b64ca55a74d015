using System.Text.Json;
using Toolformer.Torch;

namespace Toolformer.Cli.Doctor;

/// <summary>What in a model's configuration is likely wrong though it can be read.</summary>
internal static class ConfigHealth
{
    /// <summary>Settings that nobody reads because of a slip in their name.</summary>
    public static IEnumerable<Finding> Misspelt(ModelFolder folder)
    {
        string[] known = [.. folder.Architecture.WriteConfig(folder.Shape).Select(p => p.Key)];
        string[] given = [.. folder.Config.Root.EnumerateObject().Select(p => p.Name)];
        foreach (string name in given.Except(known))
        {
            if (known.Except(given).FirstOrDefault(k => IsOneSlip(name, k)) is { } meant)
                yield return new Finding("configuration", Health.Limited, $"'{name}' is no setting of "
                    + $"{folder.Architecture.ModelType}, '{meant}' is, and is not given", folder.Config.Path,
                    $"If '{meant}' is meant, correct the name: its usual value is taken instead.");
        }
        foreach (var twice in given.GroupBy(n => n).Where(g => g.Count() > 1))
            yield return new Finding("configuration", Health.Limited, $"'{twice.Key}' is given {twice.Count()} times",
                folder.Config.Path, "Keep the right one.");
    }

    /// <summary>Ids of tokens that the vocabulary does not have.</summary>
    public static IEnumerable<Finding> TokenIds(ModelFolder folder)
    {
        foreach (var finding in Outside(folder, folder.Config.Root, folder.Config.Path, "end of text"))
            yield return finding;
        if (folder.EndOfText is null)
            yield return new Finding("end of text", Health.Limited, "no eos_token_id: texts end only where cut",
                folder.Config.Path, "Set eos_token_id to the token that ends a text.");
        string generation = Path.Combine(folder.Path, "generation_config.json");
        if (!File.Exists(generation))
            yield break;
        using var json = Json(generation, out string? wrong);
        if (json is null)
        {
            yield return new Finding("generation", Health.Broken, $"generation_config.json {wrong}", generation,
                "Fetch the file again, or remove it: it only holds the defaults of other programs.");
            yield break;
        }
        foreach (var finding in Outside(folder, json.RootElement, generation, "generation"))
            yield return finding;
    }

    /// <summary>An object of a file; null: it is none, and why.</summary>
    public static JsonDocument? Json(string path, out string? wrong)
    {
        wrong = null;
        try
        {
            var json = JsonDocument.Parse(File.ReadAllBytes(path));
            if (json.RootElement.ValueKind == JsonValueKind.Object)
                return json;
            json.Dispose();
            wrong = "holds no object";
        }
        catch (JsonException e)
        {
            wrong = $"is not valid JSON: {e.Message}";
        }
        return null;
    }

    private static IEnumerable<Finding> Outside(ModelFolder folder, JsonElement root, string path, string subject)
    {
        foreach (var setting in root.EnumerateObject().Where(p => p.Name.EndsWith("_token_id")))
        {
            long[] ids = setting.Value.ValueKind == JsonValueKind.Array
                ? [.. setting.Value.EnumerateArray().Select(Id).OfType<long>()]
                : [.. new[] { Id(setting.Value) }.OfType<long>()];
            foreach (long id in ids.Where(id => id < -1 || id >= folder.Shape.VocabularySize))
            {
                bool matters = setting.Name is "bos_token_id" or "eos_token_id";
                yield return new Finding(subject, matters ? Health.Broken : Health.Limited, $"{setting.Name} is {id}, "
                    + $"the vocabulary has {folder.Shape.VocabularySize:N0} tokens", path,
                    $"Set {setting.Name} to a token of the vocabulary.");
            }
        }

        static long? Id(JsonElement value) =>
            value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long id) ? id : null;
    }

    /// <summary>One letter too many, too few, another, or two that changed places.</summary>
    private static bool IsOneSlip(string a, string b)
    {
        if (a.Length < 4 || Math.Abs(a.Length - b.Length) > 1)
            return false;
        int start = 0, end = 0;
        while (start < Math.Min(a.Length, b.Length) && a[start] == b[start])
            start++;
        while (end < Math.Min(a.Length, b.Length) - start && a[^(end + 1)] == b[^(end + 1)])
            end++;
        int left = a.Length - start - end, right = b.Length - start - end;
        return Math.Max(left, right) <= 1
            || (left == 2 && right == 2 && a[start] == b[start + 1] && a[start + 1] == b[start]);
    }
}
