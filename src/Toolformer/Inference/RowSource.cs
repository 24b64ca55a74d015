using Toolformer.Markup;
using Toolformer.Modeling;
using Toolformer.Tools;

namespace Toolformer.Inference;

/// <summary>
/// What stands between a request and its row: the prompt as tokens, and the options as rules with what they need of
/// the model's vocabulary, which is computed once. For one thread.
/// </summary>
internal sealed class RowSource
{
    /// <summary>Grammars that are kept; callers may ask for any set of tools.</summary>
    private const int MaxGrammars = 64;

    private readonly ILanguageModel _model;
    private readonly Toolbox _tools;
    private readonly TimeProvider _timer;
    private readonly Dictionary<string, TokenAutomaton> _grammars = [];
    private CallTokens? _tokens;
    private TokenTrie? _vocabulary;

    /// <param name="tools">Empty: the model knows no tools, and " [" is text like any other.</param>
    /// <exception cref="NotSupportedException">" [" is not one token of this model.</exception>
    public RowSource(ILanguageModel model, Toolbox tools, TimeProvider timer)
    {
        (_model, _tools, _timer) = (model, tools.For(model.Tokenizer), timer);
        _tokens = tools.Names.Count > 0 ? new CallTokens(model.Tokenizer) : null;
    }

    /// <summary>The same with other tools; the model's vocabulary is not read again.</summary>
    public RowSource With(Toolbox tools) => new(_model, tools, _timer)
    {
        _vocabulary = _vocabulary ??= TokenTrie.Of(_model),
    };

    /// <exception cref="ArgumentException">An option makes no sense.</exception>
    /// <exception cref="KeyNotFoundException">An allowed tool is not in the toolbox.</exception>
    public GenerationRules Rules(GenerationOptions options)
    {
        options.Check();
        if (options.CallerTools.Count > 0)
            _tokens ??= new CallTokens(_model.Tokenizer);
        var tools = (options.AllowedTools is { } names ? _tools.Only(names) : _tools).Tools
            .ExceptBy(options.CallerTools.Select(tool => tool.Name), tool => tool.Name)
            .Concat(options.CallerTools).ToList();
        return new GenerationRules(_model, options, _tools, _tokens, Grammar(options, tools), _timer);
    }

    /// <exception cref="ArgumentException">The prompt is empty, and nothing stands before a text.</exception>
    public IReadOnlyList<int> Prompt(GenerationRequest request)
    {
        IReadOnlyList<int> tokens = request.PromptTokens ?? [
            .. _model.BeginningOfText is { } beginning ? [beginning] : Array.Empty<int>(),
            .. _model.Tokenizer.Encode(request.Prompt).Select(token => token.Id)];
        return tokens.Count > 0 ? tokens : throw new ArgumentException("A prompt is empty, and this model has no token "
            + "that stands before a text: give at least a word to write on from.", nameof(request));
    }

    /// <summary>What may follow " [" after a text: `Tool(input) ->`. Null: no call may start.</summary>
    private Func<string, TokenAutomaton>? Grammar(GenerationOptions options, List<Tool> tools)
    {
        if ((options.StartTopK == 0 && !options.BeginWithCall) || options.MaxCalls == 0 || tools.Count == 0)
            return null;
        _vocabulary ??= TokenTrie.Of(_model);
        if (options.ConstrainInputs)
            return text => Compile(tool => tool.InputPattern(text));

        Func<Tool, TokenPattern?>? free = options.FreeInputs ? null : tool => tool.InputPattern(null);
        string key = $"{options.FreeInputs} {options.MaxInputLength} "
            + string.Join(' ', tools.Select(tool => tool.Name));
        if (options.CallerTools.Count > 0 || !_grammars.TryGetValue(key, out var grammar))
            grammar = Compile(free);
        if (options.CallerTools.Count == 0)
        {
            if (_grammars.Count >= MaxGrammars)
                _grammars.Clear();
            _grammars[key] = grammar;
        }
        return _ => grammar;

        TokenAutomaton Compile(Func<Tool, TokenPattern?>? inputOf) => TokenAutomaton.Compile(
            TokenPattern.Concat(
                CallPattern.Head(tools, inputOf, options.MaxInputLength), TokenPattern.Exactly(CallSyntax.Arrow)),
            _vocabulary);
    }
}
