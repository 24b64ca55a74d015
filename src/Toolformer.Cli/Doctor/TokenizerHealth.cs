using System.Text.Json;
using Toolformer.Markup;
using Toolformer.Torch;
using Toolformer.Torch.Tokenizers;

namespace Toolformer.Cli.Doctor;

/// <summary>Whether a folder's tokenizer can be read, is the model's own, and can write calls.</summary>
internal static class TokenizerHealth
{
    /// <summary>Rows that families append to their embeddings for speed are fewer than this share.</summary>
    private const double MostPadding = 0.1;

    private const int SmallPadding = 1024;

    public static IEnumerable<Finding> Examine(ModelFolder folder)
    {
        bool Has(string name) => File.Exists(Path.Combine(folder.Path, name));
        if (!TokenizerFiles.Exist(folder.Path))
        {
            yield return Has("vocab.json") || Has("merges.txt")
                ? new Finding("tokenizer", Health.Broken, Has("vocab.json")
                    ? "there is vocab.json without merges.txt"
                    : "there is merges.txt without vocab.json", folder.Path,
                    "The two belong together: fetch the other, or tokenizer.json.")
                : new Finding("tokenizer", Health.Limited, "there is none: token ids can be scored and written on "
                    + "from, text can't, and nothing can be annotated", folder.Path,
                    "Put the tokenizer's files (tokenizer.json, tokenizer.model, …) beside the weights.");
            yield break;
        }
        var tokenizer = Tokenizer.Load(folder.Path);
        int model = folder.Shape.VocabularySize, tokens = tokenizer.VocabularySize;
        if (tokens > model)
            yield return new Finding("tokenizer", Health.Broken, $"it has {tokens:N0} tokens, the model {model:N0}",
                folder.Path, "Tokenizer and weights belong to different models: fetch both from one place.");
        else if (model > tokens + Math.Max(SmallPadding, MostPadding * model))
            yield return new Finding("tokenizer", Health.Limited, $"it has {tokens:N0} tokens, the model {model:N0}: "
                + "more than are appended for speed", folder.Path,
                "It may be another model's tokenizer: compare with where the weights come from.");
        else
            yield return new Finding("tokenizer", Health.Ok, $"{tokens:N0} tokens");
        foreach (var finding in End(folder, tokenizer))
            yield return finding;
        foreach (var finding in Finding.Try(
            "markup", folder.Path, "Use another model.", () => [Markup(tokenizer, folder.Path)]))
            yield return finding;
    }

    private static Finding Markup(Tokenizer tokenizer, string path)
    {
        var calls = new CallTokens(tokenizer, model: path);
        return new Finding("markup", Health.Ok, $"a call starts with token {calls.Open}, its arrow is "
            + $"[{string.Join(", ", calls.Arrow)}], its end [{string.Join(", ", calls.Close)}]");
    }

    /// <summary>Whether the tokenizer's end of text is the model's.</summary>
    private static IEnumerable<Finding> End(ModelFolder folder, Tokenizer tokenizer)
    {
        string path = Path.Combine(folder.Path, "tokenizer_config.json");
        if (!File.Exists(path))
            yield break;
        using var json = ConfigHealth.Json(path, out string? wrong);
        if (json is null)
        {
            yield return new Finding("tokenizer", Health.Broken, $"tokenizer_config.json {wrong}", path,
                "Fetch the file again.");
            yield break;
        }
        if (!json.RootElement.TryGetProperty("eos_token", out var end))
            yield break;
        string? text = end.ValueKind == JsonValueKind.String ? end.GetString()
            : end.ValueKind == JsonValueKind.Object && end.TryGetProperty("content", out var content)
                && content.ValueKind == JsonValueKind.String ? content.GetString() : null;
        if (text is null || !folder.Config.Root.TryGetProperty("eos_token_id", out var ids))
            yield break;
        int[] own = ids.ValueKind == JsonValueKind.Array
            ? [.. ids.EnumerateArray().Where(IsId).Select(i => i.GetInt32())]
            : IsId(ids) ? [ids.GetInt32()] : [];
        var read = tokenizer.Encode(text, allowSpecial: true);
        if (own.Length > 0 && (read.Count != 1 || !own.Contains(read[0].Id)))
            yield return new Finding("tokenizer", Health.Limited, $"its end of text \"{text}\" is token "
                + $"[{string.Join(", ", read.Select(t => t.Id))}], the model's is [{string.Join(", ", own)}]", path,
                "It may be another model's tokenizer, or one of another finetuning: take both from one place.");

        static bool IsId(JsonElement value) =>
            value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int id) && id >= 0;
    }
}
