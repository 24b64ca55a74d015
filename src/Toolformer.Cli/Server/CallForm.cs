using System.Text.Json;
using System.Text.Json.Nodes;

namespace Toolformer.Cli.Server;

/// <summary>
/// How an instruct model writes calls of a client's functions by itself, known by its chat template. Other forms stay
/// text.
/// </summary>
/// <param name="Marks">One of these stands in the templates of such models.</param>
/// <param name="Openings">What a call begins with.</param>
/// <param name="OnlyAtStart">Whether a call is the whole answer.</param>
/// <param name="Begin">The beginning of a call, up to the function's name.</param>
/// <param name="AfterName">What stands between the name and the arguments.</param>
internal sealed record CallForm(string[] Marks, string[] Openings, bool OnlyAtStart, string Begin, string AfterName,
    Func<string, IEnumerable<(string Name, JsonNode? Arguments)>> Read)
{
    private static readonly CallForm[] All =
    [
        // [TOOL_CALLS] [{"name": …, "arguments": {…}}]: Mistral.
        new(["[TOOL_CALLS]"], ["[TOOL_CALLS]"], false, "[TOOL_CALLS][{\"name\": \"", "\", \"arguments\": ",
            text => Objects(JsonNode.Parse(text["[TOOL_CALLS]".Length..]))),
        // <tool_call>{"name": …, "arguments": {…}}</tool_call>: Hermes, Qwen and many others.
        new(["<tool_call>"], ["<tool_call>"], false, "<tool_call>\n{\"name\": \"", "\", \"arguments\": ",
            text => Enclosed(text, "<tool_call>", "</tool_call>")
                .SelectMany(call => Objects(JsonNode.Parse(call)))),
        // <function=name>{…}</function>: Llama 3.1 with functions of one's own.
        new(["<function="], ["<function="], false, "<function=", ">",
            text => Enclosed(text, "<function=", "</function>").Select(call =>
                call.Split('>', 2) is [var name, var given] ? (name.Trim(), JsonNode.Parse(given))
                    : throw new JsonException("it has no arguments"))),
        // {"name": …, "parameters": {…}}, perhaps after <|python_tag|>: Llama 3.
        new(["<|python_tag|>", "\"parameters\": dictionary"], ["{", "<|python_tag|>"], true, "{\"name\": \"",
            "\", \"parameters\": ", text => Objects(JsonNode.Parse(text.TrimStart().Replace("<|python_tag|>", "")))),
    ];

    /// <summary>The form that a template asks its model for; null: none that is known.</summary>
    public static CallForm? Of(string template) =>
        Array.Find(All, form => form.Marks.Any(mark => template.Contains(mark, StringComparison.Ordinal)));

    private static IEnumerable<string> Enclosed(string text, string open, string close) =>
        text.Split(open, StringSplitOptions.RemoveEmptyEntries).Select(part => part.Split(close) switch
        {
            [var call] => call,
            [var call, var rest] when rest.Trim().Length == 0 => call,
            _ => throw new JsonException("text stands between calls"),
        });

    private static IEnumerable<(string, JsonNode?)> Objects(JsonNode? calls) =>
        (calls is JsonArray several ? [.. several] : new[] { calls }).Select(call =>
            call is JsonObject fields && fields["name"] is JsonValue name && name.TryGetValue(out string? text)
                ? (text, fields["arguments"] ?? fields["parameters"])
                : throw new JsonException("it names no function"));
}

/// <summary>An answer of which the calls are told from the words while it is written.</summary>
/// <param name="begun">What the answer was made to begin with.</param>
internal sealed class WrittenCalls(CallForm form, IReadOnlyList<CallerTool> tools, string begun)
{
    private string _text = begun;
    private int _shown;

    /// <summary>The calls, once the answer has ended.</summary>
    public IReadOnlyList<(string Name, string Arguments)> Calls { get; private set; } = [];

    /// <summary>The words beside the calls.</summary>
    public string Words => _text[.._shown];

    /// <summary>Takes in what was written; returns what can be shown of it, which begins no call.</summary>
    public string Add(string added, bool isLast)
    {
        _text += added;
        int begin = Opening();
        if (isLast)
            Calls = begin < _text.Length ? Read(_text[begin..]) : [];
        // White space before a call is none of the words, so it waits for what follows.
        int end = isLast && Calls.Count == 0 ? _text.Length
            : Math.Max(_shown, _text.AsSpan(0, begin).TrimEnd().Length);
        string shown = _text[_shown..end];
        _shown = end;
        return shown;
    }

    /// <summary>Where a call begins or may be about to; the end of the text where none does.</summary>
    private int Opening()
    {
        int from = form.OnlyAtStart ? _text.Length - _text.TrimStart().Length : _shown;
        int last = form.OnlyAtStart ? Math.Min(from + 1, _text.Length) : _text.Length;
        if (form.OnlyAtStart && _shown > 0)
            return _text.Length;
        for (int i = from; i < last; i++)
        {
            var rest = _text.AsSpan(i);
            foreach (string opening in form.Openings)
            {
                if (rest.StartsWith(opening) || opening.AsSpan().StartsWith(rest))
                    return i;
            }
        }
        return _text.Length;
    }

    /// <summary>The calls; none where they can't be read, or call what the client has not.</summary>
    private IReadOnlyList<(string, string)> Read(string text)
    {
        try
        {
            var calls = form.Read(text).Select(call => (call.Name, Arguments(call.Arguments))).ToList();
            return calls.All(call => tools.Any(t => t.FunctionName == call.Name)) ? calls : [];
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            return [];
        }
    }

    private static string Arguments(JsonNode? arguments) => arguments switch
    {
        null => "{}",
        JsonValue value when value.TryGetValue(out string? text) => text,
        _ => arguments.ToJsonString(JsonLines.Format),
    };
}
