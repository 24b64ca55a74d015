using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace Toolformer.Tests.Fakes;

/// <summary>A chat model that says, one turn after the other, what a test wants, in the pieces that it wants.</summary>
internal sealed class ScriptedChatClient(params IEnumerable<string>[] turns) : IChatClient
{
    private int _turn;

    /// <summary>What it was asked: the messages and the options of each turn.</summary>
    public List<(ChatMessage[] Messages, ChatOptions? Options)> Asked { get; } = [];

    /// <summary>How many pieces were taken from it.</summary>
    public int Taken { get; private set; }

    /// <summary>Each text in pieces of a few characters.</summary>
    public static ScriptedChatClient Says(int piece, params string[] turns) =>
        new([.. turns.Select(t => t.Chunk(piece).Select(c => new string(c)))]);

    public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
        CancellationToken cancellationToken = default) =>
        GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken);

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages,
        ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        Asked.Add(([.. messages], options));
        var pieces = _turn < turns.Length ? turns[_turn++] : throw new InvalidOperationException("asked too often");
        foreach (string piece in pieces)
        {
            await Task.CompletedTask;
            cancellationToken.ThrowIfCancellationRequested();
            Taken++;
            yield return new ChatResponseUpdate(ChatRole.Assistant, piece);
        }
    }

    public object? GetService(Type serviceType, object? serviceKey = null) => null;

    public void Dispose() { }
}
