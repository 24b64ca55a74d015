using System.Runtime.CompilerServices;

namespace Toolformer.Torch.Chat.Jinja;

/// <summary>One rendering: what it may still cost, and the time that it is told.</summary>
/// <remarks>
/// A template comes with a model that somebody downloaded, so it may be made to hang or to fill the memory. Every
/// evaluation costs 1, every element of a list 1, every sixteen characters of a text 1.
/// </remarks>
internal sealed class Run(TimeProvider clock)
{
    /// <summary>Enough for thousands of long messages, and over within a second or two.</summary>
    public const long MostWork = 5_000_000;

    /// <summary>Enough for what people write; a macro that calls itself takes about eight a time.</summary>
    private const int MostDepth = 1000;

    private long _left = MostWork;
    private int _depth;

    public TimeProvider Clock => clock;

    /// <exception cref="TemplateException">Nothing is left.</exception>
    public void Spend(long work)
    {
        _left -= work;
        if (_left < 0)
            throw new TemplateException($"The template has worked more than {MostWork:N0} steps.");
    }

    /// <summary>Begins an evaluation within another.</summary>
    /// <exception cref="TemplateException">They are nested too deeply.</exception>
    public void Enter(Place place)
    {
        if (++_depth > MostDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw new TemplateException("Expressions, tags or macros are nested too deeply.", place);
        Spend(1);
    }

    public void Leave() => _depth--;

    /// <summary>Pays for a text that was made.</summary>
    public MarkedText Made(MarkedText text)
    {
        Spend(text.Length / 16);
        return text;
    }
}

/// <summary>The variables that can be seen from a place in the template: its own, then those around it.</summary>
internal sealed class Scope(Run run, MarkedText.Builder output, Scope? outer)
{
    private readonly Dictionary<string, object?> _variables = [];

    public Run Run => run;

    /// <summary>Where text is written to.</summary>
    public MarkedText.Builder Output => output;

    public object? this[string name]
    {
        get
        {
            for (var scope = this; scope is not null; scope = scope.Outer)
            {
                if (scope._variables.TryGetValue(name, out object? value))
                    return value;
            }
            return Builtins.Globals.TryGetValue(name, out var function) ? function : new Undefined(name);
        }
        set => _variables[name] = value;
    }

    private Scope? Outer => outer;

    /// <summary>A scope within this one, perhaps with a place of its own for what is written.</summary>
    public Scope Inner(MarkedText.Builder? into = null) => new(run, into ?? output, this);

    public void Write(MarkedText text) => output.Append(run.Made(text));
}

/// <summary>What a call was given.</summary>
internal sealed record Arguments(IReadOnlyList<object?> Positional, IReadOnlyList<(string Name, object? Value)> Named)
{
    public static Arguments Of(params object?[] positional) => new(positional, []);

    /// <summary>The values in the order of the parameters; what was not given is <see cref="Undefined"/>.</summary>
    /// <exception cref="TemplateException">There are more, or others.</exception>
    public object?[] Bind(params ReadOnlySpan<string> parameters)
    {
        if (Positional.Count > parameters.Length)
            throw new TemplateException($"{Positional.Count} arguments were given; it takes {parameters.Length}.");
        var values = new object?[parameters.Length];
        for (int i = 0; i < values.Length; i++)
            values[i] = i < Positional.Count ? Positional[i] : new Undefined(parameters[i]);
        foreach (var (name, value) in Named)
        {
            int at = parameters.IndexOf(name);
            if (at < 0)
                throw new TemplateException($"It takes no argument '{name}'"
                    + (parameters.Length > 0 ? $", only {string.Join(", ", parameters.ToArray())}." : "."));
            values[at] = value;
        }
        return values;
    }
}
