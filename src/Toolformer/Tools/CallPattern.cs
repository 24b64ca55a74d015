using Toolformer.Markup;
using Toolformer.Modeling;

namespace Toolformer.Tools;

/// <summary>What may be written inside a call, as a pattern that an automaton holds the model's tokens to.</summary>
public static class CallPattern
{
    /// <summary>
    /// Most hyphens in a row in an input; so that "->" can be kept out by a pattern without lookahead.
    /// </summary>
    private const int MaxHyphens = 3;

    /// <summary>
    /// `Tool(input)` for one of the tools: nothing else can be written, so neither an unknown tool nor a banned one.
    /// </summary>
    /// <param name="inputOf">What a tool's input may look like; null, or a null of it: <see cref="AnyInput"/>.</param>
    /// <param name="maxInput">Most characters of an input of which nothing else is known.</param>
    public static TokenPattern Head(IEnumerable<Tool> tools, Func<Tool, TokenPattern?>? inputOf, int maxInput)
    {
        var any = AnyInput(maxInput);
        return TokenPattern.OneOf([.. tools.Select(tool => TokenPattern.Concat(
            TokenPattern.Exactly(tool.Name + "("), inputOf?.Invoke(tool) ?? any, TokenPattern.Exactly(")")))]);
    }

    /// <summary>
    /// Any text, also none, that <see cref="CallSyntax.IsInput"/> admits: no bracket, line break or arrow; nor what a
    /// tokenizer may make a bracket of.
    /// </summary>
    /// <param name="max">At most about this many characters: hyphens come on top.</param>
    public static TokenPattern AnyInput(int max)
    {
        var hyphen = TokenPattern.Exactly("-");
        var plain = new TokenPattern.AnyExcept("-" + CallSyntax.NotInInput + CallSyntax.LikeBrackets);
        var afterHyphen = new TokenPattern.AnyExcept("->" + CallSyntax.NotInInput + CallSyntax.LikeBrackets);
        var unit = TokenPattern.OneOf(
            plain, TokenPattern.Concat(new TokenPattern.Repeat(hyphen, 1, MaxHyphens), afterHyphen));
        return TokenPattern.Concat(
            new TokenPattern.Repeat(unit, 0, max), new TokenPattern.Repeat(hyphen, 0, MaxHyphens));
    }
}
