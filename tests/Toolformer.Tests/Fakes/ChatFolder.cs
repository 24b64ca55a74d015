using System.Text.Json;
using Toolformer.Torch.Chat;
using Toolformer.Torch.Tokenizers;

namespace Toolformer.Tests.Fakes;

/// <summary>A folder with a tokenizer that has marks of conversations, and with a chat template.</summary>
internal sealed class ChatFolder : IDisposable
{
    /// <summary>ChatML with tools in Hermes' form, in a few lines.</summary>
    public const string ChatMl =
        """
        {{- bos_token }}
        {%- if tools %}
        {{- '<|im_start|>tools\n' + tools | tojson + '\nAnswer with <tool_call>{...}</tool_call>.<|im_end|>\n' }}
        {%- endif %}
        {%- for message in messages %}
        {%- if message.role == 'tool' %}
        {{- '<|im_start|>tool\n' + message.content + '<|im_end|>\n' }}
        {%- else %}
        {{- '<|im_start|>' + message.role + '\n' + message.content }}
        {%- for call in message.tool_calls %}
        {%- set written = {'name': call.function.name, 'arguments': call.function.arguments} %}
        {{- '<tool_call>' + written | tojson + '</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\n' }}
        {%- endif %}
        {%- endfor %}
        {%- if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}
        """;

    /// <param name="template">For tokenizer_config.json; null: it names none.</param>
    public ChatFolder(object? template = null)
    {
        Folder = Directory.CreateTempSubdirectory("chat-folder-").FullName;
        var vocabulary = BpeTrainer.Train(["Hello world, the cat sat."], 290, []);
        // The last is one that its vocabulary does not call special, as some do with their marks.
        string[] marks = ["<s>", "</s>", "<|im_start|>", "<|im_end|>", "<tool_call>"];
        int first = vocabulary.Spellings.Count;
        TokenizerFiles.Write(vocabulary with
        {
            Spellings = [.. vocabulary.Spellings, .. marks],
            AddedTokens =
            [
                .. vocabulary.AddedTokens,
                .. marks.Select((m, i) => new AddedToken(first + i, m, Special: i < 4)),
            ],
        }, Folder);
        Write("tokenizer_config.json", JsonSerializer.Serialize(
            new { bos_token = "<s>", eos_token = new { content = "</s>" }, chat_template = template }));
        Tokenizer = Tokenizer.Load(Folder);
    }

    public string Folder { get; }

    public Tokenizer Tokenizer { get; }

    /// <summary>The template of the folder as it is now.</summary>
    public ChatTemplate Template => ChatTemplate.Of(Folder, Tokenizer);

    public void Write(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(Folder, name))!);
        File.WriteAllText(Path.Combine(Folder, name), text);
    }

    /// <summary>A conversation as the template writes it.</summary>
    public string Text(params ChatTurn[] turns) => Tokenizer.Decode(Template.Write(turns).Tokens!);

    /// <summary>How often a mark stands among the tokens, as a token.</summary>
    public int Count(string mark, IEnumerable<int> tokens) => tokens.Count(t => t == Tokenizer.Find(mark));

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
