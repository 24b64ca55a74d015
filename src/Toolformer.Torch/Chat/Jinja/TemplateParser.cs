using System.Runtime.CompilerServices;

namespace Toolformer.Torch.Chat.Jinja;

/// <summary>Reads the statements of a template.</summary>
internal sealed class TemplateParser(IReadOnlyList<TemplateToken> tokens) : ExpressionParser(tokens)
{
    private static readonly string[] Tags =
        ["if", "for", "set", "macro", "call", "filter", "with", "generation", "break", "continue", "raw"];

    private int _loops;

    public Block ReadTemplate()
    {
        var whole = Statements();
        return Current.Kind == TokenKind.End ? whole
            : throw new TemplateException($"{{% {Current.Text} %}} ends nothing that was begun.", Current.Place);
    }

    /// <summary>Statements up to a tag that begins none; its name is then the current token.</summary>
    private Block Statements()
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw new TemplateException("Tags are nested too deeply.", Current.Place);
        var place = Current.Place;
        var statements = new List<Statement>();
        while (true)
        {
            var token = Current;
            switch (token.Kind)
            {
                case TokenKind.Data:
                    Take();
                    statements.Add(new Output(
                        token.Place, new Constant(token.Place, MarkedText.Plain(token.Text))));
                    break;
                case TokenKind.VariableBegin:
                    Take();
                    statements.Add(new Output(token.Place, Tuple()));
                    Expect(TokenKind.VariableEnd, "'}}'");
                    break;
                case TokenKind.BlockBegin:
                    Take();
                    if (Current.Text is "else" or "elif" || Current.Text.StartsWith("end", StringComparison.Ordinal))
                        return new Block(place, statements);
                    statements.Add(Tag(token.Place));
                    break;
                default:
                    return new Block(place, statements);
            }
        }
    }

    private Statement Tag(Place place)
    {
        var name = Expect(TokenKind.Name, "the name of a tag");
        switch (name.Text)
        {
            case "if":
                return IfTag(place);
            case "for":
                return ForTag(place);
            case "set":
                return SetTag(place);
            case "macro":
                return MacroTag(place);
            case "call":
                return CallTag(place);
            case "filter":
                var filters = FiltersOf(Filter(null));
                return new FilterBlock(place, filters, Body("endfilter"));
            case "with":
                return WithTag(place);
            case "generation":
                return new With(place, [], Body("endgeneration"));
            case "break" or "continue":
                if (_loops == 0)
                    throw new TemplateException($"{{% {name.Text} %}} stands outside of a loop.", place);
                EndTag();
                return new Jump(place, name.Text == "break" ? Ending.Break : Ending.Continue);
            default:
                throw new TemplateException(Spelling.Unknown("tag", name.Text, Tags), name.Place);
        }
    }

    private void EndTag() => Expect(TokenKind.BlockEnd, "'%}'");

    /// <summary>The rest of a tag, statements, and the tag that ends them.</summary>
    private Block Body(string end)
    {
        EndTag();
        var body = Statements();
        Close(end);
        return body;
    }

    private void Close(string end)
    {
        if (!Current.Is(end))
            throw Unexpected($"{{% {end} %}}");
        Take();
        EndTag();
    }

    private If IfTag(Place place)
    {
        var branches = new List<(Expression?, Block)>();
        Expression? condition = Tuple();
        while (true)
        {
            EndTag();
            branches.Add((condition, Statements()));
            if (condition is not null && Skip("elif"))
                condition = Tuple();
            else if (condition is not null && Skip("else"))
                condition = null;
            else
                break;
        }
        Close("endif");
        return new If(place, branches);
    }

    private For ForTag(Place place)
    {
        var target = TargetOf();
        Expect("in");
        var over = Tuple(withChoice: false);
        var condition = Skip("if") ? Expression() : null;
        if (Current.Is("recursive"))
            throw new TemplateException("Recursive loops are not done; chat templates have none.", Current.Place);
        EndTag();
        _loops++;
        var body = Statements();
        _loops--;
        Block? empty = null;
        if (Skip("else"))
        {
            EndTag();
            empty = Statements();
        }
        Close("endfor");
        return new For(place, target, over, condition, body, empty);
    }

    private Statement SetTag(Place place)
    {
        var target = TargetOf();
        if (Skip("="))
        {
            var value = Tuple();
            EndTag();
            return new Set(place, target, value);
        }
        var filters = Skip("|") ? FiltersOf(Filter(null)) : [];
        return new SetBlock(place, target, Body("endset"), filters);
    }

    private List<FilterOf> FiltersOf(FilterOf first)
    {
        var filters = new List<FilterOf> { first };
        while (Skip("|"))
            filters.Add(Filter(null));
        return filters;
    }

    private Macro MacroTag(Place place)
    {
        string name = Expect(TokenKind.Name, "the macro's name").Text;
        return new Macro(place, name, Parameters(), FunctionBody("endmacro"));
    }

    private CallBlock CallTag(Place place)
    {
        var parameters = Current.Is("(") ? Parameters() : [];
        string name = Expect(TokenKind.Name, "the macro to call").Text;
        var arguments = Arguments();
        return new CallBlock(place, new Macro(place, "caller", parameters, FunctionBody("endcall")),
            new Name(place, name), arguments);
    }

    /// <summary>A loop around a macro is none that it could leave.</summary>
    private Block FunctionBody(string end)
    {
        (int loops, _loops) = (_loops, 0);
        var body = Body(end);
        _loops = loops;
        return body;
    }

    private List<(string, Expression?)> Parameters()
    {
        var parameters = new List<(string, Expression?)>();
        Expect("(");
        while (!Skip(")"))
        {
            if (parameters.Count > 0)
                Expect(",");
            string name = Expect(TokenKind.Name, "a parameter").Text;
            parameters.Add((name, Skip("=") ? Expression() : null));
        }
        return parameters;
    }

    private With WithTag(Place place)
    {
        var variables = new List<(Target, Expression)>();
        while (Current.Kind != TokenKind.BlockEnd)
        {
            if (variables.Count > 0)
                Expect(",");
            var target = TargetOf();
            Expect("=");
            variables.Add((target, Expression()));
        }
        return new With(place, variables, Body("endwith"));
    }

    private Target TargetOf()
    {
        var place = Current.Place;
        var targets = new List<Target>();
        bool isTuple = false;
        do
        {
            if (targets.Count > 0 && (Current.Is("in") || Current.Is("=")))
                break;
            targets.Add(SingleTarget());
            isTuple |= Current.Is(",");
        }
        while (Skip(","));
        return isTuple ? new Target(place, null, null, targets) : targets[0];
    }

    private Target SingleTarget()
    {
        var place = Current.Place;
        if (Skip("("))
        {
            var inner = TargetOf();
            Expect(")");
            return inner;
        }
        string name = Expect(TokenKind.Name, "a name").Text;
        string? field = Skip(".") ? Expect(TokenKind.Name, "a name").Text : null;
        return new Target(place, name, field, []);
    }
}
