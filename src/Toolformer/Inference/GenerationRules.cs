using Toolformer.Markup;
using Toolformer.Modeling;
using Toolformer.Tools;

namespace Toolformer.Inference;

/// <summary>What all rows that were asked for together have in common. For one thread.</summary>
internal sealed class GenerationRules
{
    private const int MinResult = 8;

    private readonly Func<string, TokenAutomaton>? _grammar;
    private readonly ulong[]? _text;
    private readonly ulong[]? _textWithoutOpen;

    /// <param name="tokens">Null: the model knows no tools, and " [" is text like any other.</param>
    /// <param name="grammar">
    /// From the text so far to what may follow " [", arrow included; null: no call can start.
    /// </param>
    public GenerationRules(ILanguageModel model, GenerationOptions options, Toolbox tools, CallTokens? tokens,
        Func<string, TokenAutomaton>? grammar, TimeProvider timer)
    {
        (Model, Options, Tools, Tokens, Timer) = (model, options, tools, tokens, timer);
        _grammar = grammar;
        Sampler = new Sampler(options.Sampling);
        // A model's output may be wider than its vocabulary, padded to a round number: those ids are no tokens.
        int size = model.Tokenizer.VocabularySize;
        if (model.VocabularySize > size)
            _text = Ones(size);
        if (tokens is not null)
        {
            _textWithoutOpen = Ones(size);
            _textWithoutOpen[tokens.Open >> 6] &= ~(1ul << (tokens.Open & 63));
        }
    }

    public ILanguageModel Model { get; }
    public GenerationOptions Options { get; }
    public Toolbox Tools { get; }
    public CallTokens? Tokens { get; }
    public TimeProvider Timer { get; }
    public Sampler Sampler { get; }

    /// <summary>Whether the caller runs this tool.</summary>
    public bool IsCallers(string tool) => Options.CallerTools.Any(t => t.Name == tool);

    /// <summary>Whether a text with so many calls may get another one.</summary>
    public bool MayStart(int calls) => _grammar is not null && calls < Options.MaxCalls;

    /// <summary>The tokens that may stand outside of calls.</summary>
    public ReadOnlySpan<ulong> Text(bool mayStart) => mayStart ? _text : _textWithoutOpen ?? _text;

    /// <summary>What may follow " [" after a text; null: no allowed tool can take an input from it.</summary>
    public TokenAutomaton? Grammar(string text) =>
        _grammar?.Invoke(text) is { IsEmpty: false } grammar ? grammar : null;

    /// <summary>Tokens that a call leaves free of the context for its result and its end.</summary>
    public int ReservedForResult => MinResult + Tokens!.Close.Length;

    private static ulong[] Ones(int size)
    {
        var mask = new ulong[(size + 63) / 64];
        for (int id = 0; id < size; id++)
            mask[id >> 6] |= 1ul << (id & 63);
        return mask;
    }
}
