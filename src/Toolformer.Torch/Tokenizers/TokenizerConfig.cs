using System.Globalization;
using System.Text.Json;

namespace Toolformer.Torch.Tokenizers;

/// <summary>
/// What <c>tokenizer_config.json</c> and <c>added_tokens.json</c> say beside a vocabulary; both may be absent.
/// </summary>
internal sealed class TokenizerConfig
{
    private readonly JsonElement? _root;
    private readonly List<AddedToken> _added = [];

    public TokenizerConfig(string folder)
    {
        File = Path.Combine(folder, "tokenizer_config.json");
        if (System.IO.File.Exists(File))
        {
            JsonElement? whole = null;
            TokenizerJson.Parse(File, TokenizerFiles.ReadText(File), root =>
            {
                whole = root.Clone();
                if (!root.TryGetProperty("added_tokens_decoder", out JsonElement tokens))
                    return;
                foreach (JsonProperty token in tokens.EnumerateObject())
                    _added.Add(TokenizerJson.Added(token.Value, int.Parse(token.Name, CultureInfo.InvariantCulture)));
            });
            _root = whole;
        }
        string more = Path.Combine(folder, "added_tokens.json");
        if (System.IO.File.Exists(more))
        {
            TokenizerJson.Parse(more, TokenizerFiles.ReadText(more), root =>
            {
                foreach (JsonProperty token in root.EnumerateObject())
                {
                    if (!_added.Any(t => t.Content == token.Name))
                        _added.Add(new AddedToken(token.Value.GetInt32(), token.Name));
                }
            });
        }
    }

    /// <summary>The path of tokenizer_config.json, for messages.</summary>
    public string File { get; }

    /// <summary>Tokens beside those of the vocabulary, or more about these.</summary>
    public IReadOnlyList<AddedToken> Added => _added;

    /// <summary>The tokenizer's class in Hugging Face's library, without "Fast"; null where it is not said.</summary>
    public string? Class => Text("tokenizer_class") is { } name
        ? name.EndsWith("Fast", StringComparison.Ordinal) ? name[..^4] : name
        : null;

    public bool? Flag(string name) => Value(name) switch
    {
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        _ => null,
    };

    /// <summary>A text, or a token's content.</summary>
    public string? Text(string name) => Value(name) switch
    {
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        { ValueKind: JsonValueKind.Object } token when token.TryGetProperty("content", out JsonElement content)
            && content.ValueKind == JsonValueKind.String => content.GetString(),
        _ => null,
    };

    public JsonElement? Value(string name) =>
        _root is { ValueKind: JsonValueKind.Object } root && root.TryGetProperty(name, out JsonElement value)
            ? value
            : null;
}
