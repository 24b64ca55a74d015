using System.Text.Json;
using Toolformer.Markup;
using Toolformer.Modeling;

namespace Toolformer.Tools.Arguments;

/// <summary>
/// What arguments may look like, for constrained sampling and generation: a part of what can be read, so that every
/// input that follows it is well-formed. Values are in the order of the parameters, each at most once.
/// </summary>
internal static class ArgumentPattern
{
    private const int TextLength = 200, QuotedLength = 60, MaxItems = 6, MaxDepth = 3, MaxParameters = 12;

    /// <summary>Beside what no input may hold: what would need quotes, or begin another argument.</summary>
    private const string NotInBare = CallSyntax.NotInInput + "\"=>\t\u2028\u2029";

    private static readonly TokenPattern Digit = TokenPattern.OneOf("0123456789".Select(c => c.ToString()));
    private static readonly TokenPattern Comma = TokenPattern.Exactly(", ");

    private static readonly TokenPattern Integer = TokenPattern.Concat(
        Maybe(TokenPattern.Exactly("-")),
        TokenPattern.OneOf(TokenPattern.Exactly("0"), TokenPattern.Concat(
            TokenPattern.OneOf("123456789".Select(c => c.ToString())), new TokenPattern.Repeat(Digit, 0, 11))));

    private static readonly TokenPattern Number = TokenPattern.Concat(
        Integer, Maybe(TokenPattern.Concat(TokenPattern.Exactly("."), new TokenPattern.Repeat(Digit, 1, 6))));

    private static readonly TokenPattern Quoted = TokenPattern.Concat(
        TokenPattern.Exactly("\""),
        new TokenPattern.Repeat(new TokenPattern.AnyExcept(NotInBare + "\\"), 0, QuotedLength),
        TokenPattern.Exactly("\""));

    public static TokenPattern Of(IReadOnlyList<Parameter> parameters, Parameter? main)
    {
        TokenPattern Named(Parameter p) => p == main && IsWrittenBare(p.Type)
                ? Value(p.Type, Stop.NextName, 0)
                : TokenPattern.Concat(TokenPattern.Exactly(p.Written + "="), Value(p.Type, Stop.NextName, 0));
        var required = parameters.Where(p => p.IsRequired).Select(Named).ToList();
        var optional = parameters.Where(p => !p.IsRequired).Take(MaxParameters).Select(Named).ToList();
        if (required.Count > 0)
        {
            var parts = required.SelectMany((p, i) => i == 0 ? [p] : new[] { Comma, p })
                .Concat(optional.Select(p => Maybe(TokenPattern.Concat(Comma, p))));
            return TokenPattern.Concat([.. parts]);
        }
        // Any of them may be the first.
        var beginnings = optional.Select((first, i) => TokenPattern.Concat(
            [first, .. optional.Skip(i + 1).Select(p => Maybe(TokenPattern.Concat(Comma, p)))]));
        return TokenPattern.OneOf([TokenPattern.Exactly(""), .. beginnings]);
    }

    private static bool IsWrittenBare(ArgumentType type) =>
        type.Shape is ArgumentShape.Text or ArgumentShape.Integer or ArgumentShape.Number or ArgumentShape.Boolean
        && !type.Choices.Any(choice => JsonPointer.Text(choice).Contains('='));

    private static TokenPattern Value(ArgumentType type, Stop stop, int depth)
    {
        if (type.Choices.Count > 0)
            return TokenPattern.OneOf(type.Choices.Select(choice => Printed(choice, type, stop)));
        return type.Shape switch
        {
            ArgumentShape.Integer => Integer,
            ArgumentShape.Number => Number,
            ArgumentShape.Boolean => TokenPattern.OneOf(["true", "false"]),
            ArgumentShape.Text when type.Format == "date" => Day(),
            ArgumentShape.Text => Bare(stop),
            ArgumentShape.List when depth < MaxDepth => Listed(type.Items!, depth),
            ArgumentShape.List => TokenPattern.Exactly("()"),
            ArgumentShape.Object when depth < MaxDepth => Fields(type.Fields, depth),
            ArgumentShape.Object => TokenPattern.Exactly("{}"),
            _ => TokenPattern.OneOf(Quoted, Number, TokenPattern.OneOf(["true", "false", "null"])),
        };
    }

    /// <summary>What does not begin a text: spaces, and quotes, which do not count around an input.</summary>
    private const string NotFirst = " \v\f\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008"
        + "\u2009\u200a\u202f\u205f\u3000'“";

    /// <summary>The first character is no space, so that what is read is not empty.</summary>
    private static TokenPattern Bare(Stop stop)
    {
        string except = NotInBare + (stop == Stop.NextName ? "" : ",(){}");
        return TokenPattern.Concat(new TokenPattern.AnyExcept(except + NotFirst),
            new TokenPattern.Repeat(new TokenPattern.AnyExcept(except), 0, TextLength));
    }

    private static TokenPattern Listed(ArgumentType items, int depth)
    {
        var item = Value(items, Stop.Item, depth + 1);
        return TokenPattern.Concat(TokenPattern.Exactly("("), item,
            new TokenPattern.Repeat(TokenPattern.Concat(Comma, item), 0, MaxItems - 1), TokenPattern.Exactly(")"));
    }

    private static TokenPattern Fields(IReadOnlyList<Parameter> fields, int depth)
    {
        var parts = new List<TokenPattern> { TokenPattern.Exactly("{") };
        // Only the required ones, or all where none is: each field has its place.
        var written = fields.Any(f => f.IsRequired) ? fields.Where(f => f.IsRequired) : fields;
        foreach (var (i, field) in written.Take(MaxParameters).Index())
        {
            parts.Add(TokenPattern.Exactly($"{(i == 0 ? "" : ", ")}{Name(field)}: "));
            parts.Add(Inner(field.Type, depth + 1));
        }
        return TokenPattern.Concat([.. parts, TokenPattern.Exactly("}")]);
    }

    /// <summary>Inside an object all texts are quoted.</summary>
    private static TokenPattern Inner(ArgumentType type, int depth) => type.Shape switch
    {
        ArgumentShape.Text when type.Choices.Count == 0 => Quoted,
        ArgumentShape.List when type.Items!.Shape == ArgumentShape.Text => TokenPattern.Concat(
            TokenPattern.Exactly("("), Quoted,
            new TokenPattern.Repeat(TokenPattern.Concat(Comma, Quoted), 0, MaxItems - 1), TokenPattern.Exactly(")")),
        ArgumentShape.Text => TokenPattern.OneOf(
            type.Choices.Select(c => Printed(c, new ArgumentType(ArgumentShape.Any), Stop.Field))),
        _ => Value(type, Stop.Field, depth),
    };

    private static TokenPattern Day()
    {
        TokenPattern Digits(int count) => new TokenPattern.Repeat(Digit, count, count);
        var hyphen = TokenPattern.Exactly("-");
        return TokenPattern.Concat(Digits(4), hyphen, Digits(2), hyphen, Digits(2));
    }

    private static string Printed(JsonElement choice, ArgumentType type, Stop stop)
    {
        var text = new System.Text.StringBuilder();
        ArgumentWriter.Write(text, System.Text.Json.Nodes.JsonValue.Create(choice),
            type with { IsNullable = true }, stop, new HashSet<string>());
        return text.ToString();
    }

    private static string Name(Parameter field) => Printed(
        JsonSerializer.SerializeToElement(field.Name), new ArgumentType(ArgumentShape.Any), Stop.Field);

    private static TokenPattern Maybe(TokenPattern pattern) => new TokenPattern.Repeat(pattern, 0, 1);
}
