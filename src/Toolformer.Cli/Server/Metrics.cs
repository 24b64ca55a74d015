using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Toolformer.Inference;

namespace Toolformer.Cli.Server;

/// <summary>What the server has done, in the text format of Prometheus.</summary>
public sealed class Metrics(GenerationQueue queue)
{
    private readonly ConcurrentDictionary<(string Path, int Status), long> _requests = [];
    private readonly ConcurrentDictionary<(string Tool, bool Failed), long> _calls = [];
    private readonly Histogram _firstToken = new(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30);
    private readonly Histogram _duration = new(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300);
    private long _prompt, _completion, _connections;

    public void Request(string path, int status, TimeSpan duration)
    {
        _requests.AddOrUpdate((path, status), 1, (_, count) => count + 1);
        _duration.Add(duration.TotalSeconds);
    }

    /// <summary>Stands around all that happens on a connection.</summary>
    public ConnectionDelegate CountConnection(ConnectionDelegate serve) => async connection =>
    {
        Interlocked.Increment(ref _connections);
        try
        {
            await serve(connection);
        }
        finally
        {
            Interlocked.Decrement(ref _connections);
        }
    };

    public void FirstToken(TimeSpan after) => _firstToken.Add(after.TotalSeconds);

    public void Text(GenerationResult result)
    {
        Tokens(result.PromptTokens.Count, result.TokenIds.Count);
        foreach (var call in result.Calls)
            _calls.AddOrUpdate((call.Call.Tool, call.Error is not null), 1, (_, count) => count + 1);
    }

    public void Tokens(int prompt, int completion)
    {
        Interlocked.Add(ref _prompt, prompt);
        Interlocked.Add(ref _completion, completion);
    }

    public string Print()
    {
        var text = new StringBuilder();
        var status = queue.Status;
        Head("requests_total", "counter", "Requests by path and status.");
        foreach (var ((path, code), count) in _requests)
            Line($"requests_total{{path=\"{path}\",status=\"{code}\"}}", count);
        Head("tool_calls_total", "counter", "Calls of tools by how they ended.");
        foreach (var ((tool, failed), count) in _calls)
            Line($"tool_calls_total{{tool=\"{tool}\",outcome=\"{(failed ? "failed" : "answered")}\"}}", count);
        One("prompt_tokens_total", "counter", "Tokens of prompts.", Interlocked.Read(ref _prompt));
        One("completion_tokens_total", "counter", "Tokens written, those of calls included.",
            Interlocked.Read(ref _completion));
        One("forward_tokens_total", "counter", "Token positions that the model computed.", status.ForwardTokens);
        One("known_prompt_tokens_total", "counter", "Tokens of prompts that were not read again.", status.KnownTokens);
        One("steps_total", "counter", "Steps of the batch.", status.Steps);
        One("prefix_cache_bytes", "gauge", "Memory of the beginnings of prompts that are kept.", status.CacheBytes);
        One("connections", "gauge", "Open connections.", Interlocked.Read(ref _connections));
        One("texts_waiting", "gauge", "Texts that wait for a place in the batch.", status.Waiting);
        One("texts_running", "gauge", "Texts in the batch.", status.Rows);
        Head("first_token_seconds", "histogram", "From a request to its first token.");
        _firstToken.Print(text, "toolformer_first_token_seconds");
        Head("request_seconds", "histogram", "From a request to its end.");
        _duration.Print(text, "toolformer_request_seconds");
        return text.ToString();

        void Head(string name, string kind, string help) =>
            text.Append($"# HELP toolformer_{name} {help}\n# TYPE toolformer_{name} {kind}\n");
        void Line(string name, long value) => text.Append(CultureInfo.InvariantCulture, $"toolformer_{name} {value}\n");
        void One(string name, string kind, string help, long value)
        {
            Head(name, kind, help);
            Line(name, value);
        }
    }

    private sealed class Histogram(params double[] bounds)
    {
        private readonly long[] _counts = new long[bounds.Length + 1];
        private readonly Lock _lock = new();
        private double _sum;

        public void Add(double value)
        {
            int bucket = Array.FindIndex(bounds, bound => value <= bound);
            lock (_lock)
            {
                _counts[bucket < 0 ? bounds.Length : bucket]++;
                _sum += value;
            }
        }

        public void Print(StringBuilder text, string name)
        {
            lock (_lock)
            {
                long below = 0;
                for (int i = 0; i < bounds.Length; i++)
                {
                    below += _counts[i];
                    text.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{le=\"{bounds[i]}\"}} {below}\n");
                }
                long all = below + _counts[^1];
                text.Append(CultureInfo.InvariantCulture,
                    $"{name}_bucket{{le=\"+Inf\"}} {all}\n{name}_sum {_sum}\n{name}_count {all}\n");
            }
        }
    }
}
