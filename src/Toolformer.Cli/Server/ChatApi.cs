using System.Text;
using System.Text.Json.Nodes;
using Toolformer.Inference;

namespace Toolformer.Cli.Server;

/// <summary>
/// POST /v1/chat/completions. Tools of the server run inside the answer and are reported in "toolformer"; those that
/// the client brings come back as "tool_calls".
/// </summary>
internal sealed class ChatApi(GenerationQueue queue, ServedModel model, ServerOptions options)
{
    public async Task ServeAsync(RequestFields fields, ServedRequest request)
    {
        if (model.NoTemplate is { } reason)
            throw ApiException.Bad(reason, code: "no_chat_template");
        var parameters = GenerationParameters.Read(fields, model, options);
        var tools = CallerTool.Read(fields, options.MaxTools);
        var (text, ids) = model.Template.Write(ChatMessages.Read(fields, tools));
        int[] prompt = model.Checked(ids is null ? model.Tokens(text!) : [.. ids], "messages", 1);
        request.Prompts.Add(model.Tokenizer.Decode(prompt));
        int room = model.Model.ContextLength - prompt.Length;
        int newTokens = fields.Integer("max_completion_tokens", 1, int.MaxValue)
            ?? fields.Integer("max_tokens", 1, int.MaxValue) ?? room;
        int? top = fields.Flag("logprobs") is true ? GenerationParameters.Top(fields, "top_logprobs") ?? 0 : null;
        parameters = Choose(fields, tools, parameters with
        {
            Options = parameters.Options with
            {
                MaxNewTokens = Math.Min(newTokens, room),
                NoteLogProbabilities = top,
                StopStrings = [.. parameters.Options.StopStrings, .. model.Template.StopStrings],
            },
        });
        var choices = Enumerable.Range(0, parameters.Texts).Select(i => new TextChoice(i, model, parameters)).ToList();
        if (parameters.Texts > 1 && parameters.Texts > options.MaxTexts)
            throw ApiException.Bad($"n is {parameters.Texts}; at most {options.MaxTexts}.", "n");
        var greeted = new HashSet<int>();
        await foreach (var (index, happened) in queue.StreamAsync(parameters.Requests([prompt], model.Context),
            parameters.Options, request.Client, request.Cancelled))
        {
            request.Begun();
            var choice = choices[index];
            string added = choice.Add(happened, out var extension);
            bool isLast = happened is GenerationEvent.Finished;
            if (!parameters.Stream || (added.Length == 0 && !isLast && extension is null))
                continue;
            var delta = new JsonObject();
            if (greeted.Add(index))
                (delta["role"], delta["content"]) = ("assistant", "");
            if (added.Length > 0)
                delta["content"] = added;
            if (isLast && choice.Result!.OpenCall is not null)
                delta["tool_calls"] = Calls(choice, tools, withIndex: true);
            var log = top is not null && (added.Length > 0 || isLast) ? Log(choice.TakeTokens()) : null;
            await EventStream.SendAsync(request.Response, Body("chat.completion.chunk",
                [Choice(choice, "delta", delta, log, isLast ? choice.FinishReason : null, extension)], null),
                request.Cancelled);
        }
        var usage = request.Usage([prompt], choices);
        if (!parameters.Stream)
        {
            var all = choices.Select(JsonNode (c) => Choice(c, "message", Message(c, tools),
                top is null ? null : Log(c.TakeTokens()), c.FinishReason, c.Extension()));
            await EventStream.WriteAsync(request.Response, Body("chat.completion", [.. all], usage), request.Cancelled);
            return;
        }
        if (parameters.IncludeUsage)
            await EventStream.SendAsync(
                request.Response, Body("chat.completion.chunk", [], usage), request.Cancelled);
        await EventStream.EndAsync(request.Response, request.Cancelled);

        JsonObject Body(string kind, JsonArray all, JsonObject? usage)
        {
            var body = new JsonObject
            {
                ["id"] = "chatcmpl-" + request.Id,
                ["object"] = kind,
                ["created"] = request.Created,
                ["model"] = options.ModelName,
                ["choices"] = all,
            };
            if (usage is not null)
                body["usage"] = usage;
            return body;
        }
    }

    /// <summary>What "tool_choice" makes of the tools that the client brought.</summary>
    private static GenerationParameters Choose(
        RequestFields fields, IReadOnlyList<CallerTool> tools, GenerationParameters parameters)
    {
        const string name = "tool_choice";
        string choice = "auto";
        if (fields.Value(name) is { ValueKind: System.Text.Json.JsonValueKind.Object })
        {
            var wanted = fields.Object(name)!.Object("function")?.Text("name") ?? "";
            if (tools.All(t => t.FunctionName != wanted))
                throw ApiException.Bad(
                    Spelling.Unknown("tool", wanted, tools.Select(t => t.FunctionName)), name + ".function.name");
            tools = [.. tools.Where(t => t.FunctionName == wanted)];
            choice = "required";
        }
        else if (fields.Text(name) is { } word)
            choice = word is "auto" or "none" or "required" ? word : throw ApiException.Bad(
                Spelling.Unknown("tool choice", word, ["auto", "none", "required"]), name);
        if (choice == "none" || tools.Count == 0)
            return choice != "required" ? parameters
                : throw ApiException.Bad("tool_choice is \"required\", and there are no tools.", name);
        var options = parameters.Options with { CallerTools = tools };
        if (choice == "required")
            options = options with
            {
                BeginWithCall = true,
                AllowedTools = [],
                MaxCalls = Math.Max(1, options.MaxCalls),
            };
        return parameters with { Options = options };
    }

    private static JsonObject Choice(TextChoice choice, string field, JsonObject content, JsonObject? log,
        string? reason, JsonObject? extension)
    {
        var body = new JsonObject
        {
            ["index"] = choice.Index,
            [field] = content,
            ["logprobs"] = log,
            ["finish_reason"] = reason,
        };
        if (extension is not null)
            body["toolformer"] = extension;
        return body;
    }

    private static JsonObject Message(TextChoice choice, IReadOnlyList<CallerTool> tools)
    {
        bool calls = choice.Result?.OpenCall is not null;
        var message = new JsonObject
        {
            ["role"] = "assistant",
            ["content"] = calls && choice.Text.Length == 0 ? null : choice.Text,
            ["refusal"] = null,
        };
        if (calls)
            message["tool_calls"] = Calls(choice, tools, withIndex: false);
        return message;
    }

    private static JsonArray Calls(TextChoice choice, IReadOnlyList<CallerTool> tools, bool withIndex)
    {
        var call = choice.Result!.OpenCall!;
        var tool = tools.First(t => t.Name == call.Tool);
        var entry = new JsonObject();
        if (withIndex)
            entry["index"] = 0;
        entry["id"] = "call_" + System.Security.Cryptography.RandomNumberGenerator.GetHexString(24, lowercase: true);
        entry["type"] = "function";
        entry["function"] = new JsonObject
        {
            ["name"] = tool.FunctionName,
            ["arguments"] = tool.ArgumentsOf(call),
        };
        return [entry];
    }

    private JsonObject Log(IEnumerable<WrittenToken> tokens) => new()
    {
        ["content"] = new JsonArray([.. tokens.Where(t => t.LogProbability is not null).Select(JsonNode (t) =>
        {
            var entry = Score(t.Id, t.LogProbability!.Value);
            entry["top_logprobs"] = new JsonArray([.. t.Top.Select(s => Score(s.Token, s.LogProbability))]);
            return entry;
        })]),
        ["refusal"] = null,
    };

    private JsonObject Score(int token, float value) => new()
    {
        ["token"] = Encoding.UTF8.GetString(model.Tokenizer.Bytes(token)),
        ["logprob"] = LogProbabilities.Finite(value),
        ["bytes"] = new JsonArray([.. model.Tokenizer.Bytes(token).ToArray().Select(b => JsonValue.Create(b))]),
    };
}
