using System.Text.Json;
using System.Text.RegularExpressions;
using Toolformer.Torch.Tokenizers;

namespace Toolformer.Torch.Chat;

/// <summary>One speaker's words in a conversation.</summary>
/// <param name="Role">"system", "user" or "assistant".</param>
public sealed record ChatTurn(string Role, string Text);

/// <summary>
/// How a conversation is written for a model, by the template that its folder names. The common forms are recognised by
/// their marks (ChatML, Llama 2 and 3, Mistral, Zephyr); others are refused, for a template is a program of its own
/// language. Words of the conversation never become special tokens.
/// </summary>
public sealed partial class ChatTemplate
{
    private readonly Func<IReadOnlyList<ChatTurn>, IEnumerable<(string Text, bool IsTemplate)>> _write;
    private readonly Tokenizer? _tokenizer;

    private ChatTemplate(string name, Tokenizer? tokenizer, IReadOnlyList<string> stops,
        Func<IReadOnlyList<ChatTurn>, IEnumerable<(string, bool)>> write) =>
        (Name, _tokenizer, StopStrings, _write) = (name, tokenizer, stops, write);

    /// <summary>"ChatML", or "plain" for a model that has none.</summary>
    public string Name { get; }

    /// <summary>What ends an answer, beside the model's end of text.</summary>
    public IReadOnlyList<string> StopStrings { get; }

    /// <summary>
    /// For base models: the conversation as one running text. An answer goes on in the words before it, and what
    /// follows an answer begins a new paragraph.
    /// </summary>
    public static ChatTemplate Plain { get; } = new("plain", null, [], WritePlain);

    /// <summary>The template of a model folder; the plain one where it has none.</summary>
    /// <exception cref="NotSupportedException">Its template is none of the known forms.</exception>
    /// <exception cref="InvalidDataException">Its tokenizer_config.json can't be read.</exception>
    public static ChatTemplate Of(string folder, Tokenizer tokenizer)
    {
        string file = Path.Combine(folder, "chat_template.jinja");
        var config = new TokenizerConfig(folder);
        string? text = File.Exists(file) ? TokenizerFiles.ReadText(file) : TextOf(config);
        if (text is null)
            return Plain;
        string begin = config.Text("bos_token") ?? "", end = config.Text("eos_token") ?? "";
        if (text.Contains("<|im_start|>"))
        {
            string? system = DefaultSystem().Match(text) is { Success: true } match ? match.Groups[1].Value : null;
            return new("ChatML", tokenizer, ["<|im_end|>"], turns => WriteChatMl(turns, system));
        }
        if (text.Contains("<|start_header_id|>"))
            return new("Llama 3", tokenizer, ["<|eot_id|>"], turns => WriteLlama3(turns, begin));
        if (text.Contains("<<SYS>>"))
            return new("Llama 2", tokenizer, [], turns => WriteInstructions(turns, begin, end, asLlama: true));
        if (text.Contains("[/INST]"))
            return new("Mistral", tokenizer, [], turns => WriteInstructions(turns, begin, end, asLlama: false));
        if (text.Contains("<|user|>") && text.Contains("<|assistant|>"))
            return new("Zephyr", tokenizer, ["<|user|>"], turns => WriteZephyr(turns, end));
        throw new NotSupportedException("The chat template of this model is none of ChatML, Llama 2, Llama 3, Mistral "
            + $"and Zephyr.\n  in {(File.Exists(file) ? file : config.File)}\n"
            + "  Use /v1/completions with the prompt as the model wants it.");
    }

    /// <summary>The conversation up to where the answer begins, or goes on if its last turn is one.</summary>
    /// <returns>The text for a model without a template, else token ids.</returns>
    public (string? Text, IReadOnlyList<int>? Tokens) Write(IReadOnlyList<ChatTurn> turns)
    {
        var parts = _write(turns);
        return _tokenizer is null ? (string.Concat(parts.Select(p => p.Text)), null) : (null, _tokenizer.Encode(parts));
    }

    private static string? TextOf(TokenizerConfig config) => config.Value("chat_template") switch
    {
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        { ValueKind: JsonValueKind.Array } several => several.EnumerateArray()
            .Where(t => t.ValueKind == JsonValueKind.Object && t.TryGetProperty("name", out var name)
                && name.ValueEquals("default") && t.TryGetProperty("template", out _))
            .Select(t => t.GetProperty("template").GetString()).FirstOrDefault(),
        _ => null,
    };

    private static bool GoesOn(IReadOnlyList<ChatTurn> turns, int i) =>
        i == turns.Count - 1 && turns[i].Role == "assistant";

    private static bool NeedsAnswer(IReadOnlyList<ChatTurn> turns) =>
        turns.Count == 0 || turns[^1].Role != "assistant";

    private static IEnumerable<(string, bool)> WritePlain(IReadOnlyList<ChatTurn> turns)
    {
        for (int i = 0; i < turns.Count; i++)
        {
            if (i > 0 && !(turns[i].Role == "assistant" && turns[i - 1].Role == "user"))
                yield return ("\n\n", true);
            yield return (turns[i].Text, false);
        }
    }

    private static IEnumerable<(string, bool)> WriteChatMl(IReadOnlyList<ChatTurn> turns, string? system)
    {
        if (system is not null && turns.FirstOrDefault()?.Role != "system")
            yield return ($"<|im_start|>system\n{system}<|im_end|>\n", true);
        for (int i = 0; i < turns.Count; i++)
        {
            yield return ($"<|im_start|>{turns[i].Role}\n", true);
            yield return (turns[i].Text, false);
            if (!GoesOn(turns, i))
                yield return ("<|im_end|>\n", true);
        }
        if (NeedsAnswer(turns))
            yield return ("<|im_start|>assistant\n", true);
    }

    private static IEnumerable<(string, bool)> WriteLlama3(IReadOnlyList<ChatTurn> turns, string begin)
    {
        yield return (begin, true);
        for (int i = 0; i < turns.Count; i++)
        {
            yield return ($"<|start_header_id|>{turns[i].Role}<|end_header_id|>\n\n", true);
            yield return (GoesOn(turns, i) ? turns[i].Text : turns[i].Text.Trim(), false);
            if (!GoesOn(turns, i))
                yield return ("<|eot_id|>", true);
        }
        if (NeedsAnswer(turns))
            yield return ("<|start_header_id|>assistant<|end_header_id|>\n\n", true);
    }

    private static IEnumerable<(string, bool)> WriteZephyr(IReadOnlyList<ChatTurn> turns, string end)
    {
        for (int i = 0; i < turns.Count; i++)
        {
            yield return ($"<|{turns[i].Role}|>\n", true);
            yield return (turns[i].Text, false);
            if (!GoesOn(turns, i))
                yield return (end + "\n", true);
        }
        if (NeedsAnswer(turns))
            yield return ("<|assistant|>\n", true);
    }

    /// <summary>[INST] … [/INST]: what the system says stands in the first question.</summary>
    private static IEnumerable<(string, bool)> WriteInstructions(
        IReadOnlyList<ChatTurn> turns, string begin, string end, bool asLlama)
    {
        string system = string.Join("\n\n", turns.Where(t => t.Role == "system").Select(t => t.Text));
        var rest = turns.Where(t => t.Role != "system").ToList();
        for (int i = 0; i < rest.Count; i++)
        {
            if (rest[i].Role == "user")
            {
                yield return ((i == 0 || asLlama ? begin : "") + "[INST] ", true);
                if (i == 0 && system.Length > 0)
                {
                    yield return (asLlama ? "<<SYS>>\n" : "", true);
                    yield return (system, false);
                    yield return (asLlama ? "\n<</SYS>>\n\n" : "\n\n", true);
                }
                yield return (rest[i].Text.Trim(), false);
                yield return (" [/INST]", true);
                continue;
            }
            yield return ((asLlama ? " " : "") + (GoesOn(rest, i) ? rest[i].Text : rest[i].Text.Trim()), false);
            if (!GoesOn(rest, i))
                yield return ((asLlama ? " " : "") + end, true);
        }
    }

    [GeneratedRegex(@"<\|im_start\|>system\\n([^<{}'""]+)<\|im_end\|>")]
    private static partial Regex DefaultSystem();
}
