using System.Text.RegularExpressions;

namespace Toolformer.Evaluation.Tasks;

/// <summary>
/// Tasks of BIG-Bench Hard that a calendar or a calculator can help with; not in the paper. Zero-shot, without chains
/// of thought: `Answer the following question: … The answer is`.
/// </summary>
/// <example>
/// With the options "(A) 05/01/2021" and "(B) 05/02/2021": " (B)", " B." and " 05/02/2021" are right for "(B)".
/// </example>
public abstract class BigBenchHardTask(string file, string sha256) : EvalTask
{
    private const string Commit = "https://raw.githubusercontent.com/suzgunmirac/BIG-Bench-Hard/"
        + "9ee07bd481feebf959a6b59d61ea57bdcf30964d/bbh/";

    public override string Name => $"bbh_{file}";

    public override int Version => 1;

    public override string Citation => "Suzgun et al.: Challenging BIG-Bench Tasks and Whether Chain-of-Thought Can "
        + $"Solve Them, ACL Findings 2023. {file}.json.";

    public override PaperCheck? Paper => PaperCheck.Beyond(
        "zero-shot, while BIG-Bench Hard is mostly reported with three examples");

    public override IReadOnlyList<EvalSource> Sources => [new($"bbh/{file}.json", $"{Commit}{file}.json", "MIT")
    {
        Sha256 = sha256,
    }];

    public override IReadOnlyList<EvalExample> Load(string path)
    {
        var examples = DataFile.Read(path, "examples").Select(item =>
            new EvalExample(item.Id("id"), Prompt(item.Need("input")), [item.Need("target").Trim()])).ToList();
        return DataFile.Some(examples, path, "the file has no question");
    }

    /// <summary>What the model reads.</summary>
    protected virtual string Prompt(string input) => $"Answer the following question: {input.Trim()}\nThe answer is";

    public override bool IsCorrect(string prediction, EvalExample example) =>
        Scoring.FirstNumber(example.Answers[0]) is { } number && Scoring.NumberIs(prediction, number);
}

/// <summary>Questions with options, answered by letter or by the words of an option.</summary>
/// <example>" (B)", " B" and " 05/02/2021" choose "(B) 05/02/2021".</example>
public abstract partial class ChoiceTask(string file, string sha256) : BigBenchHardTask(file, sha256)
{
    public override string Completion(EvalExample example) => $" {example.Answers[0]}";

    public override bool IsCorrect(string prediction, EvalExample example) =>
        Chosen(prediction, example.Prompt) is { } letter && example.Answers[0].Trim('(', ')', ' ') == letter;

    /// <summary>
    /// The option that was chosen: a letter in parentheses or one that is all, else the option whose words come first
    /// within twenty words, the longest of those that begin there.
    /// </summary>
    private static string? Chosen(string prediction, string prompt)
    {
        if (Letter().Match(prediction) is { Success: true } match)
            return match.Groups[1].Success ? match.Groups[1].Value : match.Groups[2].Value;
        string[] words = prediction.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        string head = $" {Scoring.Normalise(string.Join(' ', words.Take(20)))} ";
        return Option().Matches(prompt)
            .Select(o => (Letter: o.Groups[1].Value, Text: Scoring.Normalise(o.Groups[2].Value)))
            .Where(o => o.Text.Length > 0)
            .Select(o => (o.Letter, o.Text.Length, At: head.IndexOf($" {o.Text} ", StringComparison.Ordinal)))
            .Where(o => o.At >= 0)
            .OrderBy(o => o.At).ThenByDescending(o => o.Length)
            .Select(o => o.Letter).FirstOrDefault();
    }

    [GeneratedRegex(@"^\s*(?:option\s+)?(?:\(([A-Z])\)|([A-Z])(?=\s*(?:[.,:;)\n]|$)))",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Letter();

    [GeneratedRegex(@"^\(([A-Z])\)\s*(.+)$", RegexOptions.Multiline)]
    private static partial Regex Option();
}

/// <summary>What date it is, told in roundabout words. The day of the calendar does not matter.</summary>
/// <example>"Today is May 1, 2021. What is the date tomorrow in MM/DD/YYYY?" (B) 05/02/2021.</example>
public sealed class BbhDateUnderstanding() : ChoiceTask(
    "date_understanding", "0148d4ac5fca05b2f82373e5fef7208e15363b9c6079493034d77b3dab496bf5")
{
    public override WorkedExample? Worked => new("date_understanding.json",
        """
        {"canary": "made up", "examples": [
          {"input": "It is May 1, 2021. What is tomorrow?\nOptions:\n(A) 05/01/2021\n(B) 05/02/2021", "target": "(B)"},
          {"input": "It is May 1, 2021. What was yesterday?\nOptions:\n(A) 04/30/2021\n(B) 05/02/2021",
           "target": "(A)"}]}
        """,
        "Answer the following question: It is May 1, 2021. What is tomorrow?\nOptions:\n(A) 05/01/2021\n"
        + "(B) 05/02/2021\nThe answer is", " 05/02/2021, a Sunday", " (A)");
}

/// <summary>When somebody could have done something, by exclusion.</summary>
/// <example>(A) 6pm to 9pm, where all other hours are taken.</example>
public sealed class BbhTemporalSequences() : ChoiceTask(
    "temporal_sequences", "92a1189faaa84aacc4c405aaa13f13f48c2992eb884772eedb622505252baef5")
{
    public override WorkedExample? Worked => new("temporal_sequences.json",
        """
        {"examples": [
          {"input": "Ann slept until 9am and sang from 10am. When was she free?\nOptions:\n(A) 9am to 10am\n(B) 8am",
           "target": "(A)"},
          {"input": "Bo slept until 8am. When did he sleep?\nOptions:\n(A) 9am\n(B) 7am", "target": "(B)"}]}
        """,
        "Answer the following question: Ann slept until 9am and sang from 10am. When was she free?\nOptions:\n"
        + "(A) 9am to 10am\n(B) 8am\nThe answer is", " A", " 8am");
}

/// <summary>Two-step arithmetic with parentheses and negative numbers; the model goes on after "=".</summary>
/// <example>"((-1 + 2) - (3 * 4)) =": " -11" is right.</example>
public sealed class BbhMultistepArithmetic() : BigBenchHardTask(
    "multistep_arithmetic_two", "c9d5a6433c9b78256422a15c78463949c8bec8d85607aa28b52d7234ad4a8595")
{
    public override WorkedExample? Worked => new("multistep_arithmetic_two.json",
        """
        {"examples": [{"input": "((-1 + 2) - (3 * 4)) =", "target": "-11"},
          {"input": "((2 + 2) * (5 - 1)) =", "target": "16"}]}
        """,
        "((-1 + 2) - (3 * 4)) =", " -11", " 11");

    protected override string Prompt(string input) => input.Trim();
}

/// <summary>How many things of a kind are in a list.</summary>
/// <example>"I have two cats and a dog. How many animals do I have?": " 3" is right.</example>
public sealed class BbhObjectCounting() : BigBenchHardTask(
    "object_counting", "8acef14dbbdd40d2326ef7755750b6b5fe919fef06276af1bab3f1c297f022ff")
{
    public override WorkedExample? Worked => new("object_counting.json",
        """
        {"examples": [{"input": "I have two cats and a dog. How many animals do I have?", "target": "3"},
          {"input": "I have seven pens and a cat. How many pens do I have?", "target": "7"}]}
        """,
        "Answer the following question: I have two cats and a dog. How many animals do I have?\nThe answer is",
        " 2 + 1 = 3", " 2 and 1, so 3");
}
