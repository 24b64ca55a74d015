namespace Toolformer.Torch.Chat.Jinja;

/// <summary>What can stand after "is".</summary>
internal static class ValueTests
{
    private static readonly Dictionary<string, Func<Run, Arguments, bool>> All = new()
    {
        ["defined"] = Of(value => value is not Undefined),
        ["undefined"] = Of(value => value is Undefined),
        ["none"] = Of(value => value is null),
        ["string"] = Of(value => value is MarkedText),
        ["mapping"] = Of(value => value is Mapping { IsNamespace: false }),
        ["sequence"] = Of(value => value is MarkedText or Sequence or Mapping { IsNamespace: false } or Undefined),
        ["iterable"] = Of(value => value is MarkedText or Sequence or Mapping { IsNamespace: false } or Undefined),
        ["number"] = Of(Values.IsNumber),
        ["integer"] = Of(value => value is long),
        ["float"] = Of(value => value is double),
        ["boolean"] = Of(value => value is bool),
        ["true"] = Of(value => value is true),
        ["false"] = Of(value => value is false),
        ["callable"] = Of(value => value is Function),
        ["odd"] = Of(value => Values.Integer(value) % 2 != 0),
        ["even"] = Of(value => Values.Integer(value) % 2 == 0),
        ["lower"] = Cased("islower"),
        ["upper"] = Cased("isupper"),
        ["divisibleby"] = (_, given) => given.Bind("value", "num") is var v
            && Values.Integer(v[1]) is var by && by != 0 ? Values.Integer(v[0]) % by == 0
                : throw new TemplateException("Nothing is divisible by 0."),
        ["sameas"] = (run, given) => given.Bind("value", "other") is [var a, var b]
            && (a is null or bool || ReferenceEquals(a, b)) && a?.GetType() == b?.GetType()
            && Values.AreEqual(run, a, b),
        ["in"] = Sign("in"),
        ["eq"] = Sign("=="),
        ["equalto"] = Sign("=="),
        ["ne"] = Sign("!="),
        ["lt"] = Sign("<"),
        ["lessthan"] = Sign("<"),
        ["le"] = Sign("<="),
        ["gt"] = Sign(">"),
        ["greaterthan"] = Sign(">"),
        ["ge"] = Sign(">="),
    };

    /// <exception cref="TemplateException">There is none of this name.</exception>
    public static Func<Run, Arguments, bool> Named(string name, Place? place = null) =>
        All.TryGetValue(name, out var test) ? test
            : throw new TemplateException(Spelling.Unknown("test", name, All.Keys), place);

    private static Func<Run, Arguments, bool> Of(Func<object?, bool> holds) =>
        (_, given) => holds(given.Bind("value")[0]);

    private static Func<Run, Arguments, bool> Cased(string method) => (run, given) =>
        Methods.Of(Values.Text(given.Bind("value")[0]), method)!.Call(run, Arguments.Of()) is true;

    private static Func<Run, Arguments, bool> Sign(string sign) =>
        (run, given) => given.Bind("value", "other") is var v && Operators.Holds(run, sign, v[0], v[1]);
}
