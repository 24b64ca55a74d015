using Microsoft.Extensions.AI;
using Toolformer.Inference;
using Toolformer.Modeling;
using Toolformer.Tools;
using Toolformer.Torch.Chat;

namespace Toolformer.Cli.Chat;

/// <summary>What a conversation can change of how answers are written.</summary>
/// <param name="Calls">Whether calls are made at all.</param>
/// <param name="StartTopK">k: a call also starts where that is among the k most likely tokens.</param>
public sealed record ChatSettings(bool Calls, int StartTopK);

/// <summary>Who answers in a conversation: a model of this machine, or one behind an endpoint.</summary>
public abstract class ChatSource : IDisposable
{
    /// <summary>In a few words, for the greeting.</summary>
    public abstract string Name { get; }

    /// <summary>Whether <see cref="ChatSettings.StartTopK"/> means something to it.</summary>
    public abstract bool HasStartTopK { get; }

    /// <summary>Answers the last message, and tells what happens.</summary>
    public abstract IAsyncEnumerable<GenerationEvent> AnswerAsync(IReadOnlyList<ChatMessage> messages,
        ChatSettings settings, ToolContext context, CancellationToken cancellation);

    public abstract void Dispose();
}

/// <summary>A model of this machine; where a conversation outgrows its context, its beginning is left out.</summary>
/// <param name="template">How the conversation is written for it.</param>
public sealed class LocalChat(ILanguageModel model, string name, ChatTemplate template, Toolbox tools,
    GenerationOptions options, int seed, TimeProvider clock) : ChatSource
{
    private readonly ToolUsingModel _writer = new(model, tools, clock);

    public override string Name => name;

    public override bool HasStartTopK => true;

    public override IAsyncEnumerable<GenerationEvent> AnswerAsync(IReadOnlyList<ChatMessage> messages,
        ChatSettings settings, ToolContext context, CancellationToken cancellation)
    {
        var own = options with
        {
            StartTopK = settings.Calls ? settings.StartTopK : 0,
            StopStrings = [.. options.StopStrings, .. template.StopStrings],
        };
        return _writer.StreamAsync(Fitting(messages, context), own, cancellation: cancellation);
    }

    /// <summary>The instructions and as many of the last questions and answers as leave room for another.</summary>
    private GenerationRequest Fitting(IReadOnlyList<ChatMessage> messages, ToolContext context)
    {
        var turns = messages.Select(m => new ChatTurn(m.Role.Value, m.Text)).ToList();
        while (true)
        {
            var (text, tokens) = template.Write(turns);
            int count = tokens?.Count ?? model.Tokenizer.Encode(text!).Count;
            // What goes is a question with its answer: many templates want them in turns.
            int first = turns.FindIndex(t => t.Role == "user");
            int next = turns.FindIndex(first + 1, t => t.Role == "user");
            if (count + options.MaxNewTokens <= model.ContextLength || next < 0)
                return new GenerationRequest(text ?? "", context) { PromptTokens = tokens, Seed = seed };
            turns.RemoveRange(first, next - first);
        }
    }

    public override void Dispose() => (model as IDisposable)?.Dispose();
}

/// <summary>A chat model behind an endpoint, which learns of the tools from its prompt.</summary>
public sealed class EndpointChat(
    IChatClient client, string name, Toolbox tools, PromptedOptions options, TimeProvider clock) : ChatSource
{
    public override string Name => name;

    public override bool HasStartTopK => false;

    public override IAsyncEnumerable<GenerationEvent> AnswerAsync(IReadOnlyList<ChatMessage> messages,
        ChatSettings settings, ToolContext context, CancellationToken cancellation) =>
        new PromptedModel(client, tools, settings.Calls ? options : options with { MaxCalls = 0 }, clock)
            .StreamAsync(messages, context, cancellation);

    public override void Dispose() => client.Dispose();
}
