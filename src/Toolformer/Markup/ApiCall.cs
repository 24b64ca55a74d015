namespace Toolformer.Markup;

/// <summary>
/// A call c = (a_c, i_c) of the paper (section 2): the tool's name and its text input, with its result r once it has
/// been executed. A null <paramref name="Result"/> is e(c), not yet executed; an empty one is e(c, ε).
/// </summary>
public sealed record ApiCall(string Tool, string Input, string? Result = null);
