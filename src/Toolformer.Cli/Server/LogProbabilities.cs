using System.Text.Json.Nodes;
using Toolformer.Inference;
using Toolformer.Modeling;

namespace Toolformer.Cli.Server;

/// <summary>The "logprobs" of a completion: per token its text, log-probability, and the likeliest there.</summary>
internal sealed class LogProbabilities(ServedModel model)
{
    private JsonArray _tokens = [], _values = [], _top = [], _offsets = [];
    private StreamingDecoder _decoder = new(model.Tokenizer);
    private int _offset;

    /// <summary>The completion's first token stands after so many characters that are not listed.</summary>
    public void Begin(int offset) =>
        (_offset, _decoder) = (offset, new StreamingDecoder(model.Tokenizer, continues: true));

    /// <summary>Lists a prompt that was scored.</summary>
    /// <param name="skip">Tokens at its beginning that are not shown.</param>
    public void AddPrompt(int[] prompt, ForwardResult scored, int skip)
    {
        for (int i = skip; i < prompt.Length; i++)
            Add(prompt[i], i == 0 ? null : scored.LogProbabilities[i - 1],
                i == 0 || scored.Top.Count == 0 ? [] : scored.Top[i - 1]);
    }

    public void Add(IEnumerable<WrittenToken> tokens)
    {
        foreach (var token in tokens)
            Add(token.Id, token.LogProbability, token.Top);
    }

    /// <summary>What was listed since the last time.</summary>
    public JsonObject Take()
    {
        var taken = new JsonObject
        {
            ["tokens"] = _tokens,
            ["token_logprobs"] = _values,
            ["top_logprobs"] = _top,
            ["text_offset"] = _offsets,
        };
        (_tokens, _values, _top, _offsets) = ([], [], [], []);
        return taken;
    }

    /// <summary>JSON has no infinity.</summary>
    public static float Finite(float value) => Math.Max(value, -9999);

    private void Add(int token, float? value, IReadOnlyList<TokenScore> top)
    {
        _tokens.Add(model.Shown(token));
        _values.Add(value is { } number ? JsonValue.Create(Finite(number)) : null);
        _offsets.Add(_offset);
        _offset += _decoder.Add(token).Length;
        JsonObject? likeliest = top.Count == 0 ? null : [];
        foreach (var score in top)
            likeliest![model.Shown(score.Token)] ??= JsonValue.Create(Finite(score.LogProbability));
        _top.Add(likeliest);
    }
}
