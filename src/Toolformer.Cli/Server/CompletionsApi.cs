using System.Text.Json;
using System.Text.Json.Nodes;
using Toolformer.Inference;

namespace Toolformer.Cli.Server;

/// <summary>POST /v1/completions: texts written on, with calls; and texts scored (echo with logprobs).</summary>
internal sealed class CompletionsApi(GenerationQueue queue, ServedModel model, ServerOptions options)
{
    private const int UsualTokens = 16;

    public async Task ServeAsync(RequestFields fields, ServedRequest request)
    {
        var parameters = GenerationParameters.Read(fields, model, options);
        int newTokens = fields.Integer("max_tokens", 0, int.MaxValue) ?? UsualTokens;
        int? top = GenerationParameters.Top(fields, "logprobs");
        bool echo = fields.Flag("echo") ?? false;
        var (prompts, startsBare) = Prompts(fields, newTokens);
        if (prompts.Count * (long)parameters.Texts > options.MaxTexts)
            throw ApiException.Bad($"{prompts.Count} prompts times n = {parameters.Texts} are more texts than the "
                + $"{options.MaxTexts} that one request may ask for.", "n");
        // Who has a prompt scored counts on one token after it, not on a call.
        bool isScored = echo && top is not null;
        parameters = parameters with
        {
            Options = parameters.Options with
            {
                MaxNewTokens = Math.Max(1, newTokens),
                NoteLogProbabilities = top,
                StartTopK = isScored && fields.Object("toolformer") is null ? 0 : parameters.Options.StartTopK,
            },
        };
        request.Prompts.AddRange(prompts.Select(p => model.Tokenizer.Decode(p)));
        var choices = Enumerable.Range(0, prompts.Count * parameters.Texts)
            .Select(i => new TextChoice(i, model, parameters)).ToList();
        var scored = isScored
            ? await queue.ScoreAsync(prompts, top!.Value, request.Client, request.Cancelled)
            : null;
        string[] heads = [.. prompts.Select(p =>
            echo ? model.Tokenizer.Decode(startsBare ? p : WithoutBeginning(p)) : "")];
        var logs = choices.Select(c => top is null ? null : new LogProbabilities(model)).ToList();
        foreach (var (i, log) in logs.Index())
        {
            int p = i / parameters.Texts;
            if (log is not null && scored is not null)
                log.AddPrompt(prompts[p], scored[p],
                    skip: startsBare ? 0 : prompts[p].Length - WithoutBeginning(prompts[p]).Length);
            else
                log?.Begin(heads[p].Length);
        }
        if (parameters.Stream)
            foreach (var choice in choices.Where(_ => echo))
                await SendAsync(choice, heads[choice.Index / parameters.Texts], logs[choice.Index]?.Take(), null, null);
        if (newTokens > 0)
            await foreach (var (index, happened) in queue.StreamAsync(
                parameters.Requests(prompts, model.Context), parameters.Options, request.Client, request.Cancelled))
            {
                request.Begun();
                var choice = choices[index];
                string text = choice.Add(happened, out var extension);
                bool isLast = happened is GenerationEvent.Finished;
                if (!parameters.Stream && !isLast)
                    continue;
                if (text.Length > 0 || isLast)
                    logs[index]?.Add(choice.TakeTokens());
                // It is a token although nobody sees it: such clients leave out the last one listed.
                if (isScored && isLast && choice.Result!.End is { } end)
                    logs[index]!.Add([end]);
                if (parameters.Stream && (text.Length > 0 || isLast || extension is not null))
                    await SendAsync(choice, text, text.Length > 0 || isLast ? logs[index]?.Take() : null,
                        isLast ? choice.FinishReason : null, extension);
            }
        else if (parameters.Stream)
            foreach (var choice in choices)
                await SendAsync(choice, "", null, choice.FinishReason, null);
        var usage = request.Usage(prompts, choices);
        if (!parameters.Stream)
        {
            var all = choices.Select(JsonNode (c) => Choice(c, heads[c.Index / parameters.Texts] + c.Text,
                logs[c.Index]?.Take(), c.FinishReason, c.Extension()));
            await EventStream.WriteAsync(request.Response, Body([.. all], usage), request.Cancelled);
            return;
        }
        if (parameters.IncludeUsage)
            await EventStream.SendAsync(request.Response, Body([], usage), request.Cancelled);
        await EventStream.EndAsync(request.Response, request.Cancelled);

        Task SendAsync(TextChoice choice, string text, JsonObject? log, string? reason, JsonObject? extension) =>
            EventStream.SendAsync(
                request.Response, Body([Choice(choice, text, log, reason, extension)], null), request.Cancelled);

        JsonObject Body(JsonArray all, JsonObject? usage)
        {
            var body = new JsonObject
            {
                ["id"] = "cmpl-" + request.Id,
                ["object"] = "text_completion",
                ["created"] = request.Created,
                ["model"] = options.ModelName,
                ["choices"] = all,
            };
            if (usage is not null)
                body["usage"] = usage;
            return body;
        }
    }

    private static JsonObject Choice(
        TextChoice choice, string text, JsonObject? log, string? reason, JsonObject? extension)
    {
        var body = new JsonObject
        {
            ["index"] = choice.Index,
            ["text"] = text,
            ["logprobs"] = log,
            ["finish_reason"] = reason,
        };
        if (extension is not null)
            body["toolformer"] = extension;
        return body;
    }

    private int[] WithoutBeginning(int[] prompt) =>
        model.Model.BeginningOfText is { } beginning && prompt.FirstOrDefault(-1) == beginning ? prompt[1..] : prompt;

    /// <summary>A text, a list of texts, the tokens of a text, or a list of those.</summary>
    private (List<int[]> Prompts, bool AreTokens) Prompts(RequestFields fields, int newTokens)
    {
        const string name = "prompt";
        int most = options.MaxTexts;
        if (fields.Value(name) is not { } prompt)
            return ([model.Checked(model.Tokens(""), name, newTokens)], false);
        if (prompt.ValueKind == JsonValueKind.Array && prompt.GetArrayLength() == 0)
            throw ApiException.Bad("prompt is an empty list: give at least one.", name);
        if (prompt.ValueKind == JsonValueKind.Array && prompt[0].ValueKind == JsonValueKind.Number)
            return ([model.Checked(Ids(prompt, name), name, newTokens)], true);
        if (prompt.ValueKind == JsonValueKind.Array && prompt[0].ValueKind == JsonValueKind.Array)
            return ([.. fields.List(name, most)!.Select((ids, i) =>
                model.Checked(Ids(ids, $"{name}[{i}]"), $"{name}[{i}]", newTokens))], true);
        if (prompt.ValueKind is not (JsonValueKind.Array or JsonValueKind.String))
            throw RequestFields.Wrong(prompt, name, "a text, a list of texts, or token ids");
        bool isList = prompt.ValueKind == JsonValueKind.Array;
        return ([.. fields.Texts(name, most)!.Select((text, i) =>
            model.Checked(model.Tokens(text), isList ? $"{name}[{i}]" : name, newTokens))], false);
    }

    private int[] Ids(JsonElement list, string name) => list.ValueKind != JsonValueKind.Array
        ? throw RequestFields.Wrong(list, name, "a list of token ids")
        : [.. list.EnumerateArray().Select((id, i) => id.ValueKind == JsonValueKind.Number
            && id.TryGetInt32(out int token) && token >= 0 && token < model.Tokenizer.VocabularySize
                ? token
                : throw RequestFields.Wrong(
                    id, $"{name}[{i}]", $"a token id from 0 to {model.Tokenizer.VocabularySize - 1}"))];
}
