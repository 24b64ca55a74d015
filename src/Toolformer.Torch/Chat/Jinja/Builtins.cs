using System.Globalization;
using System.Text;

namespace Toolformer.Torch.Chat.Jinja;

/// <summary>The functions that chat templates find: Jinja's, and those that transformers adds.</summary>
internal static class Builtins
{
    public static IReadOnlyDictionary<string, Function> Globals { get; } = new Function[]
    {
        new("raise_exception", (run, given) => throw new TemplateException(
            Values.Print(run, given.Bind("message")[0]).Text) { IsRaised = true }),
        new("strftime_now", (run, given) => MarkedText.Plain(
            Date(run.Clock.GetLocalNow(), Values.Text(given.Bind("format")[0]).Text))),
        new("range", Range),
        new("namespace", (_, given) => Fields(given, isNamespace: true)),
        new("dict", (_, given) => Fields(given, isNamespace: false)),
    }.ToDictionary(f => f.Name);

    private static object? Range(Run run, Arguments given)
    {
        long[] numbers = [.. given.Positional.Select(Values.Integer)];
        if (numbers.Length is 0 or > 3 || given.Named.Count > 0)
            throw new TemplateException("range takes one to three whole numbers.");
        long from = numbers.Length == 1 ? 0 : numbers[0], to = numbers.Length == 1 ? numbers[0] : numbers[1];
        long step = numbers.Length == 3 ? numbers[2] : 1;
        if (step == 0)
            throw new TemplateException("The step of range is 0.");
        var count = step > 0 ? ((Int128)to - from + step - 1) / step : ((Int128)from - to - step - 1) / -(Int128)step;
        run.Spend((long)Int128.Clamp(count, 0, Run.MostWork + 1));
        return new Sequence(
            [.. Enumerable.Range(0, (int)Int128.Max(0, count)).Select(i => (object?)(from + i * step))]);
    }

    private static Mapping Fields(Arguments given, bool isNamespace)
    {
        var mapping = new Mapping(isNamespace);
        foreach (object? source in given.Positional)
        {
            foreach (var (key, value) in source as Mapping
                ?? throw new TemplateException($"{Values.Kind(source)} stands where a mapping is expected."))
                mapping.Set(key, value);
        }
        foreach (var (name, value) in given.Named)
            mapping.Set(name, value);
        return mapping;
    }

    /// <summary>C's strftime in English.</summary>
    private static string Date(DateTimeOffset time, string format)
    {
        var text = new StringBuilder();
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                text.Append(format[i]);
                continue;
            }
            bool isShort = format[++i] == '-' && i + 1 < format.Length;
            char kind = format[i += isShort ? 1 : 0];
            string net = kind switch
            {
                'Y' => "yyyy",
                'm' => "MM",
                'd' => "dd",
                'H' => "HH",
                'I' => "hh",
                'M' => "mm",
                'S' => "ss",
                'y' => "yy",
                'b' or 'h' => "MMM",
                'B' => "MMMM",
                'a' => "ddd",
                'A' => "dddd",
                'p' => "tt",
                'F' => "yyyy-MM-dd",
                'T' => "HH:mm:ss",
                'D' => "MM/dd/yy",
                'R' => "HH:mm",
                'z' => "zzz",
                _ => "",
            };
            string part = kind switch
            {
                '%' => "%",
                'j' => $"{time.DayOfYear:000}",
                'e' => $"{time.Day,2}",
                'f' => $"{time.Microsecond + time.Millisecond * 1000:000000}",
                'z' => time.ToString(net, CultureInfo.InvariantCulture).Replace(":", ""),
                _ when net.Length == 0 => throw new TemplateException($"strftime_now knows no '%{kind}'."),
                _ => time.ToString(net, CultureInfo.InvariantCulture),
            };
            text.Append(isShort && part.Length > 1 ? part.TrimStart('0') is { Length: > 0 } rest ? rest : "0" : part);
        }
        return text.ToString();
    }
}
