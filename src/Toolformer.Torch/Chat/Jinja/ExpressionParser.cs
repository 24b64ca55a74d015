using System.Globalization;
using System.Runtime.CompilerServices;

namespace Toolformer.Torch.Chat.Jinja;

/// <summary>Reads expressions from tokens, with Jinja's order of operators.</summary>
internal class ExpressionParser(IReadOnlyList<TemplateToken> tokens)
{
    private int _at;

    protected TemplateToken Current => tokens[_at];

    /// <summary>The variables that expressions read, whether they are set somewhere or not.</summary>
    public HashSet<string> Names { get; } = [];

    protected TemplateToken Take() => tokens[_at < tokens.Count - 1 ? _at++ : _at];

    protected bool Skip(string text)
    {
        bool found = Current.Is(text);
        _at += found ? 1 : 0;
        return found;
    }

    protected TemplateToken Expect(string text) => Current.Is(text) ? Take() : throw Unexpected($"'{text}'");

    protected TemplateToken Expect(TokenKind kind, string what) =>
        Current.Kind == kind ? Take() : throw Unexpected(what);

    protected TemplateException Unexpected(string wanted) =>
        new($"'{(Current.Text.Length > 40 ? Current.Text[..40] + "…" : Current.Text)}' stands where {wanted} is "
            + "expected.", Current.Place);

    /// <summary>One value, or several with commas between them for a tuple.</summary>
    protected Expression Tuple(bool withChoice = true)
    {
        var place = Current.Place;
        var first = withChoice ? Expression() : Or();
        if (!Current.Is(","))
            return first;
        var items = new List<Expression> { first };
        while (Skip(",") && !EndsTuple())
            items.Add(withChoice ? Expression() : Or());
        return new ListLiteral(place, items, isTuple: true);
    }

    protected Expression Expression()
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw new TemplateException("An expression is nested too deeply.", Current.Place);
        var value = Or();
        while (Current.Is("if"))
        {
            var place = Take().Place;
            var condition = Or();
            value = new Choice(place, condition, value, Skip("else") ? Expression() : null);
        }
        return value;
    }

    /// <summary>The filters of {% filter %} and {% set %} blocks.</summary>
    protected FilterOf Filter(Expression? of)
    {
        var name = Expect(TokenKind.Name, "the name of a filter");
        string whole = name.Text;
        while (Skip("."))
            whole += "." + Expect(TokenKind.Name, "the name of a filter").Text;
        return new FilterOf(name.Place, of, whole, Current.Is("(") ? Arguments() : ArgumentList.None);
    }

    protected ArgumentList Arguments()
    {
        var positional = new List<Expression>();
        var named = new List<(string, Expression)>();
        Expression? list = null, fields = null;
        Expect("(");
        bool isFirst = true;
        while (!Skip(")"))
        {
            if (!isFirst)
            {
                Expect(",");
                if (Skip(")"))
                    break;
            }
            isFirst = false;
            if (list is null && Skip("*"))
                list = Expression();
            else if (fields is null && Skip("**"))
                fields = Expression();
            else if (Current.Kind == TokenKind.Name && tokens[_at + 1].Is("="))
            {
                string name = Take().Text;
                Take();
                named.Add((name, Expression()));
            }
            else if (named.Count > 0 || list is not null || fields is not null)
                throw Unexpected("an argument with its name");
            else
                positional.Add(Expression());
        }
        return new ArgumentList(positional, named, list, fields);
    }

    protected Expression Or()
    {
        var left = And();
        while (Current.Is("or"))
            left = new Logical(Take().Place, left, And(), isAnd: false);
        return left;
    }

    private bool EndsTuple() => Current.Kind is TokenKind.VariableEnd or TokenKind.BlockEnd or TokenKind.End
        || Current.Is(")") || Current.Is("in") || Current.Is("=");

    private Expression And()
    {
        var left = Negation();
        while (Current.Is("and"))
            left = new Logical(Take().Place, left, Negation(), isAnd: true);
        return left;
    }

    private Expression Negation()
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw new TemplateException("An expression is nested too deeply.", Current.Place);
        return Current.Is("not") ? new Not(Take().Place, Negation()) : Compared();
    }

    private Expression Compared()
    {
        var place = Current.Place;
        var first = Sum();
        var others = new List<(string, Expression)>();
        while (true)
        {
            if (Current.Kind == TokenKind.Operator && Current.Text is "==" or "!=" or "<" or "<=" or ">" or ">=")
                others.Add((Take().Text, Sum()));
            else if (Skip("in"))
                others.Add(("in", Sum()));
            else if (Current.Is("not") && tokens[_at + 1].Is("in"))
            {
                Take();
                Take();
                others.Add(("not in", Sum()));
            }
            else
                return others.Count == 0 ? first : new Comparison(place, first, others);
        }
    }

    private Expression Sum()
    {
        var left = Joined();
        while (Current.Is("+") || Current.Is("-"))
            left = new Arithmetic(Current.Place, Take().Text, left, Joined());
        return left;
    }

    private Expression Joined()
    {
        var place = Current.Place;
        var parts = new List<Expression> { Product() };
        while (Skip("~"))
            parts.Add(Product());
        return parts.Count == 1 ? parts[0] : new Concatenation(place, parts);
    }

    private Expression Product()
    {
        var left = PowerOf();
        while (Current.Is("*") || Current.Is("/") || Current.Is("//") || Current.Is("%"))
            left = new Arithmetic(Current.Place, Take().Text, left, PowerOf());
        return left;
    }

    private Expression PowerOf()
    {
        var left = Unary(withFilters: true);
        while (Current.Is("**"))
            left = new Arithmetic(Current.Place, Take().Text, left, Unary(withFilters: true));
        return left;
    }

    private Expression Unary(bool withFilters)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw new TemplateException("An expression is nested too deeply.", Current.Place);
        var value = Current.Is("-") || Current.Is("+")
            ? new Signed(Current.Place, isNegative: Take().Text == "-", of: Unary(withFilters: false))
            : Primary();
        value = Postfix(value);
        return withFilters ? Filtered(value) : value;
    }

    private Expression Primary()
    {
        var token = Current;
        switch (token.Kind)
        {
            case TokenKind.Name:
                Take();
                return token.Text switch
                {
                    "true" or "True" => new Constant(token.Place, true),
                    "false" or "False" => new Constant(token.Place, false),
                    "none" or "None" => new Constant(token.Place, null),
                    var name => new Name(token.Place, Noted(name)),
                };
            case TokenKind.String:
                string text = "";
                while (Current.Kind == TokenKind.String)
                    text += Take().Text;
                return new Constant(token.Place, MarkedText.Plain(text));
            case TokenKind.Integer:
                Take();
                return long.TryParse(token.Text, CultureInfo.InvariantCulture, out long number)
                    ? new Constant(token.Place, number)
                    : throw new TemplateException($"{token.Text} is too large.", token.Place);
            case TokenKind.Float:
                Take();
                return new Constant(token.Place, double.Parse(token.Text, CultureInfo.InvariantCulture));
        }
        if (Skip("("))
        {
            var value = Current.Is(")") ? new ListLiteral(token.Place, [], isTuple: true) : Tuple();
            Expect(")");
            return value;
        }
        if (Skip("["))
            return new ListLiteral(token.Place, Items("]", Expression), isTuple: false);
        if (Skip("{"))
            return new DictLiteral(token.Place, Items("}", () =>
            {
                var key = Expression();
                Expect(":");
                return (key, Expression());
            }));
        throw Unexpected("a value");
    }

    private string Noted(string name)
    {
        Names.Add(name);
        return name;
    }

    private List<T> Items<T>(string close, Func<T> read)
    {
        var items = new List<T>();
        while (!Skip(close))
        {
            if (items.Count > 0)
            {
                Expect(",");
                if (Skip(close))
                    break;
            }
            items.Add(read());
        }
        return items;
    }

    private Expression Postfix(Expression value)
    {
        while (true)
        {
            var place = Current.Place;
            if (Skip("."))
            {
                var name = Current.Kind == TokenKind.Integer ? Take() : Expect(TokenKind.Name, "a name");
                object key = name.Kind == TokenKind.Integer
                    ? long.Parse(name.Text, CultureInfo.InvariantCulture) : MarkedText.Plain(name.Text);
                value = new Member(place, value, new Constant(name.Place, key), isAttribute: true);
            }
            else if (Skip("["))
                value = Subscript(place, value);
            else if (Current.Is("("))
                value = new CallOf(place, value, Arguments());
            else
                return value;
        }
    }

    private Expression Subscript(Place place, Expression value)
    {
        Expression? from = Current.Is(":") ? null : Tuple();
        if (Skip("]"))
            return new Member(place, value, from!, isAttribute: false);
        Expect(":");
        Expression? to = Current.Is(":") || Current.Is("]") ? null : Expression();
        Expression? step = Skip(":") && !Current.Is("]") ? Expression() : null;
        Expect("]");
        return new SliceOf(place, value, from, to, step);
    }

    private Expression Filtered(Expression value)
    {
        while (true)
        {
            if (Skip("|"))
                value = Filter(value);
            else if (Skip("is"))
                value = Test(value);
            else if (Current.Is("("))
                value = new CallOf(Current.Place, value, Arguments());
            else
                return value;
        }
    }

    private TestOf Test(Expression value)
    {
        bool isNegated = Skip("not");
        var name = Expect(TokenKind.Name, "the name of a test");
        var arguments = ArgumentList.None;
        if (Current.Is("("))
            arguments = Arguments();
        else if (Current.Kind is TokenKind.String or TokenKind.Integer or TokenKind.Float || Current.Is("[")
            || Current.Is("{") || (Current.Kind == TokenKind.Name
                && Current.Text is not ("else" or "or" or "and" or "is" or "if" or "in" or "not")))
            arguments = new ArgumentList([Postfix(Primary())], []);
        return new TestOf(name.Place, value, name.Text, arguments, isNegated);
    }
}
