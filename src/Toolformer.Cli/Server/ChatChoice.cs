using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Toolformer.Inference;

namespace Toolformer.Cli.Server;

/// <summary>One answer of a chat: its words, and the calls of the client's tools in it.</summary>
/// <param name="written">Where the model writes such calls in a form of its own; null: inside its text.</param>
internal sealed class ChatChoice(TextChoice choice, IReadOnlyList<CallerTool> tools, WrittenCalls? written)
{
    private JsonArray? _calls;

    public TextChoice Text => choice;

    /// <summary>What a reader is to see, without what may be the beginning of a call.</summary>
    public string Add(GenerationEvent happened, out JsonObject? extension)
    {
        string added = choice.Add(happened, out extension);
        bool isLast = happened is GenerationEvent.Finished;
        if (written is not null && (isLast || added.Length > 0))
            added = written.Add(added, isLast);
        if (isLast)
            _calls = Calls();
        return added;
    }

    public string FinishReason => _calls is not null ? "tool_calls" : choice.FinishReason;

    public JsonObject Message()
    {
        string words = written?.Words ?? choice.Text;
        var message = new JsonObject
        {
            ["role"] = "assistant",
            ["content"] = _calls is not null && words.Length == 0 ? null : words,
            ["refusal"] = null,
        };
        if (_calls is not null)
            message["tool_calls"] = _calls.DeepClone();
        return message;
    }

    /// <summary>The calls as a stream tells them; null: there are none.</summary>
    public JsonArray? Streamed()
    {
        var calls = _calls?.DeepClone().AsArray();
        foreach (var (i, call) in (calls ?? []).Index())
            call!.AsObject().Insert(0, "index", i);
        return calls;
    }

    private JsonArray? Calls()
    {
        if (choice.Result?.OpenCall is { } open)
        {
            var tool = tools.First(t => t.Name == open.Tool);
            return [Call(tool.FunctionName, tool.ArgumentsOf(open))];
        }
        return written is { Calls.Count: > 0 }
            ? [.. written.Calls.Select(call => Call(call.Name, call.Arguments))] : null;
    }

    private static JsonObject Call(string function, string arguments) => new()
    {
        ["id"] = "call_" + RandomNumberGenerator.GetHexString(24, lowercase: true),
        ["type"] = "function",
        ["function"] = new JsonObject { ["name"] = function, ["arguments"] = arguments },
    };
}
