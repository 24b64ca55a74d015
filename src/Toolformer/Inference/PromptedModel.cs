using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.Extensions.AI;
using Toolformer.Markup;
using Toolformer.Tools;

namespace Toolformer.Inference;

/// <summary>
/// Tool use by prompting alone: a chat model that was never finetuned, behind any <see cref="IChatClient"/>, is told of
/// the tools in a system prompt, writes a call, is cut off at its arrow, the tool runs, and it writes on with the
/// result. The tools, their limits and the events are those of <see cref="ToolUsingModel"/>. Thread-safe.
/// </summary>
/// <remarks>Not covered: what a tool's result makes the model write (prompt injection).</remarks>
/// <param name="client">The model; it stays the caller's to dispose.</param>
/// <param name="timer">What calls and the time limit are timed with; null: the system.</param>
public sealed class PromptedModel(
    IChatClient client, Toolbox tools, PromptedOptions? options = null, TimeProvider? timer = null)
{
    /// <summary>What the endpoint is asked to stop at: the end of a call's input and its arrow.</summary>
    private static readonly string Stop = ")" + CallSyntax.Arrow;

    /// <summary>A stream of more pieces than this is ended, for pieces may be empty.</summary>
    private const int MaxPieces = 100_000;

    private readonly PromptedOptions _options = options ?? new PromptedOptions();
    private readonly TimeProvider _timer = timer ?? TimeProvider.System;

    /// <summary>Answers the last message of a conversation, and tells what happens.</summary>
    /// <exception cref="ArgumentException">There is no message, or an option makes no sense.</exception>
    /// <exception cref="TimeoutException">The endpoint took longer than the time limit.</exception>
    /// <exception cref="HttpRequestException">The endpoint was not reached, or refused.</exception>
    public async IAsyncEnumerable<GenerationEvent> StreamAsync(IReadOnlyList<ChatMessage> messages, ToolContext context,
        [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        _options.Check();
        if (messages.Count == 0)
            throw new ArgumentException(
                "The conversation has no message to answer: give at least one.", nameof(messages));
        if (context.Session is null)
            context = context with { Session = new ToolSession(_options.CostBudget) };
        var answer = new Answer(_options);
        var turns = Opening(messages, context.Session);
        int before = turns.Count;
        while (true)
        {
            var watch = new CallWatch(tools.Names, _options.MaxInputLength);
            var written = new StringBuilder();
            await using var pieces = Piece(turns, cancellation);
            bool more = true;
            for (int count = 0; more && watch.Call is null; count++)
            {
                bool hasRoom = answer.Room > watch.Held;
                string? piece = count < MaxPieces && hasRoom ? await pieces.NextAsync() : null;
                more = piece is not null;
                string settled = answer.Add(piece is null ? watch.End() : watch.Add(answer.Fitting(piece, watch.Held)));
                written.Append(settled);
                if (settled.Length > 0)
                    yield return new GenerationEvent.TextDelta(settled, InCall: false);
                answer.IsCut |= pieces.WasCut || (!more && (!hasRoom || count >= MaxPieces));
            }
            if (watch.Call is not { } call || answer.IsSpent)
            {
                answer.Reason = watch.Call is not null ? FinishReason.CallLimit
                    : answer.IsCut ? FinishReason.MaxNewTokens : FinishReason.EndOfText;
                break;
            }

            string head = CallSyntax.Open + CallSyntax.PrintHead(call) + CallSyntax.Arrow;
            yield return new GenerationEvent.TextDelta(answer.AddInCall(head), InCall: true);
            yield return new GenerationEvent.CallStarted(call);
            long started = _timer.GetTimestamp();
            var result = await tools.CallAsync(call, context, cancellation);
            var done = new GeneratedCall(
                call with { Result = result.Text ?? "" }, result.Error, _timer.GetElapsedTime(started), 0, 0);
            string tail = CallSyntax.PrintResult(result.Text ?? "") + CallSyntax.Close;
            yield return new GenerationEvent.TextDelta(answer.AddInCall(tail), InCall: true);
            answer.Add(done);
            yield return new GenerationEvent.CallFinished(done);
            GoOn(turns, before, answer, written + head, done);
        }
        yield return new GenerationEvent.Finished(new GenerationResult
        {
            Request = new GenerationRequest(messages[^1].Text, context),
            PromptTokens = [],
            Text = answer.Text,
            TextWithoutCalls = answer.Plain,
            TokenIds = [],
            Sampled = [],
            Calls = answer.Calls,
            FinishReason = answer.Reason,
            StartProbabilities = [],
        });
    }

    private List<ChatMessage> Opening(IReadOnlyList<ChatMessage> messages, ToolSession session)
    {
        string taught = _options.MaxCalls == 0 ? "" : ToolPrompt.Of(tools, session.Left);
        string[] system =
            [_options.Instructions, .. messages.Where(m => m.Role == ChatRole.System).Select(m => m.Text), taught];
        string joined = string.Join("\n\n", system.Where(s => s.Length > 0));
        return
        [
            .. joined.Length > 0 ? [new ChatMessage(ChatRole.System, joined)] : Array.Empty<ChatMessage>(),
            .. messages.Where(m => m.Role != ChatRole.System),
        ];
    }

    /// <summary>Puts the result where the model reads on.</summary>
    private void GoOn(List<ChatMessage> turns, int before, Answer answer, string written, GeneratedCall call)
    {
        if (_options.Continuation == ContinuationForm.AssistantPrefix && !answer.IsSpent)
        {
            turns.RemoveRange(before, turns.Count - before);
            turns.Add(new ChatMessage(ChatRole.Assistant, answer.Text));
            return;
        }
        string outcome = call.Error is { } error ? $"The call failed: {error}" : $"The result: {call.Call.Result}";
        string next = answer.IsSpent
            ? "No more calls can be made: finish your answer without one."
            : "Go on right after the call, without repeating anything.";
        turns.Add(new ChatMessage(ChatRole.Assistant, written));
        turns.Add(new ChatMessage(ChatRole.User, $"{outcome}\n{next}"));
    }

    private Pieces Piece(List<ChatMessage> turns, CancellationToken cancellation)
    {
        var asked = new ChatOptions
        {
            MaxOutputTokens = _options.MaxOutputTokens,
            Temperature = _options.Temperature,
            StopSequences = _options.SendStop && tools.Names.Count > 0 ? [Stop] : null,
        };
        return new Pieces(client, [.. turns], asked, _options.TimeLimit, _timer, cancellation);
    }

    /// <summary>What is written so far, and how much more may be.</summary>
    private sealed class Answer(PromptedOptions options)
    {
        private readonly StringBuilder _text = new(), _plain = new();
        private readonly List<GeneratedCall> _calls = [];
        private int _errors;

        public string Text => _text.ToString();
        public string Plain => _plain.ToString();
        public IReadOnlyList<GeneratedCall> Calls => _calls;
        public int Room => options.MaxLength - _text.Length;
        public bool IsCut { get; set; }
        public FinishReason Reason { get; set; }

        /// <summary>Whether no more calls may be made.</summary>
        public bool IsSpent => _calls.Count >= options.MaxCalls || _errors >= options.MaxConsecutiveErrors || Room <= 0;

        public string Fitting(string text, int held) =>
            text.Length <= Room - held ? text : text[..(Room - held)];

        public string Add(string text)
        {
            _text.Append(text);
            _plain.Append(text);
            return text;
        }

        public string AddInCall(string text)
        {
            _text.Append(text);
            return text;
        }

        public void Add(GeneratedCall call)
        {
            _calls.Add(call);
            _errors = call.Error is null ? 0 : _errors + 1;
        }
    }

    /// <summary>The pieces of text that an endpoint writes in one go.</summary>
    private sealed class Pieces : IAsyncDisposable
    {
        private readonly CancellationToken _cancellation;
        private readonly CancellationTokenSource _late, _either;
        private readonly IAsyncEnumerator<ChatResponseUpdate> _updates;
        private readonly TimeSpan _limit;

        public Pieces(IChatClient client, List<ChatMessage> turns, ChatOptions options, TimeSpan limit,
            TimeProvider timer, CancellationToken cancellation)
        {
            (_cancellation, _limit) = (cancellation, limit);
            _late = new CancellationTokenSource(limit, timer);
            _either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _late.Token);
            var stream = client.GetStreamingResponseAsync(turns, options, _either.Token);
            _updates = stream.GetAsyncEnumerator(_either.Token);
        }

        /// <summary>Whether the endpoint wrote as much as it may.</summary>
        public bool WasCut { get; private set; }

        /// <summary>The next piece, which may be empty; null: there is no more.</summary>
        public async ValueTask<string?> NextAsync()
        {
            try
            {
                if (!await _updates.MoveNextAsync().AsTask().WaitAsync(_either.Token))
                    return null;
                WasCut |= _updates.Current.FinishReason == ChatFinishReason.Length;
                return _updates.Current.Text;
            }
            catch (OperationCanceledException)
                when (_late.IsCancellationRequested && !_cancellation.IsCancellationRequested)
            {
                throw new TimeoutException($"The endpoint did not finish within {_limit.TotalSeconds:0.#} s.\n"
                    + "  in its stream\n  Ask again, or raise the time limit.");
            }
        }

        public async ValueTask DisposeAsync()
        {
            await _either.CancelAsync();
            try
            {
                await _updates.DisposeAsync();
            }
            catch (NotSupportedException)
            {
                // A client that ignores cancellation is still at work, and can't be disposed.
            }
            catch (OperationCanceledException)
            {
                // It noticed.
            }
            _either.Dispose();
            _late.Dispose();
        }
    }
}
