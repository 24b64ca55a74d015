using System.Reflection;

namespace Toolformer;

/// <summary>
/// Finds what the project offers of a kind (tools, evaluation tasks, model families), so that one new file adds one
/// thing without being listed anywhere. The only place with reflection.
/// </summary>
/// <remarks>
/// What counts is every visible class that is a <c>T</c> and has a public constructor whose parameters can be filled:
/// each with the first of the parts that fits its type, else with its default value. The constructor that takes most
/// parts wins. A class without such a constructor needs something that only its user knows; he makes it himself.
/// </remarks>
public static class Catalog
{
    /// <summary>One of each <typeparamref name="T"/> of its own assembly, in order of the class names.</summary>
    public static IReadOnlyList<T> Find<T>(params object[] parts) where T : class =>
        FindIn<T>(typeof(T).Assembly, parts);

    /// <summary>The same for another assembly, such as one with somebody's own tools.</summary>
    public static IReadOnlyList<T> FindIn<T>(Assembly assembly, params object[] parts) where T : class =>
        [.. assembly.GetTypes()
            .Where(t => t is { IsClass: true, IsAbstract: false, IsVisible: true, IsGenericTypeDefinition: false }
                && t.IsAssignableTo(typeof(T)))
            .OrderBy(t => t.Name, StringComparer.Ordinal)
            .Select(t => (T?)Make(t, parts))
            .OfType<T>()];

    private static object? Make(Type type, object[] parts)
    {
        object? Fill(ParameterInfo parameter) => parts.FirstOrDefault(parameter.ParameterType.IsInstanceOfType)
            ?? (parameter.HasDefaultValue ? parameter.DefaultValue : Missing.Value);

        var best = type.GetConstructors()
            .Select(c => (Constructor: c, Arguments: c.GetParameters().Select(Fill).ToArray()))
            .Where(c => !c.Arguments.Contains(Missing.Value))
            .OrderByDescending(c => c.Arguments.Count(a => parts.Contains(a)))
            .FirstOrDefault();
        return best.Constructor?.Invoke(BindingFlags.DoNotWrapExceptions, null, best.Arguments, null);
    }
}
