using System.Text.Json;
using Toolformer.Markup;

namespace Toolformer.Evaluation.Tasks;

/// <summary>
/// The Berkeley Function-Calling Leaderboard: are the right functions called with the right arguments? Each question
/// brings its functions: they become the model's tools, and the prompt says how each is called. A call counts by its
/// syntax tree: function, arguments and values among the possible answers. Nothing is executed.
/// </summary>
/// <example>
/// For a function math.factorial(number) and "What is the factorial of 5?": " [math_factorial(5)]" is right, and so is
/// " [math_factorial(number=5)]"; " [math_factorial(6)]", two calls, or none are wrong.
/// </example>
public abstract class BfclTask(string category, string file, string? questions, string? answers) : EvalTask
{
    private const string Commit = "https://raw.githubusercontent.com/ShishirPatil/gorilla/"
        + "6ea57973c7a6097fd7c5915698c54c17c5b1b6c8/berkeley-function-call-leaderboard/bfcl_eval/data/";

    public override string Name => $"bfcl_{category}";

    public override int Version => 2;

    public override string Citation => "Patil et al.: The Berkeley Function Calling Leaderboard, ICML 2025. "
        + $"{file} with possible_answer/ of the same name beside it, or the answers behind a #.";

    public override PaperCheck? Paper => PaperCheck.Beyond(
        "calls are written in Toolformer's markup, dots of names as underscores",
        "values are read by the function's schema, so 5.0 counts as the whole number 5",
        "a constrained model can write nothing but well-formed calls of these functions");

    public override IReadOnlyList<EvalSource> Sources =>
    [
        new($"bfcl/{file}", $"{Commit}{file}", "Apache-2.0") { Sha256 = questions },
        .. HasAnswers
            ? [new EvalSource($"bfcl/possible_answer/{file}", $"{Commit}possible_answer/{file}", "Apache-2.0")
                { Sha256 = answers }]
            : Array.Empty<EvalSource>(),
    ];

    /// <summary>Whether there are possible answers; if not, no function fits the question.</summary>
    protected virtual bool HasAnswers => true;

    public override IReadOnlyList<EvalExample> Load(string path)
    {
        string[] parts = path.Split('#', 2);
        string folder = Path.GetDirectoryName(parts[0]) ?? "";
        string beside = parts.Length > 1 ? Path.Combine(folder, parts[1])
            : Path.Combine(folder, "possible_answer", Path.GetFileName(parts[0]));
        var items = DataFile.Read(parts[0]);
        var possible = HasAnswers
            ? DataFile.Read(beside).GroupBy(i => i.Need("id")).ToDictionary(g => g.Key, g => Truth(g.First()))
            : null;
        var examples = items.Select(item =>
        {
            string id = item.Need("id");
            string truth = possible is null ? "[]" : possible.GetValueOrDefault(id)
                ?? throw item.Bad($"{beside} has no answer for '{id}'", "Give both files of the same version.");
            var tools = FunctionSchemas.Read(item, truth);
            return new EvalExample(id,
                $"{FunctionSchemas.Tell(tools)}\nQuestion: {Asked(item)}\nAnswer:", [truth])
            { Tools = tools };
        }).ToList();
        return DataFile.Some(examples, parts[0], "the file has no question");
    }

    public override bool IsCorrect(string prediction, EvalExample example) =>
        AreCorrect([.. CallSyntax.Find(prediction).Select(c => (c.Call.Tool, c.Call.Input))], example);

    public override bool IsCorrect(Prediction prediction, EvalExample example) =>
        AreCorrect([.. prediction.Calls.Select(c => (c.Tool, c.Input))], example);

    public override string Completion(EvalExample example)
    {
        using var truth = JsonDocument.Parse(example.Answers[0]);
        var calls = truth.RootElement.EnumerateArray().SelectMany(c => c.EnumerateObject()).Select(call =>
        {
            var tool = example.Tools!.OfType<AskedFunction>().First(t => t.Function == call.Name);
            var required = tool.Signature.Parameters.Where(p => p.IsRequired).Select(p => p.Name).ToHashSet();
            return CallSyntax.Print(new ApiCall(
                tool.Name, tool.Signature.Print(PossibleAnswers.First(call.Value, required)), "done"));
        });
        return $"{string.Concat(calls)} That is all.";
    }

    /// <summary>Each possible call has a call of its own, in any order, and there is no other.</summary>
    private static bool AreCorrect(IReadOnlyList<(string Tool, string Input)> calls, EvalExample example)
    {
        using var truth = JsonDocument.Parse(example.Answers[0]);
        var possible = truth.RootElement.EnumerateArray().SelectMany(c => c.EnumerateObject()).ToList();
        if (calls.Count != possible.Count)
            return false;
        foreach (var (name, input) in calls)
        {
            var tool = example.Tools?.OfType<AskedFunction>().FirstOrDefault(t => t.Name == name);
            if (tool?.Signature.Parse(CallSyntax.NormaliseInput(input)).Arguments is not { } arguments)
                return false;
            int at = possible.FindIndex(p => p.Name == tool.Function && PossibleAnswers.Allow(arguments, p.Value));
            if (at < 0)
                return false;
            possible.RemoveAt(at);
        }
        return true;
    }

    private static string Truth(DataItem item) => item.Json.TryGetProperty("ground_truth", out var truth)
        && truth.ValueKind == JsonValueKind.Array && truth.GetArrayLength() > 0
        && truth.EnumerateArray().All(c => c.ValueKind == JsonValueKind.Object
            && c.EnumerateObject().All(f => f.Value.ValueKind == JsonValueKind.Object))
            ? truth.GetRawText()
            : throw item.Bad("it has no ground_truth of calls with arguments", "Give BFCL's possible_answer.");

    /// <summary>What the user says: turns of messages, or the text itself.</summary>
    private static string Asked(DataItem item)
    {
        var said = new List<string>();
        if (item.Json.TryGetProperty("question", out var question))
            Collect(question);
        return said.Count > 0 ? string.Join('\n', said)
            : throw item.Bad("it has no question", "Give a file of BFCL's questions.");

        void Collect(JsonElement value)
        {
            if (value.ValueKind == JsonValueKind.String)
                said.Add(value.GetString()!.Trim());
            else if (value.ValueKind == JsonValueKind.Array)
                value.EnumerateArray().ToList().ForEach(Collect);
            else if (value.ValueKind == JsonValueKind.Object && value.TryGetProperty("content", out var content))
                Collect(content);
        }
    }

    /// <summary>Two made-up questions, with the calls that answer them.</summary>
    private protected static WorkedExample Made(string file, string right, string wrong, string first, string second)
    {
        const string functions = """
            [{"name": "math.factorial", "description": "The factorial.", "parameters": {"type": "dict", "properties":
            """ + """
             {"number": {"type": "integer", "description": "The number."}}, "required": ["number"]}},
            """ + """
             {"name": "play", "description": "Plays music.", "parameters": {"type": "dict", "properties":
            """ + """
             {"artist": {"type": "string", "description": "Who."},
            """ + """
             "volume": {"type": "float", "description": "Up to 1."}}, "required": ["artist"]}}]
            """;
        return new(
            [
                (file, $$"""
                    {"id": "a_0", "question": [[{"role": "user", "content": "Begin."}]], "function": {{functions}}}
                    {"id": "a_1", "question": [[{"role": "user", "content": "Go on."}]], "function": {{functions}}}
                    """),
                ($"possible_answer/{file}", $$"""
                    {"id": "a_0", "ground_truth": {{first}}}
                    {"id": "a_1", "ground_truth": {{second}}}
                    """),
            ],
            "Functions can be called inside a text by writing a call in square brackets:\n"
            + "[math_factorial(number)] The factorial. number: The number.\n"
            + "[play(artist)] Plays music. artist: Who. volume (optional): Up to 1.\n\nQuestion: Begin.\nAnswer:",
            right, wrong);
    }
}

/// <summary>One function, one call.</summary>
/// <example>" [math_factorial(5)]" for math.factorial with number 5.</example>
public sealed class BfclSimple() : BfclTask("simple", "BFCL_v4_simple_python.json",
    "82dd63ba502eb2520c6b5d1d9a5c4b590e03ff261565175561f6228a367d1991",
    "90cd5bc653690ee8e459b5b3f3fc9458606f7f3fcbf795bb51b7dc581f8c86dc")
{
    public override WorkedExample? Worked => Made("BFCL_v4_simple_python.json",
        " [math_factorial(number=5) -> done] So.", " [math_factorial(6) -> done] So.",
        """[{"math.factorial": {"number": [5]}}]""", """[{"math.factorial": {"number": [7]}}]""");
}

/// <summary>Several functions, of which one is to be called.</summary>
/// <example>" [play(Ann, volume=0.5)]" where math.factorial could be called as well.</example>
public sealed class BfclMultiple() : BfclTask("multiple", "BFCL_v4_multiple.json",
    "aef168155ebd74b7ac2401198b201343bc7d16d7a3d7e0d4e6d8ee82c6969b2a",
    "244e00ce9395df948bcafc7bee64e8f9c87ef70887587d83cae45b13699f3047")
{
    public override WorkedExample? Worked => Made("BFCL_v4_multiple.json",
        " [play(the ann-band) -> done]", " [play(Ann) -> done] [play(The Ann Band) -> done]",
        """[{"play": {"artist": ["The Ann Band"], "volume": [0.5, ""]}}]""", """[{"play": {"artist": ["Bo"]}}]""");
}

/// <summary>One function that is to be called several times; the order does not matter.</summary>
/// <example>" [play(Ann)] [play(Bo)]", or the other way round.</example>
public sealed class BfclParallel() : BfclTask("parallel", "BFCL_v4_parallel.json",
    "19f51a82eff42e5d62541aa500115a056eb78f437c2ba1f10415fd7c8e5dda84",
    "8a6aa19c1adddc6a5a2f7e40f9dbf30cc7e95815e7b830c90589ab318229e0f0")
{
    public override int? MaxCalls => 8;

    public override WorkedExample? Worked => Made("BFCL_v4_parallel.json",
        " [play(Bo, volume=1) -> done] [play(Ann) -> done]", " [play(Ann) -> done] [play(Ann) -> done]",
        """[{"play": {"artist": ["Ann"]}}, {"play": {"artist": ["Bo"], "volume": [1.0]}}]""",
        """[{"play": {"artist": ["Cy"]}}, {"play": {"artist": ["Di"]}}]""");
}

/// <summary>Several functions that are to be called several times.</summary>
/// <example>" [play(Ann)] [math_factorial(5)]".</example>
public sealed class BfclParallelMultiple() : BfclTask(
    "parallel_multiple", "BFCL_v4_parallel_multiple.json",
    "8863ea8433239f55c5f016154cf0830853c89f693c6ea270396a2fa121960579",
    "5ebf24f458c1f16300c05505d83d6f0a1b68b79be273a033febd0d4f840507e3")
{
    public override int? MaxCalls => 8;

    public override WorkedExample? Worked => Made("BFCL_v4_parallel_multiple.json",
        " [play(Ann) -> done] [math_factorial(5) -> done]", " [play(Ann) -> done]",
        """[{"math.factorial": {"number": [5]}}, {"play": {"artist": ["Ann"], "volume": ["", 1.0]}}]""",
        """[{"math.factorial": {"number": [5]}}, {"play": {"artist": ["Bo"]}}]""");
}

/// <summary>No function fits the question: right is who calls none.</summary>
/// <example>" I can't say." is right, " [play(Ann)]" is wrong.</example>
public sealed class BfclIrrelevance() : BfclTask("irrelevance", "BFCL_v4_irrelevance.json",
    "2b6ed4c2e992cdcf5f1678a701851f944bef7550ee026ed1ddb89efed5be01a6", null)
{
    protected override bool HasAnswers => false;

    public override WorkedExample? Worked => Made("BFCL_v4_irrelevance.json",
        " I can't say.", " [play(Ann) -> done]", "[]", "[]");
}
