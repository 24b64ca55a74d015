using System.Collections.Immutable;

namespace Toolformer.Modeling;

/// <summary>
/// A regular language over characters, as an immutable tree. A <c>TokenAutomaton</c> runs it over the tokens
/// of a model so that only text of the language can be written.
/// </summary>
public abstract record TokenPattern
{
    private TokenPattern() { }

    /// <summary>Exactly this text.</summary>
    public sealed record Literal(string Text) : TokenPattern;

    /// <summary>One of these patterns.</summary>
    public sealed record Choice(ImmutableArray<TokenPattern> Options) : TokenPattern;

    /// <summary>These patterns one after the other.</summary>
    public sealed record Sequence(ImmutableArray<TokenPattern> Parts) : TokenPattern;

    /// <summary>The pattern, from <paramref name="Min"/> to <paramref name="Max"/> times.</summary>
    public sealed record Repeat(TokenPattern Part, int Min, int Max) : TokenPattern;

    /// <summary>One character that is none of these.</summary>
    public sealed record AnyExcept(string Characters) : TokenPattern;

    public static TokenPattern Exactly(string text) => new Literal(text);

    public static TokenPattern OneOf(IEnumerable<string> texts) =>
        new Choice([.. texts.Distinct().Select(TokenPattern (t) => new Literal(t))]);

    public static TokenPattern OneOf(params TokenPattern[] options) => new Choice([.. options]);

    public static TokenPattern Concat(params TokenPattern[] parts) => new Sequence([.. parts]);

    /// <summary>Free text of at least one and at most <paramref name="max"/> characters, without those given.</summary>
    public static TokenPattern FreeText(string except, int max = 400) => new Repeat(new AnyExcept(except), 1, max);
}
