using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Toolformer.Inference;

namespace Toolformer.Cli.Server;

/// <summary>One request while it is served: who asks, until when, and what goes into log and metrics of it.</summary>
internal sealed class ServedRequest(HttpContext http, Metrics metrics, TimeProvider clock, long started)
{
    private bool _hasToken;

    public string Client { get; set; } = "";
    public int? PromptTokens { get; private set; }
    public int? CompletionTokens { get; private set; }
    public int? Calls { get; private set; }
    public List<string> Prompts { get; } = [];
    public List<string> Completions { get; } = [];
    public HttpResponse Response => http.Response;

    /// <summary>Cancelled when the client has left or the deadline has passed.</summary>
    public CancellationToken Cancelled { get; set; }

    public string Id { get; } = System.Security.Cryptography.RandomNumberGenerator.GetHexString(24, lowercase: true);

    public long Created { get; } = clock.GetUtcNow().ToUnixTimeSeconds();

    public void Begun()
    {
        if (!_hasToken)
            metrics.FirstToken(clock.GetElapsedTime(started));
        _hasToken = true;
    }

    public void Count(int prompt, int completion, int calls) =>
        (PromptTokens, CompletionTokens, Calls) = (prompt, completion, calls);

    /// <summary>What the request has cost, and the same for the log.</summary>
    public JsonObject Usage(IReadOnlyList<int[]> prompts, IReadOnlyList<TextChoice> choices)
    {
        int prompt = prompts.Sum(p => p.Length);
        var results = choices.Select(c => c.Result).OfType<GenerationResult>().ToList();
        int completion = results.Sum(r => r.TokenIds.Count);
        Count(prompt, completion, results.Sum(r => r.Calls.Count));
        Completions.AddRange(choices.Select(c => c.Text));
        results.ForEach(metrics.Text);
        return new JsonObject
        {
            ["prompt_tokens"] = prompt,
            ["completion_tokens"] = completion,
            ["total_tokens"] = prompt + completion,
        };
    }
}
