using System.Text.Json;
using Toolformer.Torch.Tokenizers;

namespace Toolformer.Torch.Chat;

/// <summary>
/// What a model folder says about conversations: its template or templates (chat_template.jinja, tokenizer_config.json,
/// chat_template.json, in this order), and its special tokens.
/// </summary>
internal sealed class ChatTemplateFiles
{
    /// <summary>Longer ones are refused: the longest known have some 20,000 characters.</summary>
    private const int MostCharacters = 1 << 20;

    private static readonly string[] Roles =
        ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

    private readonly string _folder;

    private ChatTemplateFiles(string folder)
    {
        _folder = folder;
        var config = new TokenizerConfig(folder);
        string alone = Path.Combine(folder, "chat_template.jinja"), old = Path.Combine(folder, "chat_template.json");
        File = config.File;
        if (System.IO.File.Exists(alone))
        {
            (File, Default) = (alone, TokenizerFiles.ReadText(alone));
            string tools = Path.Combine(folder, "additional_chat_templates", "tool_use.jinja");
            WithTools = System.IO.File.Exists(tools) ? TokenizerFiles.ReadText(tools) : null;
        }
        else if (config.Value("chat_template") is { ValueKind: not JsonValueKind.Null } template)
            Take(template);
        else if (System.IO.File.Exists(old))
        {
            File = old;
            TokenizerJson.Parse(old, TokenizerFiles.ReadText(old), root =>
            {
                if (root.TryGetProperty("chat_template", out var template))
                    Take(template);
            });
        }
        if (Default?.Length + WithTools?.Length > MostCharacters || Default?.Length > MostCharacters)
            throw TokenizerFiles.Malformed(File, $"The chat template has more than {MostCharacters:N0} characters.");
        SpecialTokens = [.. Tokens(config)];
    }

    /// <summary>Where the template stands.</summary>
    public string File { get; private set; }

    /// <summary>The template; null: the folder has none.</summary>
    public string? Default { get; private set; }

    /// <summary>Another for conversations with tools.</summary>
    public string? WithTools { get; private set; }

    /// <summary>What templates call the special tokens, and how these are spelled.</summary>
    public IReadOnlyList<(string Name, string Token)> SpecialTokens { get; }

    public static ChatTemplateFiles Read(string folder) => new(folder);

    /// <summary>The tokens that end an answer by generation_config.json: often more than config.json's one.</summary>
    public IEnumerable<string> Ends(Tokenizer tokenizer)
    {
        string file = Path.Combine(_folder, "generation_config.json");
        var ids = new List<int>();
        if (System.IO.File.Exists(file))
            TokenizerJson.Parse(file, TokenizerFiles.ReadText(file), root =>
            {
                if (root.TryGetProperty("eos_token_id", out var ends))
                    ids.AddRange((ends.ValueKind == JsonValueKind.Array ? ends.EnumerateArray().ToArray() : [ends])
                        .Where(e => e.ValueKind == JsonValueKind.Number).Select(e => e.GetInt32()));
            });
        return ids.Where(id => id >= 0 && id < tokenizer.VocabularySize && tokenizer.IsSpecial(id))
            .Select(tokenizer.Spelling);
    }

    private void Take(JsonElement template)
    {
        if (template.ValueKind == JsonValueKind.String)
            Default = template.GetString();
        else if (template.ValueKind == JsonValueKind.Array)
        {
            foreach (var entry in template.EnumerateArray().Where(e => e.ValueKind == JsonValueKind.Object))
            {
                string? name = Text(entry, "name"), text = Text(entry, "template");
                if (name == "default")
                    Default = text;
                else if (name == "tool_use")
                    WithTools = text;
            }
            if (Default is null)
                throw TokenizerFiles.Malformed(File, "None of the chat templates is named \"default\".");
        }
    }

    private IEnumerable<(string, string)> Tokens(TokenizerConfig config)
    {
        var tokens = new Dictionary<string, string>();
        string map = Path.Combine(_folder, "special_tokens_map.json");
        if (System.IO.File.Exists(map))
            TokenizerJson.Parse(map, TokenizerFiles.ReadText(map), root =>
            {
                foreach (string role in Roles)
                {
                    if (Text(root, role) is { } text)
                        tokens[role] = text;
                    else if (root.TryGetProperty(role, out var token) && token.ValueKind == JsonValueKind.Object
                        && Text(token, "content") is { } content)
                        tokens[role] = content;
                }
            });
        foreach (string role in Roles)
        {
            if (config.Text(role) is { } text)
                tokens[role] = text;
        }
        return tokens.Select(t => (t.Key, t.Value));
    }

    private static string? Text(JsonElement of, string name) => of.ValueKind == JsonValueKind.Object
        && of.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
