using System.Text.Json.Nodes;

namespace Toolformer.Torch.Chat;

/// <summary>One speaker's words in a conversation.</summary>
/// <param name="Role">"system", "user", "assistant", or "tool" for what a call gave.</param>
public sealed record ChatTurn(string Role, string Text)
{
    /// <summary>The functions that an assistant called after its words.</summary>
    public IReadOnlyList<ChatCall> Calls { get; init; } = [];

    /// <summary>Of a tool's turn: the call that it answers.</summary>
    public ChatCall? Answers { get; init; }
}

/// <summary>A call of a client's function in a conversation.</summary>
/// <param name="Id">By which its answer names it.</param>
public sealed record ChatCall(string Id, string Function, JsonObject Arguments);
