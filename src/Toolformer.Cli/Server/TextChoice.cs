using System.Text;
using System.Text.Json.Nodes;
using Toolformer.Inference;
using Toolformer.Markup;

namespace Toolformer.Cli.Server;

/// <summary>One text of an answer, gathered from what happens while it is written.</summary>
internal sealed class TextChoice(int index, ServedModel model, GenerationParameters parameters)
{
    private readonly StringBuilder _text = new();
    private readonly JsonArray _calls = [];
    private readonly List<WrittenToken> _tokens = [];
    private int _callOffset;

    public int Index => index;

    public string Text => _text.ToString();

    public GenerationResult? Result { get; private set; }

    /// <summary>The tokens of the text as it is shown, since the last time.</summary>
    public List<WrittenToken> TakeTokens()
    {
        var tokens = _tokens.Where(t => parameters.ShowCalls || !t.InCall).ToList();
        _tokens.Clear();
        return tokens;
    }

    /// <summary>Takes in what happened; returns the text that a reader is to see of it, or nothing.</summary>
    /// <param name="extension">What "toolformer" tells of it in a stream; null: nothing.</param>
    public string Add(GenerationEvent happened, out JsonObject? extension)
    {
        extension = null;
        switch (happened)
        {
            case GenerationEvent.TextDelta delta:
                bool isShown = !delta.InCall || parameters.ShowCalls;
                _text.Append(isShown ? delta.Text : "");
                if (!delta.InCall)
                    _callOffset = _text.Length;
                return isShown ? delta.Text : "";
            case GenerationEvent.TokenAdded { Token: var token }:
                _tokens.Add(token);
                if (parameters.Options.NoteStartProbabilities)
                    extension = Report(token);
                break;
            case GenerationEvent.CallStarted { Call: var call }:
                extension = new JsonObject { ["type"] = "call_started", ["call"] = _calls.Count };
                Describe(extension, call);
                break;
            case GenerationEvent.CallFinished { Call: var done }:
                extension = new JsonObject { ["type"] = "call_finished", ["call"] = _calls.Count };
                Describe(extension, done.Call);
                Describe(extension, done);
                var report = new JsonObject();
                Describe(report, done.Call);
                Describe(report, done);
                _calls.Add(report);
                break;
            case GenerationEvent.Finished { Result: var result }:
                Result = result;
                break;
        }
        return "";
    }

    /// <summary>Why the text ends, in OpenAI's words.</summary>
    public string FinishReason => Result?.FinishReason switch
    {
        Inference.FinishReason.MaxNewTokens or Inference.FinishReason.ContextFull or null => "length",
        Inference.FinishReason.CallerTool => "tool_calls",
        _ => "stop",
    };

    /// <summary>The field "toolformer" of a whole text: its calls, and p_start of its tokens where asked for.</summary>
    public JsonObject Extension()
    {
        var extension = new JsonObject { ["calls"] = _calls.DeepClone() };
        if (parameters.Options.NoteStartProbabilities)
            extension["tokens"] = new JsonArray([.. Result?.Written.Select(JsonNode (t) => Report(t)) ?? []]);
        return extension;
    }

    private void Describe(JsonObject into, ApiCall call)
    {
        into["tool"] = call.Tool;
        into["input"] = call.Input;
        into["offset"] = _callOffset;
    }

    private static void Describe(JsonObject into, GeneratedCall done)
    {
        into["result"] = done.Error is null ? done.Call.Result : null;
        into["error"] = done.Error;
        into["milliseconds"] = Math.Round(done.Duration.TotalMilliseconds, 3);
    }

    private JsonObject Report(WrittenToken token) => new()
    {
        ["type"] = "token",
        ["id"] = token.Id,
        ["text"] = model.Shown(token.Id),
        ["in_call"] = token.InCall,
        ["p_start"] = token.StartProbability,
    };
}
