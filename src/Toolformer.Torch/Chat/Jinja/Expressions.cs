namespace Toolformer.Torch.Chat.Jinja;

/// <summary>A part of a template that has a value.</summary>
internal abstract class Expression(Place place)
{
    public Place Place => place;

    public object? Evaluate(Scope scope)
    {
        scope.Run.Enter(place);
        try
        {
            return Compute(scope);
        }
        catch (TemplateException e) when (e.HappenedAt(place))
        {
            throw; // never: it only notes the place, and goes on up
        }
        finally
        {
            scope.Run.Leave();
        }
    }

    protected abstract object? Compute(Scope scope);
}

internal sealed class Constant(Place place, object? value) : Expression(place)
{
    public object? Value => value;

    protected override object? Compute(Scope scope) => value;
}

internal sealed class Name(Place place, string name) : Expression(place)
{
    public string Text => name;

    protected override object? Compute(Scope scope) => scope[name];
}

/// <summary>[a, b] or (a, b).</summary>
internal sealed class ListLiteral(Place place, IReadOnlyList<Expression> items, bool isTuple) : Expression(place)
{
    public IReadOnlyList<Expression> Items => items;

    protected override object? Compute(Scope scope) => new Sequence([.. items.Select(i => i.Evaluate(scope))], isTuple);
}

internal sealed class DictLiteral(Place place, IReadOnlyList<(Expression Key, Expression Value)> fields)
    : Expression(place)
{
    protected override object? Compute(Scope scope)
    {
        var mapping = new Mapping();
        foreach (var (key, value) in fields)
            mapping.Set(Values.Text(key.Evaluate(scope)), value.Evaluate(scope));
        return mapping;
    }
}

/// <summary>a.b or a[b].</summary>
internal sealed class Member(Place place, Expression of, Expression name, bool isAttribute) : Expression(place)
{
    protected override object? Compute(Scope scope) => Find(of.Evaluate(scope), name.Evaluate(scope), isAttribute);

    /// <summary>A field, element or method; a dot looks for methods first, brackets for fields.</summary>
    public static object? Find(object? of, object? name, bool isAttribute)
    {
        string? text = (name as MarkedText)?.Text;
        switch (of)
        {
            case Undefined missing:
                throw new TemplateException($"'{missing.Name}' is not defined, so it has no '{Short(name)}'.");
            case Mapping fields when text is not null:
                var method = fields.IsNamespace ? null : Methods.Of(fields, text);
                if (isAttribute && method is not null)
                    return method;
                return fields.TryGet(text, out object? value) ? value : method ?? (object)new Undefined(text);
            case Loop loop when text is not null:
                return loop.Member(text);
            case MarkedText or Sequence when text is not null:
                return Methods.Of(of, text) ?? (object)new Undefined(text);
            case Sequence list when name is long or bool:
                return At(list.Count, Values.Integer(name)) is { } i ? list.Items[i] : new Undefined(Short(name));
            case MarkedText word when name is long or bool:
                return TextMethods.Slice(word, Values.Integer(name), null, 1, single: true) is { Length: > 0 } found
                    ? found : new Undefined(Short(name));
            default:
                return new Undefined(Short(name));
        }
    }

    private static string Short(object? name) => name switch
    {
        MarkedText text => text.Text.Length > 60 ? text.Text[..60] + "…" : text.Text,
        long number => $"{number}",
        _ => Values.Kind(name),
    };

    private static int? At(int count, long index) =>
        index < 0 ? index + count >= 0 ? (int)(index + count) : null : index < count ? (int)index : null;
}

/// <summary>a[from:to:step].</summary>
internal sealed class SliceOf(Place place, Expression of, Expression? from, Expression? to, Expression? step)
    : Expression(place)
{
    protected override object? Compute(Scope scope)
    {
        object? value = of.Evaluate(scope);
        long? start = Bound(from), end = Bound(to);
        long by = Bound(step) ?? 1;
        if (by == 0)
            throw new TemplateException("The step of a slice is 0.");
        switch (value)
        {
            case MarkedText text:
                return scope.Run.Made(TextMethods.Slice(text, start, end, by));
            case Sequence list:
                scope.Run.Spend(list.Count);
                return new Sequence([.. Indices(list.Count, start, end, by).Select(i => list.Items[i])], list.IsTuple);
            case Undefined missing:
                throw new TemplateException($"'{missing.Name}' is not defined, so nothing can be cut from it.");
            default:
                throw new TemplateException($"{Values.Kind(value)} can't be cut.");
        }

        long? Bound(Expression? bound) => bound?.Evaluate(scope) is { } number ? Values.Integer(number) : null;
    }

    /// <summary>Python's rules: counted from the end where negative, and what lies outside is left out.</summary>
    public static IEnumerable<int> Indices(int count, long? from, long? to, long step)
    {
        long Place(long? bound, long missing, long least, long most) => bound is not { } at ? missing
            : Math.Clamp(at < 0 ? at + count : at, least, most);
        long start = step > 0 ? Place(from, 0, 0, count) : Place(from, count - 1, -1, count - 1);
        long end = step > 0 ? Place(to, count, 0, count) : Place(to, -1, -1, count - 1);
        for (long i = start; step > 0 ? i < end : i > end; i += step)
            yield return (int)i;
    }
}

internal sealed class CallOf(Place place, Expression function, ArgumentList arguments) : Expression(place)
{
    protected override object? Compute(Scope scope) => Invoke(scope, function.Evaluate(scope), arguments.Read(scope));

    public static object? Invoke(Scope scope, object? called, Arguments arguments) => called switch
    {
        Function function => function.Call(scope.Run, arguments),
        Undefined missing => throw new TemplateException($"'{missing.Name}' is no function that templates have."),
        _ => throw new TemplateException($"{Values.Kind(called)} can't be called."),
    };
}

/// <summary>The arguments of a call as they are written.</summary>
/// <param name="List">*list: further values.</param>
/// <param name="Fields">**fields: further values with names.</param>
internal sealed record ArgumentList(IReadOnlyList<Expression> Positional,
    IReadOnlyList<(string Name, Expression Value)> Named, Expression? List = null, Expression? Fields = null)
{
    public static ArgumentList None { get; } = new([], []);

    /// <param name="first">What stands before them: the value that a filter is for.</param>
    public Arguments Read(Scope scope, params ReadOnlySpan<object?> first) => new(
        [
            .. first, .. Positional.Select(p => p.Evaluate(scope)),
            .. List is null ? [] : Values.Elements(scope.Run, List.Evaluate(scope)),
        ],
        [
            .. Named.Select(n => (n.Name, n.Value.Evaluate(scope))),
            .. (Fields?.Evaluate(scope) as Mapping)?.Select(f => (f.Key.Text, f.Value)) ?? [],
        ]);
}

/// <summary>a | filter(b).</summary>
internal sealed class FilterOf(Place place, Expression? of, string name, ArgumentList arguments) : Expression(place)
{
    private readonly Func<Run, Arguments, object?> _filter = Filters.Named(name, place);

    protected override object? Compute(Scope scope) => Apply(scope, of!.Evaluate(scope));

    public object? Apply(Scope scope, object? value) => _filter(scope.Run, arguments.Read(scope, value));
}

/// <summary>a is test(b).</summary>
internal sealed class TestOf(Place place, Expression of, string name, ArgumentList arguments, bool isNegated)
    : Expression(place)
{
    private readonly Func<Run, Arguments, bool> _test = ValueTests.Named(name, place);

    protected override object? Compute(Scope scope) =>
        _test(scope.Run, arguments.Read(scope, of.Evaluate(scope))) != isNegated;
}

/// <summary>a if b else c.</summary>
internal sealed class Choice(Place place, Expression condition, Expression then, Expression? otherwise)
    : Expression(place)
{
    protected override object? Compute(Scope scope) => Values.IsTrue(condition.Evaluate(scope)) ? then.Evaluate(scope)
        : otherwise is null ? new Undefined("the inline if without else") : otherwise.Evaluate(scope);
}

internal sealed class Not(Place place, Expression of) : Expression(place)
{
    protected override object? Compute(Scope scope) => !Values.IsTrue(of.Evaluate(scope));
}

/// <summary>a and b, a or b: the value that decides.</summary>
internal sealed class Logical(Place place, Expression left, Expression right, bool isAnd) : Expression(place)
{
    protected override object? Compute(Scope scope) =>
        left.Evaluate(scope) is var value && Values.IsTrue(value) == isAnd ? right.Evaluate(scope) : value;
}

/// <summary>a ~ b ~ c.</summary>
internal sealed class Concatenation(Place place, IReadOnlyList<Expression> parts) : Expression(place)
{
    protected override object? Compute(Scope scope) => scope.Run.Made(MarkedText.Join(
        MarkedText.Empty, parts.Select(p => Values.Print(scope.Run, p.Evaluate(scope)))));
}

/// <summary>a &lt; b &lt;= c: all of them hold.</summary>
internal sealed class Comparison(Place place, Expression first, IReadOnlyList<(string Sign, Expression Right)> others)
    : Expression(place)
{
    protected override object? Compute(Scope scope)
    {
        object? left = first.Evaluate(scope);
        foreach (var (sign, expression) in others)
        {
            object? right = expression.Evaluate(scope);
            if (!Operators.Holds(scope.Run, sign, left, right))
                return false;
            left = right;
        }
        return true;
    }
}

internal sealed class Arithmetic(Place place, string sign, Expression left, Expression right) : Expression(place)
{
    protected override object? Compute(Scope scope) =>
        Operators.Compute(scope.Run, sign, left.Evaluate(scope), right.Evaluate(scope));
}

/// <summary>-a or +a.</summary>
internal sealed class Signed(Place place, Expression of, bool isNegative) : Expression(place)
{
    protected override object? Compute(Scope scope) => of.Evaluate(scope) switch
    {
        double number => (object)(isNegative ? -number : number),
        var value => isNegative ? checked(-Values.Integer(value)) : Values.Integer(value),
    };
}
