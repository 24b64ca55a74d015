using System.Text.Json;
using System.Text.Json.Nodes;
using Toolformer.Markup;
using Toolformer.Torch.Chat;

namespace Toolformer.Cli.Server;

/// <summary>
/// The messages of a chat request as turns. A call that the client has run stands with its result inside the
/// assistant's words, where the model wrote it, and the answer goes on from there.
/// </summary>
internal static class ChatMessages
{
    private const int MaxMessages = 4096;

    private sealed record Pending(string Id, ApiCall Call);

    public static IReadOnlyList<ChatTurn> Read(RequestFields request, IReadOnlyList<CallerTool> tools)
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
                throw ApiException.Bad($"{path}role is '{role}', but the call {pending[0].Id} before it has no answer: "
                    + "a message of role \"tool\" must follow.", path + "role");
            switch (role)
            {
                case "system" or "developer":
                    turns.Add(new ChatTurn("system", Content(message, path, isRequired: true)));
                    break;
                case "user":
                    turns.Add(new ChatTurn("user", Content(message, path, isRequired: true)));
                    break;
                case "assistant":
                    var calls = Calls(message, path, tools);
                    Say(turns, Content(message, path, isRequired: calls.Count == 0));
                    pending.AddRange(calls);
                    break;
                case "tool":
                    string id = message.Text("tool_call_id") ?? "";
                    var call = pending.Find(p => p.Id == id) ?? throw ApiException.Bad($"{path}tool_call_id is "
                        + $"'{id}', which is no call of the message before.", path + "tool_call_id");
                    pending.Remove(call);
                    string result = CallSyntax.Neutralise(Content(message, path, isRequired: true));
                    Say(turns, CallSyntax.Print(call.Call with { Result = result }));
                    break;
                default:
                    throw ApiException.Bad(Spelling.Unknown(
                        "role", role, ["system", "developer", "user", "assistant", "tool"]), path + "role");
            }
        }
        if (pending.Count > 0)
            throw ApiException.Bad($"The call {pending[0].Id} has no answer: end with a message of role \"tool\".",
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

    private static List<Pending> Calls(RequestFields message, string path, IReadOnlyList<CallerTool> tools)
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
            string arguments = function.Text("arguments") ?? "{}";
            calls.Add(new Pending(call.Text("id") ?? "", new ApiCall(
                CallerTool.Written(name), Input(tools.FirstOrDefault(t => t.FunctionName == name), arguments, at))));
            if (!CallSyntax.IsName(calls[^1].Call.Tool))
                throw ApiException.Bad($"{at}function.name is '{name}', which can't be written in a call.",
                    at + "function.name");
        }
        return calls;
    }

    /// <summary>The arguments as the model wrote them; as JSON where the request lacks the tool.</summary>
    private static string Input(CallerTool? tool, string arguments, string path)
    {
        try
        {
            var fields = (arguments.Trim().Length == 0 ? new JsonObject() : JsonNode.Parse(arguments)) as JsonObject
                ?? throw new JsonException("it is no object");
            string input = tool is not null ? tool.Signature.Print(fields) : fields.ToJsonString(JsonLines.Format);
            return CallSyntax.IsInput(input) ? input : CallSyntax.Neutralise(input).Replace("->", "→");
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            throw ApiException.Bad(
                $"{path}function.arguments can't be read: {e.Message}", path + "function.arguments");
        }
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
