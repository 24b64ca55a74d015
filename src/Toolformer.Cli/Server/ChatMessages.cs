using System.Text.Json;
using System.Text.Json.Nodes;
using Toolformer.Markup;
using Toolformer.Torch.Chat;

namespace Toolformer.Cli.Server;

/// <summary>
/// The messages of a chat request as turns. Where the model's template has no form for calls, one that the client has
/// run stands with its result inside the assistant's words, where the model wrote it, and the answer goes on there.
/// </summary>
internal static class ChatMessages
{
    private const int MaxMessages = 4096;

    /// <param name="Input">The arguments as the model wrote them in the text; null: the template writes them.</param>
    private sealed record Pending(ChatCall Call, string? Input);

    /// <param name="inText">Whether calls of the client's tools stand in the text, not in turns of their own.</param>
    public static IReadOnlyList<ChatTurn> Read(RequestFields request, IReadOnlyList<CallerTool> tools, bool inText)
    {
        var messages = request.List("messages", MaxMessages)
            ?? throw ApiException.Bad("messages is missing.", "messages");
        if (messages.Length == 0)
            throw ApiException.Bad("messages is empty: give at least one.", "messages");
        var turns = new List<ChatTurn>();
        var pending = new List<Pending>();
        foreach (var (i, element) in messages.Index())
        {
            string path = $"messages[{i}].";
            var message = RequestFields.Of(element, path);
            string role = message.Text("role") ?? throw ApiException.Bad($"{path}role is missing.", path + "role");
            if (pending.Count > 0 && role != "tool")
                throw ApiException.Bad($"{path}role is '{role}', but the call {pending[0].Call.Id} before it has no "
                    + "answer: a message of role \"tool\" must follow.", path + "role");
            switch (role)
            {
                case "system" or "developer":
                    turns.Add(new ChatTurn("system", Content(message, path, isRequired: true)));
                    break;
                case "user":
                    turns.Add(new ChatTurn("user", Content(message, path, isRequired: true)));
                    break;
                case "assistant":
                    var calls = Calls(message, path, tools, inText);
                    string words = Content(message, path, isRequired: calls.Count == 0);
                    if (inText)
                        Say(turns, words);
                    else
                        turns.Add(new ChatTurn("assistant", words) { Calls = [.. calls.Select(c => c.Call)] });
                    pending.AddRange(calls);
                    break;
                case "tool":
                    string id = message.Text("tool_call_id") ?? "";
                    var call = pending.Find(p => p.Call.Id == id) ?? throw ApiException.Bad($"{path}tool_call_id is "
                        + $"'{id}', which is no call of the message before.", path + "tool_call_id");
                    pending.Remove(call);
                    string result = Content(message, path, isRequired: true);
                    if (call.Input is null)
                        turns.Add(new ChatTurn("tool", result) { Answers = call.Call });
                    else
                        Say(turns, CallSyntax.Print(new ApiCall(CallerTool.Written(call.Call.Function), call.Input)
                        {
                            Result = CallSyntax.Neutralise(result),
                        }));
                    break;
                default:
                    throw ApiException.Bad(Spelling.Unknown(
                        "role", role, ["system", "developer", "user", "assistant", "tool"]), path + "role");
            }
        }
        if (pending.Count > 0)
            throw ApiException.Bad($"The call {pending[0].Call.Id} has no answer: end with a message of role \"tool\".",
                "messages");
        return turns;
    }

    private static void Say(List<ChatTurn> turns, string text)
    {
        if (turns.Count > 0 && turns[^1].Role == "assistant")
            turns[^1] = turns[^1] with { Text = turns[^1].Text + text };
        else
            turns.Add(new ChatTurn("assistant", text));
    }

    private static List<Pending> Calls(
        RequestFields message, string path, IReadOnlyList<CallerTool> tools, bool inText)
    {
        var calls = new List<Pending>();
        foreach (var (i, element) in (message.List("tool_calls", 64) ?? []).Index())
        {
            string at = $"{path}tool_calls[{i}].";
            var call = RequestFields.Of(element, at);
            var function = call.Object("function")
                ?? throw ApiException.Bad($"{at}function is missing.", at + "function");
            string name = function.Text("name") ?? throw ApiException.Bad(
                $"{at}function.name is missing.", at + "function.name");
            if (inText && !CallSyntax.IsName(CallerTool.Written(name)))
                throw ApiException.Bad($"{at}function.name is '{name}', which can't be written in a call.",
                    at + "function.name");
            string text = function.Text("arguments") ?? "{}";
            try
            {
                var arguments = (text.Trim().Length == 0 ? new JsonObject() : JsonNode.Parse(text)) as JsonObject
                    ?? throw new JsonException("it is no object");
                calls.Add(new Pending(new ChatCall(call.Text("id") ?? "", name, arguments),
                    inText ? Input(tools.FirstOrDefault(t => t.FunctionName == name), arguments) : null));
            }
            catch (Exception e) when (e is JsonException or ArgumentException)
            {
                throw ApiException.Bad(
                    $"{at}function.arguments can't be read: {e.Message}", at + "function.arguments");
            }
        }
        return calls;
    }

    /// <summary>The arguments as the model wrote them; as JSON where the request lacks the tool.</summary>
    private static string Input(CallerTool? tool, JsonObject arguments)
    {
        string input = tool is not null ? tool.Signature.Print(arguments) : arguments.ToJsonString(JsonLines.Format);
        return CallSyntax.IsInput(input) ? input : CallSyntax.Neutralise(input).Replace("->", "→");
    }

    /// <summary>A text, or a list of parts of which all are texts.</summary>
    private static string Content(RequestFields message, string path, bool isRequired)
    {
        string name = path + "content";
        switch (message.Value("content"))
        {
            case null when isRequired:
                throw ApiException.Bad($"{name} is missing.", name);
            case null:
                return "";
            case { ValueKind: JsonValueKind.Array } parts:
                return string.Concat(parts.EnumerateArray().Select((part, i) =>
                {
                    var fields = RequestFields.Of(part, $"{name}[{i}].");
                    return fields.Text("type") is "text" ? fields.Text("text") ?? "" : throw ApiException.Bad(
                        $"{name}[{i}] is no text: this model reads nothing else.", $"{name}[{i}].type");
                }));
            case { } value:
                return RequestFields.TextOf(value, name);
        }
    }
}
