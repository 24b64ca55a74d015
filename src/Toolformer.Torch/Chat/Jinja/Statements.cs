namespace Toolformer.Torch.Chat.Jinja;

/// <summary>How the statements of a block ended.</summary>
internal enum Ending
{
    Done,
    Break,
    Continue,
}

/// <summary>A part of a template that writes text or sets variables.</summary>
internal abstract class Statement(Place place)
{
    public Ending Execute(Scope scope)
    {
        scope.Run.Enter(place);
        try
        {
            return Do(scope);
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

    protected abstract Ending Do(Scope scope);
}

internal sealed class Block(Place place, IReadOnlyList<Statement> statements) : Statement(place)
{
    /// <summary>What the block writes, as a text of its own.</summary>
    public MarkedText Written(Scope scope)
    {
        var output = new MarkedText.Builder();
        Execute(scope.Inner(output));
        return scope.Run.Made(output.ToText());
    }

    protected override Ending Do(Scope scope)
    {
        foreach (var statement in statements)
        {
            if (statement.Execute(scope) is var ending and not Ending.Done)
                return ending;
        }
        return Ending.Done;
    }
}

/// <summary>Text between tags, or {{ a value }}.</summary>
internal sealed class Output(Place place, Expression value) : Statement(place)
{
    protected override Ending Do(Scope scope)
    {
        scope.Write(Values.Print(scope.Run, value.Evaluate(scope)));
        return Ending.Done;
    }
}

internal sealed class If(Place place, IReadOnlyList<(Expression? Condition, Block Body)> branches) : Statement(place)
{
    protected override Ending Do(Scope scope)
    {
        foreach (var (condition, body) in branches)
        {
            if (condition is null || Values.IsTrue(condition.Evaluate(scope)))
                return body.Execute(scope);
        }
        return Ending.Done;
    }
}

/// <summary>{% for %}: a scope of its own for every element, and "loop".</summary>
internal sealed class For(Place place, Target target, Expression over, Expression? condition, Block body, Block? empty)
    : Statement(place)
{
    protected override Ending Do(Scope scope)
    {
        var elements = Values.Elements(scope.Run, over.Evaluate(scope));
        if (condition is not null)
            elements = [.. elements.Where(element =>
            {
                var inner = scope.Inner();
                target.Set(inner, element);
                return Values.IsTrue(condition.Evaluate(inner));
            })];
        var loop = new Loop(elements);
        foreach (object? element in elements)
        {
            var inner = scope.Inner();
            inner["loop"] = loop;
            target.Set(inner, element);
            if (body.Execute(inner) == Ending.Break)
                break;
            loop.Index++;
        }
        return elements.Count == 0 && empty is not null ? empty.Execute(scope.Inner()) : Ending.Done;
    }
}

internal sealed class Jump(Place place, Ending ending) : Statement(place)
{
    protected override Ending Do(Scope scope) => ending;
}

/// <summary>{% set a = b %}, {% set a, b = c %} and {% set namespace.a = b %}.</summary>
internal sealed class Set(Place place, Target target, Expression value) : Statement(place)
{
    protected override Ending Do(Scope scope)
    {
        target.Set(scope, value.Evaluate(scope));
        return Ending.Done;
    }
}

/// <summary>{% set a %} … {% endset %}, and {% set a | filter %}.</summary>
internal sealed class SetBlock(Place place, Target target, Block body, IReadOnlyList<FilterOf> filters)
    : Statement(place)
{
    protected override Ending Do(Scope scope)
    {
        object? value = body.Written(scope);
        foreach (var filter in filters)
            value = filter.Apply(scope, value);
        target.Set(scope, value);
        return Ending.Done;
    }
}

/// <summary>{% filter a %} … {% endfilter %}.</summary>
internal sealed class FilterBlock(Place place, IReadOnlyList<FilterOf> filters, Block body) : Statement(place)
{
    protected override Ending Do(Scope scope)
    {
        object? value = body.Written(scope);
        foreach (var filter in filters)
            value = filter.Apply(scope, value);
        scope.Write(Values.Print(scope.Run, value));
        return Ending.Done;
    }
}

/// <summary>{% with a = b %} … {% endwith %}, and {% generation %}, which only trainers heed.</summary>
internal sealed class With(Place place, IReadOnlyList<(Target Target, Expression Value)> variables, Block body)
    : Statement(place)
{
    protected override Ending Do(Scope scope)
    {
        var inner = scope.Inner();
        foreach (var (target, value) in variables)
            target.Set(inner, value.Evaluate(scope));
        return body.Execute(inner);
    }
}

/// <summary>{% macro name(a, b=c) %}: a function that sees the variables of where it stands.</summary>
internal sealed class Macro(
    Place place, string name, IReadOnlyList<(string Name, Expression? Default)> parameters, Block body)
    : Statement(place)
{
    private readonly string[] _names = [.. parameters.Select(p => p.Name), "caller"];

    /// <param name="scope">Where the macro is defined.</param>
    public Function Bound(Scope scope) => new(name, (_, arguments) =>
    {
        var inner = scope.Inner();
        object?[] values = arguments.Bind(_names);
        for (int i = 0; i < parameters.Count; i++)
        {
            inner[parameters[i].Name] = values[i] is Undefined && parameters[i].Default is { } usual
                ? usual.Evaluate(inner) : values[i];
        }
        inner["caller"] = values[^1];
        return body.Written(inner);
    });

    protected override Ending Do(Scope scope)
    {
        scope[name] = Bound(scope);
        return Ending.Done;
    }
}

/// <summary>{% call macro(a) %} … {% endcall %}: the macro finds the block as caller().</summary>
internal sealed class CallBlock(Place place, Macro block, Expression called, ArgumentList arguments) : Statement(place)
{
    protected override Ending Do(Scope scope)
    {
        var given = arguments.Read(scope);
        given = given with { Named = [.. given.Named, ("caller", block.Bound(scope))] };
        scope.Write(Values.Print(scope.Run, CallOf.Invoke(scope, called.Evaluate(scope), given)));
        return Ending.Done;
    }
}

/// <summary>What a value is given to: a name, several, or a field of a namespace.</summary>
internal sealed record Target(Place Place, string? Name, string? Field, IReadOnlyList<Target> Several)
{
    public void Set(Scope scope, object? value)
    {
        if (Field is not null)
        {
            if (scope[Name!] is not Mapping { IsNamespace: true } space)
                throw new TemplateException($"'{Name}' is {Values.Kind(scope[Name!])}; only a namespace's fields can "
                    + "be set.", Place);
            space.Set(Field, value);
            return;
        }
        if (Name is not null)
        {
            scope[Name] = value;
            return;
        }
        var elements = Values.Elements(scope.Run, value);
        if (elements.Count != Several.Count)
            throw new TemplateException(
                $"{elements.Count} values are given to {Several.Count} names.", Place);
        foreach (var (target, element) in Several.Zip(elements))
            target.Set(scope, element);
    }
}

/// <summary>The "loop" of a {% for %}.</summary>
internal sealed class Loop(IReadOnlyList<object?> elements)
{
    private object? _last = new Undefined("changed");

    public int Index { get; set; }

    public object? Member(string name) => name switch
    {
        "index" => Index + 1L,
        "index0" => (long)Index,
        "revindex" => (long)(elements.Count - Index),
        "revindex0" => elements.Count - Index - 1L,
        "first" => Index == 0,
        "last" => Index == elements.Count - 1,
        "length" => (long)elements.Count,
        "depth" => 1L,
        "depth0" => 0L,
        "previtem" => Index > 0 ? elements[Index - 1] : new Undefined("loop.previtem"),
        "nextitem" => Index + 1 < elements.Count ? elements[Index + 1] : new Undefined("loop.nextitem"),
        "cycle" => new Function("loop.cycle", (_, given) => given.Positional.Count > 0
            ? given.Positional[Index % given.Positional.Count]
            : throw new TemplateException("loop.cycle needs values to choose from.")),
        "changed" => new Function("loop.changed", (run, given) =>
        {
            object? now = new Sequence(given.Positional);
            bool changed = !Values.AreEqual(run, now, _last);
            _last = now;
            return changed;
        }),
        _ => new Undefined("loop." + name),
    };
}
