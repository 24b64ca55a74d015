using System.Collections.Immutable;
using System.Text;
using Toolformer.Modeling;

namespace Toolformer.Markup;

/// <summary>
/// The markup as token ids of one tokenizer. Sequences with calls are joined from id segments, never tokenised as one
/// text: `)]` or `.]` would else merge in one place and not in another, and with them the losses.
/// </summary>
public sealed class CallTokens
{
    private readonly ITokenizer _tokenizer;

    /// <param name="model">The model's name or folder, for the error message; null: the tokenizer's source.</param>
    /// <exception cref="NotSupportedException">" [" is not one token: p(&lt;API&gt;) would be no number.</exception>
    public CallTokens(
        ITokenizer tokenizer, EmptyCallForm emptyForm = EmptyCallForm.ArrowKept, string? model = null)
    {
        _tokenizer = tokenizer;
        EmptyForm = emptyForm;
        var open = Ids(CallSyntax.Open);
        if (open.Length != 1 || tokenizer.DecodeContinuation(open) != CallSyntax.Open)
            throw Unusable(model, CallSyntax.Open, open, "where calls need exactly one that reads so");
        Open = open[0];
        Arrow = Whole(model, CallSyntax.Arrow);
        Close = Whole(model, CallSyntax.Close);
    }

    /// <summary>The one token " [", of which p(&lt;API&gt;) is the probability.</summary>
    public int Open { get; }

    /// <summary>The tokens of " ->".</summary>
    public ImmutableArray<int> Arrow { get; }

    /// <summary>The tokens of "]".</summary>
    public ImmutableArray<int> Close { get; }

    public EmptyCallForm EmptyForm { get; }

    /// <summary>
    /// Open | Tool(input) | Arrow | result | Close. Without a result (null) the arrow is left out too; an empty one,
    /// which is e(c, ε), is written as <see cref="EmptyForm"/> says.
    /// </summary>
    /// <exception cref="ArgumentException">Name, input or result would break the markup.</exception>
    public ImmutableArray<int> Encode(ApiCall call) => Encode(call, EncodeHead(call));

    /// <summary>
    /// The same with the tokens of `Tool(input)` given: a sampled call keeps the ids that the model itself wrote.
    /// </summary>
    public ImmutableArray<int> Encode(ApiCall call, IReadOnlyList<int> head)
    {
        bool arrow = call.Result is { } r && (r.Length > 0 || EmptyForm == EmptyCallForm.ArrowKept);
        return arrow ? [Open, .. head, .. Arrow, .. EncodeResult(call.Result!), .. Close] : [Open, .. head, .. Close];
    }

    /// <summary>The tokens of `Tool(input)`.</summary>
    public ImmutableArray<int> EncodeHead(ApiCall call) => Ids(CallSyntax.PrintHead(call));

    /// <summary>The tokens of what follows the arrow: none for an empty result, else a space and the result.</summary>
    public ImmutableArray<int> EncodeResult(string result) => Ids(CallSyntax.PrintResult(result));

    /// <summary>A neutral result cut to a number of tokens, those of the space before it included.</summary>
    public static string Shorten(string result, ITokenizer tokenizer, int maxTokens)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxTokens, 1);
        string text = result;
        int end = result.Length;
        while (end > 0 && tokenizer.EncodeContinuation(CallSyntax.PrintResult(text)) is var tokens
            && tokens.Count > maxTokens)
        {
            // Room for the mark of the cut; that may take some tokens, then a little more is cut.
            int fitting = tokens[maxTokens - 1].End - CallSyntax.BeforeResult.Length - 1;
            end = CallSyntax.CutPoint(result, Math.Max(0, Math.Min(end - 1, fitting)));
            text = result[..end].TrimEnd() + "…";
        }
        return text;
    }

    /// <summary>
    /// All ids whose bytes contain <paramref name="text"/>, ascending: "]" ends a call in `)]` and `.]` too.
    /// </summary>
    public ImmutableArray<int> Containing(string text)
    {
        byte[] wanted = Encoding.UTF8.GetBytes(text);
        var all = Enumerable.Range(0, _tokenizer.VocabularySize);
        return [.. all.Where(id => _tokenizer.Bytes(id).IndexOf(wanted) >= 0)];
    }

    /// <summary>The tokens of a mark that may be several, but must be nothing else than it.</summary>
    private ImmutableArray<int> Whole(string? model, string mark)
    {
        var ids = Ids(mark);
        return _tokenizer.DecodeContinuation(ids) == mark
            ? ids
            : throw Unusable(model, mark, ids, "which do not read as it");
    }

    private NotSupportedException Unusable(string? model, string mark, ImmutableArray<int> ids, string why) => new(
        $"The tokenizer of {model ?? _tokenizer.Source} ({_tokenizer.GetType().Name}) writes \"{mark}\" as "
        + $"{ids.Length} tokens [{string.Join(", ", ids)}], {why}: use a model of the GPT-2 or Llama kind of "
        + "vocabulary, or add the token to this one.");

    /// <summary>All parts of a call go on in a text.</summary>
    private ImmutableArray<int> Ids(string text) => [.. _tokenizer.EncodeContinuation(text).Select(t => t.Id)];
}
