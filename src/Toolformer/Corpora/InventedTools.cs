using System.Text;
using Toolformer.Tools;

namespace Toolformer.Corpora;

/// <summary>One annotation prompt for an invented tool, with what a model that follows it writes.</summary>
/// <param name="Tool">The tool's name.</param>
/// <param name="Head">Instruction and demonstrations (<see cref="AnnotationPrompt.Head"/>).</param>
/// <param name="Query">The last text, up to where its annotated copy begins (<see cref="AnnotationPrompt.Query"/>).</param>
/// <param name="Plain">The last text without calls.</param>
/// <param name="Annotated">The last text with calls.</param>
/// <param name="Calls">The calls of the last text in order; empty where there is nothing to ask.</param>
public sealed record InventedPrompt(
    string Tool, string Head, string Query, string Plain, string Annotated, IReadOnlyList<InventedCall> Calls)
{
    /// <summary>The whole sequence to learn from.</summary>
    public override string ToString() => Head + Query + Annotated;
}

/// <param name="Offset">Where the call stands: before this character of the plain text (the space before a word).</param>
/// <param name="Input">What stands between the parentheses.</param>
public readonly record struct InventedCall(int Offset, string Input);

/// <summary>
/// Annotation prompts for tools that exist nowhere, so that following such a prompt is learned rather than any tool:
/// the name, the form of the input and the place of the calls are the prompt's own and have to be read from it.
/// </summary>
public static class InventedTools
{
    // Keeps a sequence within about 450 tokens of a vocabulary of 4096.
    private const int MaxHeadLength = 1150;

    private static readonly string[] Instructions =
    [
        "Your task is to add calls to {n}, a tool that {p}, to a text. Write a call as \"[{n}({a})]\".",
        "{n} {p}. Put \"[{n}({a})]\" where it helps.",
        "Add {n} calls to the text. {n} is a tool that {p}. You can call it by writing \"[{n}({a})]\".",
        "You may use the {n} API, which {p}. Call it by writing \"[{n}({a})]\" in front of the words it helps with.",
        "The tool {n} {p}. Copy each text and insert [{n}({a})] at the right places.",
        "Complete the texts with calls to the {n} API. It {p}. The form is [{n}({a})], where {a} comes from the text.",
        "Use {n} to get what the text needs. {n} {p}. A call looks like this: [{n}({a})].",
        "Here {n} is an API that {p}. Insert calls [{n}({a})] into the given text.",
        "Repeat the text and add calls to {n}. This service {p}. Write \"[{n}({a})]\", with {a} filled in.",
        "We have a program called {n}. It {p}. To call it, write \"[{n}({a})]\".",
        "Insert calls to {n} ({n} {p}). Format: [{n}({a})].",
        "Your task is to add calls to a {n} API to a piece of text. The calls should help you get information required to"
            + " complete the text. The API {p}. You can call it by writing \"[{n}({a})]\".",
        "A call to {n} is written [{n}({a})]. {n} {p}. Add such calls to the text where they are useful.",
        "Mark the texts with [{n}({a})]. The name of the tool is {n}; it {p}.",
        "Add calls to the tool {n}.", "Use {n}: it {p}.", "[{n}({a})] is a call to {n}. Add calls.",
    ];

    private enum Place { BeforeValue, AfterValue, BeforeSentence, EndOfText }

    private sealed record Tool(string Name, ToolDomain Domain, ArgumentFormat Format, Place Place);

    /// <summary>Draws a prompt with two to five demonstrations.</summary>
    /// <param name="heldOut">Whether the tool's name is one that never occurs in training texts.</param>
    public static InventedPrompt Prompt(Random random, bool heldOut = false)
    {
        var domain = ToolDomain.Draw(random);
        var probe = domain.AddTo(new Composer(random));
        var place = random.Next(20) switch
        {
            < 15 => Place.BeforeValue,
            < 17 => Place.AfterValue,
            < 19 => Place.BeforeSentence,
            _ => Place.EndOfText,
        };
        var tool = new Tool(PretrainingNames.Tool(random, heldOut), domain, new ArgumentFormat(random, probe), place);
        var instruction = random.Of(Instructions).Replace("{n}", tool.Name).Replace("{p}", domain.Purpose)
            .Replace("{a}", tool.Format.Format(domain.Placeholder));

        var count = random.Between(2, 5);
        var demonstrations = new List<(string, string)>();
        for (var length = instruction.Length; demonstrations.Count < count;)
        {
            var terse = count > 3 || length > MaxHeadLength / 2;
            var (plain, annotated, _) = Text(random, tool, terse, calls: !random.Chance(0.03) || demonstrations.Count == 0);
            length += plain.Length + annotated.Length + 16;
            if (length > MaxHeadLength && demonstrations.Count >= 2) break;
            demonstrations.Add((plain, annotated));
        }
        var last = Text(random, tool, terse: count > 3, calls: !random.Chance(0.1));
        return new InventedPrompt(tool.Name, AnnotationPrompt.Head(instruction, demonstrations),
            AnnotationPrompt.Query(last.Plain), last.Plain, last.Annotated, last.Calls);
    }

    private static (string Plain, string Annotated, IReadOnlyList<InventedCall> Calls) Text(
        Random random, Tool tool, bool terse, bool calls)
    {
        if (!calls)
        {
            var neutral = Filler.Text(random, random.Between(1, 3));
            return (neutral, neutral, []);
        }
        var composer = new Composer(random);
        var requests = new List<Request>();
        var filler = terse ? 0.2 : 0.4;
        if (random.Chance(filler)) Filler.AddTo(composer, random);
        requests.Add(tool.Domain.AddTo(composer));
        if (random.Chance(filler)) Filler.AddTo(composer, random);
        if (random.Chance(terse ? 0.1 : 0.3)) requests.Add(tool.Domain.AddTo(composer));
        var plain = composer.ToString();
        var placed = composer.Spans.Select((span, i) =>
            new InventedCall(Offset(plain, span, tool.Place), tool.Format.Format(requests[i]))).ToList();
        return (plain, Insert(plain, tool.Name, placed), placed);
    }

    private static int Offset(string text, (int Start, int End) span, Place place) => place switch
    {
        Place.AfterValue => span.End,
        Place.BeforeSentence => SentenceStart(text, span.Start),
        Place.EndOfText => text.Length,
        _ => BeforeWord(text, span.Start),
    };

    // A call begins with a space of its own, so it stands before the space that leads the word: "is[ X(…)] Tobin".
    private static int BeforeWord(string text, int start)
    {
        while (start > 0 && text[start - 1] != ' ') start--;
        return start > 0 ? start - 1 : 0;
    }

    private static int SentenceStart(string text, int start)
    {
        var stop = text.LastIndexOfAny(['.', '?'], start - 1 < 0 ? 0 : start - 1);
        while (stop > 0 && (stop + 1 >= text.Length || text[stop + 1] != ' ')) stop = text.LastIndexOfAny(['.', '?'], stop - 1);
        return stop >= 0 ? stop + 1 : BeforeWord(text, start);
    }

    private static string Insert(string plain, string name, List<InventedCall> calls)
    {
        var text = new StringBuilder();
        var copied = 0;
        foreach (var call in calls)
        {
            text.Append(plain, copied, call.Offset - copied).Append(" [").Append(name).Append('(').Append(call.Input).Append(")]");
            copied = call.Offset;
        }
        return text.Append(plain, copied, plain.Length - copied).ToString();
    }
}
