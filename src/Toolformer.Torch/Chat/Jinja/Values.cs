using System.Collections;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Toolformer.Torch.Chat.Jinja;

/// <summary>A name or field that does not exist: nothing when printed or looped over, a fault beyond that.</summary>
internal sealed record Undefined(string Name);

/// <summary>A list or tuple.</summary>
internal sealed class Sequence(IReadOnlyList<object?> items, bool isTuple = false)
{
    public IReadOnlyList<object?> Items => items;

    public bool IsTuple => isTuple;

    public int Count => items.Count;
}

/// <summary>A dict, or a namespace: fields in the order in which they were set. A key keeps its marks.</summary>
internal sealed class Mapping(bool isNamespace = false) : IEnumerable<(MarkedText Key, object? Value)>
{
    private readonly OrderedDictionary<string, (MarkedText Key, object? Value)> _fields = [];

    /// <summary>Whether fields can be set; only a namespace's can.</summary>
    public bool IsNamespace => isNamespace;

    public int Count => _fields.Count;

    public bool TryGet(string key, out object? value)
    {
        bool found = _fields.TryGetValue(key, out var field);
        value = field.Value;
        return found;
    }

    public void Set(MarkedText key, object? value) => _fields[key.Text] = (key, value);

    public void Set(string key, object? value) => Set(MarkedText.Plain(key), value);

    public IEnumerator<(MarkedText Key, object? Value)> GetEnumerator() => _fields.Values.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

/// <summary>Something that can be called: a function, a macro, a method of a value.</summary>
internal sealed record Function(string Name, Func<Run, Arguments, object?> Call);

/// <summary>
/// What values mean, as Python has it. A value is null (None), bool, long, double, <see cref="MarkedText"/>,
/// <see cref="Sequence"/>, <see cref="Mapping"/>, <see cref="Loop"/>, <see cref="Function"/> or
/// <see cref="Undefined"/>: nothing of .NET can be reached from a template.
/// </summary>
internal static class Values
{
    /// <summary>JSON of a conversation as values: all its texts are marked.</summary>
    /// <exception cref="InvalidOperationException">A text has half of a surrogate pair.</exception>
    public static object? Of(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => OfObject(json),
        JsonValueKind.Array => new Sequence([.. json.EnumerateArray().Select(Of)]),
        JsonValueKind.String => MarkedText.Marked(json.GetString()!),
        JsonValueKind.Number => json.TryGetInt64(out long whole) ? (object)whole : json.GetDouble(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    public static bool IsTrue(object? value) => value switch
    {
        null or Undefined => false,
        bool truth => truth,
        long number => number != 0,
        double number => number != 0,
        MarkedText text => text.Length > 0,
        Sequence list => list.Count > 0,
        Mapping { IsNamespace: false } fields => fields.Count > 0,
        _ => true,
    };

    /// <summary>What a value is called in messages.</summary>
    public static string Kind(object? value) => value switch
    {
        null => "none",
        Undefined missing => $"'{missing.Name}', which is not defined",
        bool => "a truth value",
        long or double => "a number",
        MarkedText => "a text",
        Sequence { IsTuple: true } => "a tuple",
        Sequence => "a list",
        Mapping { IsNamespace: true } => "a namespace",
        Mapping => "a mapping",
        Loop => "the loop",
        _ => "a function",
    };

    public static bool IsNumber(object? value) => value is long or double or bool;

    public static double Number(object? value) => value switch
    {
        long number => number,
        double number => number,
        bool truth => truth ? 1 : 0,
        _ => throw new TemplateException($"{Kind(value)} stands where a number is expected."),
    };

    public static long Integer(object? value) => value switch
    {
        long number => number,
        bool truth => truth ? 1 : 0,
        _ => throw new TemplateException($"{Kind(value)} stands where a whole number is expected."),
    };

    public static MarkedText Text(object? value) => value as MarkedText
        ?? throw new TemplateException($"{Kind(value)} stands where a text is expected.");

    /// <summary>The elements that a loop over the value goes through.</summary>
    public static IReadOnlyList<object?> Elements(Run run, object? value)
    {
        IReadOnlyList<object?> elements = value switch
        {
            Sequence list => list.Items,
            Mapping { IsNamespace: false } fields => [.. fields.Select(f => f.Key)],
            MarkedText text => TextMethods.Characters(text),
            Undefined => [],
            _ => throw new TemplateException($"{Kind(value)} can't be looped over."),
        };
        run.Spend(elements.Count);
        return elements;
    }

    public static bool AreEqual(Run run, object? left, object? right)
    {
        Deeper(run);
        return (left, right) switch
        {
            (MarkedText a, MarkedText b) => a.Text == b.Text,
            (Sequence a, Sequence b) => a.Count == b.Count && a.IsTuple == b.IsTuple
                && a.Items.Zip(b.Items).All(pair => AreEqual(run, pair.First, pair.Second)),
            (Mapping { IsNamespace: false } a, Mapping { IsNamespace: false } b) => a.Count == b.Count
                && a.All(f => b.TryGet(f.Key.Text, out var other) && AreEqual(run, f.Value, other)),
            (Undefined, Undefined) => true,
            (null, null) => true,
            (long a, long b) => a == b,
            _ when IsNumber(left) && IsNumber(right) => Number(left) == Number(right),
            _ => ReferenceEquals(left, right),
        };
    }

    /// <summary>Less than 0, 0, or more: how two values are ordered.</summary>
    public static int Compare(Run run, object? left, object? right)
    {
        Deeper(run);
        if (left is MarkedText a && right is MarkedText b)
            return string.CompareOrdinal(a.Text, b.Text);
        if (left is Sequence first && right is Sequence second && first.IsTuple == second.IsTuple)
        {
            foreach (var (x, y) in first.Items.Zip(second.Items))
            {
                if (!AreEqual(run, x, y))
                    return Compare(run, x, y);
            }
            return first.Count.CompareTo(second.Count);
        }
        return left is long i && right is long j ? i.CompareTo(j)
            : IsNumber(left) && IsNumber(right) ? Number(left).CompareTo(Number(right))
            : throw new TemplateException($"{Kind(left)} and {Kind(right)} have no order.");
    }

    /// <summary>The value as {{ }} prints it.</summary>
    public static MarkedText Print(Run run, object? value)
    {
        if (value is MarkedText text)
            return text;
        if (value is Undefined)
            return MarkedText.Empty;
        var builder = new MarkedText.Builder();
        Represent(run, value, builder);
        return builder.ToText();
    }

    /// <summary>The value as Python writes it within a list.</summary>
    public static void Represent(Run run, object? value, MarkedText.Builder into)
    {
        Deeper(run);
        switch (value)
        {
            case MarkedText text:
                run.Spend(text.Length);
                TextMethods.Quote(text, into);
                break;
            case Sequence list:
                into.Append(list.IsTuple ? "(" : "[");
                foreach (var (i, item) in list.Items.Index())
                {
                    into.Append(i > 0 ? ", " : "");
                    Represent(run, item, into);
                }
                into.Append(list.IsTuple ? list.Count == 1 ? ",)" : ")" : "]");
                break;
            case Mapping fields:
                into.Append(fields.IsNamespace ? "<Namespace {" : "{");
                foreach (var (i, (key, field)) in fields.Index())
                {
                    into.Append(i > 0 ? ", " : "");
                    Represent(run, key, into);
                    into.Append(": ");
                    Represent(run, field, into);
                }
                into.Append(fields.IsNamespace ? "}>" : "}");
                break;
            default:
                into.Append(value switch
                {
                    null => "None",
                    bool truth => truth ? "True" : "False",
                    long number => number.ToString(CultureInfo.InvariantCulture),
                    double number => Print(number),
                    Undefined => "Undefined",
                    _ => throw new TemplateException($"{Kind(value)} can't be printed."),
                });
                break;
        }
    }

    /// <summary>A number as Python prints it: the shortest that is read as the same.</summary>
    public static string Print(double number)
    {
        if (!double.IsFinite(number))
            return double.IsNaN(number) ? "nan" : number > 0 ? "inf" : "-inf";
        double size = Math.Abs(number);
        if (size != 0 && size is < 1e-4 or >= 1e16)
        {
            string text = number.ToString("E16", CultureInfo.InvariantCulture);
            for (int digits = 0; digits < 17; digits++)
            {
                string shorter = number.ToString("E" + digits, CultureInfo.InvariantCulture);
                if (double.Parse(shorter, CultureInfo.InvariantCulture) != number)
                    continue;
                text = shorter;
                break;
            }
            string[] parts = text.Split('E');
            return $"{parts[0]}e{parts[1][0]}{parts[1][1..].TrimStart('0').PadLeft(2, '0')}";
        }
        string plain = decimal.TryParse(number.ToString("R", CultureInfo.InvariantCulture), NumberStyles.Float,
            CultureInfo.InvariantCulture, out decimal exact) && exact != 0
            ? exact.ToString(CultureInfo.InvariantCulture)
            : number.ToString("R", CultureInfo.InvariantCulture);
        return plain.Contains('.') ? plain : plain + ".0";
    }

    /// <summary>Counts a step into a value, and refuses one that is nested too deeply to be walked through.</summary>
    public static void Deeper(Run run)
    {
        run.Spend(1);
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw new TemplateException("Something is nested too deeply.");
    }

    private static Mapping OfObject(JsonElement json)
    {
        var fields = new Mapping();
        foreach (var field in json.EnumerateObject())
            fields.Set(MarkedText.Marked(field.Name), Of(field.Value));
        return fields;
    }
}
