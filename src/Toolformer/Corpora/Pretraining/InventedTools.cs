using System.Text;
using Toolformer.Corpora.Pretraining.Domains;
using Toolformer.Markup;
using Toolformer.Tools;

namespace Toolformer.Corpora.Pretraining;

/// <summary>One annotation prompt for an invented tool, with what a model that follows it writes.</summary>
/// <param name="Tool">The tool's name.</param>
/// <param name="Head">Instruction and demonstrations (<see cref="AnnotationPrompt.Head"/>).</param>
/// <param name="Query">The last text, up to where its annotated copy begins
/// (<see cref="AnnotationPrompt.Query"/>).</param>
/// <param name="Plain">The last text without calls.</param>
/// <param name="Annotated">The last text with calls.</param>
/// <param name="Calls">The calls of the last text in order; empty where there is nothing to ask.</param>
public sealed record InventedPrompt(
    string Tool, string Head, string Query, string Plain, string Annotated, IReadOnlyList<InventedCall> Calls)
{
    /// <summary>The whole sequence to learn from.</summary>
    public override string ToString() => Head + Query + Annotated;
}

/// <param name="Offset">Where the call stands: before this character of the plain text (the space before a
/// word).</param>
/// <param name="Input">What stands between the parentheses.</param>
public readonly record struct InventedCall(int Offset, string Input);

/// <summary>
/// Annotation prompts for tools that exist nowhere, so that following such a prompt is learned rather than any tool:
/// the name, the form of the input and the place of the calls are the prompt's own and have to be read from it.
/// </summary>
public static class InventedTools
{
    // Keep a sequence within about 450 tokens of a vocabulary of 4096.
    private const int MaxHeadLength = 1150;
    private const int MaxTextLength = 210;

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
        "Your task is to add calls to the {n} API to a piece of text. The calls should help you get information"
            + " required to complete the text. The API {p}. You can call it by writing \"[{n}({a})]\".",
        "A call to {n} is written [{n}({a})]. {n} {p}. Add such calls to the text where they are useful.",
        "Your task is to complete a given piece of text. You may use the {n} API, which {p}. You can do so by writing"
            + " \"[{n}({a})]\", where {a} is what you want to ask. Each call stands in"
            + " front of what it helps to write.",
        "The following texts are copied word for word. Only calls to {n} are added. {n} {p}, and a call is written"
            + " \"[{n}({a})]\".",
        "You can look things up with {n} while you write. It {p}. \"[{n}({a})]\" is the way to call it; put in what"
            + " the text says.",
        "Below, each text is given twice, the second time with calls like [{n}({a})]. The API behind them {p}.",
        "Mark the texts with [{n}({a})]. The name of the tool is {n}; it {p}.",
        "Add calls to the tool {n}.", "Use {n}: it {p}.", "[{n}({a})] is a call to {n}. Add calls.",
    ];

    private enum Place { BeforeValue, AfterValue, AfterOperand, BeforeSentence, EndOfText }

    private sealed record Invention(string Name, ToolDomain Domain, ArgumentFormat Format, Place Place,
        bool SpacesStops);

    /// <summary>Draws a prompt with two to five demonstrations.</summary>
    /// <param name="heldOut">Whether the tool's name is one that never occurs in training texts.</param>
    /// <param name="prose">Real sentences to mix in, where there are some.</param>
    public static InventedPrompt Prompt(Random random, bool heldOut = false, ProseExcerpts? prose = null)
    {
        var domain = ToolDomain.Draw(random, prose);
        var probe = domain.AddTo(new Composer(random));
        var place = random.Next(20) switch
        {
            < 15 => Place.BeforeValue,
            < 16 => Place.AfterValue,
            < 17 => Place.AfterOperand,
            < 19 => Place.BeforeSentence,
            _ => Place.EndOfText,
        };
        var tool = new Invention(PretrainingNames.Tool(random, heldOut), domain, new ArgumentFormat(random, probe),
            place,
            SpacesStops: random.Chance(0.06));
        var instruction = random.Of(Instructions).Replace("{n}", tool.Name).Replace("{p}", domain.Purpose)
            .Replace("{a}", tool.Format.Format(domain.Placeholder));

        var count = random.Between(2, 5);
        var demonstrations = new List<(string, string)>();
        for (var length = instruction.Length; demonstrations.Count < count;)
        {
            var terse = count > 3 || length > MaxHeadLength / 2;
            var (plain, annotated, _) = Text(random, tool, prose, terse, calls: !random.Chance(0.03)
                || demonstrations.Count == 0);
            length += plain.Length + annotated.Length + 16;
            if (length > MaxHeadLength && demonstrations.Count >= 2) break;
            demonstrations.Add((plain, annotated));
        }
        var last = Text(random, tool, prose, terse: count > 3, calls: !random.Chance(0.1));
        return new InventedPrompt(tool.Name, AnnotationPrompt.Head(instruction, demonstrations),
            AnnotationPrompt.Query(last.Plain), last.Plain, last.Annotated, last.Calls);
    }

    private static (string Plain, string Annotated, IReadOnlyList<InventedCall> Calls) Text(
        Random random, Invention tool, ProseExcerpts? prose, bool terse, bool calls)
    {
        if (!calls)
        {
            var neutral = Filler.Text(random, random.Between(1, 2), prose);
            return (neutral, neutral, []);
        }
        for (var tries = 0; ; tries++)
        {
            var composer = new Composer(random);
            var requests = new List<Request>();
            var filler = tries > 3 ? 0 : terse ? 0.2 : 0.4;
            if (random.Chance(filler)) Filler.AddTo(composer, random, prose);
            requests.Add(tool.Domain.AddTo(composer));
            if (random.Chance(filler)) Filler.AddTo(composer, random, prose);
            if (tool.Place != Place.EndOfText && random.Chance(tries > 3 ? 0 : terse ? 0.1 : 0.3))
                requests.Add(tool.Domain.AddTo(composer));
            if (composer.Length > MaxTextLength && tries < 8) continue;
            if (tool.SpacesStops) composer.SpaceStops();
            var plain = composer.ToString();
            var placed = composer.Spans.Zip(requests, (span, request) =>
                new InventedCall(Offset(plain, span, request, tool.Place), tool.Format.Format(request))).ToList();
            return (plain, Insert(plain, tool.Name, placed), placed);
        }
    }

    private static int Offset(string text, (int Start, int End) span, Request request, Place place) => place switch
    {
        Place.AfterValue => span.End,
        Place.AfterOperand => AfterOperand(text, span.Start, request.Parts[0]),
        Place.BeforeSentence => SentenceStart(text, span.Start),
        Place.EndOfText => text.Length,
        _ => BeforeWord(text, span.Start),
    };

    // As a foreign phrase is followed by its translation; before the value where the operand doesn't precede it.
    private static int AfterOperand(string text, int start, string operand)
    {
        var at = start > 1 ? text.LastIndexOf(operand, start - 1, StringComparison.Ordinal) : -1;
        return at >= 0 && at + operand.Length < start && !char.IsLetterOrDigit(text[at + operand.Length])
            ? at + operand.Length : BeforeWord(text, start);
    }

    // A call begins with a space of its own, so it stands before the space that leads the word: "is[ X(…)] Tobin".
    private static int BeforeWord(string text, int start)
    {
        while (start > 0 && text[start - 1] != ' ') start--;
        return start > 0 ? start - 1 : 0;
    }

    private static int SentenceStart(string text, int start)
    {
        var stop = start - 2;
        while (stop > 0 && !(text[stop] is '.' or '?' or '!' && text[stop + 1] == ' ')) stop--;
        return stop > 0 ? stop + 1 : BeforeWord(text, start);
    }

    private static string Insert(string plain, string name, List<InventedCall> calls)
    {
        var text = new StringBuilder();
        var copied = 0;
        foreach (var call in calls)
        {
            text.Append(plain, copied, call.Offset - copied).Append(CallSyntax.Print(new ApiCall(name, call.Input)));
            copied = call.Offset;
        }
        return text.Append(plain, copied, plain.Length - copied).ToString();
    }
}
