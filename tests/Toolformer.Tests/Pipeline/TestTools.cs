using Toolformer.Modeling;
using Toolformer.Tests.Fakes;
using Toolformer.Tools;

namespace Toolformer.Tests.Pipeline;

/// <summary>Adds two numbers and counts how often it was asked.</summary>
internal sealed class AddTool : Tool
{
    private int _calls;

    public int Calls => _calls;
    public override string Name => "Add";
    public override string Description => "Adds two numbers.";
    public override string Instruction => "Put calls to Add into the text.";
    public override IReadOnlyList<string> Demonstrations => ["One and two make [Add(1+2)] three."];
    public Func<Document, bool> Worth { get; init; } = _ => true;
    public TokenPattern? Pattern { get; init; }
    public Func<string?, TokenPattern?>? PatternOf { get; init; }
    public override AnnotationOptions Annotation { get; } = new()
    {
        StartThreshold = 0.001,
        Positions = 3,
        CallsPerPosition = 3,
        FilterThreshold = 0.1,
        MaxCallTokens = 12,
    };

    public override bool IsWorthAnnotating(Document document) => Worth(document);
    public override TokenPattern? InputPattern(string? text) => PatternOf?.Invoke(text) ?? Pattern;

    public override ValueTask<ToolResult> CallAsync(string input, ToolContext context, CancellationToken cancellation)
    {
        Interlocked.Increment(ref _calls);
        string[] parts = input.Split('+');
        return new(parts.Length == 2 && int.TryParse(parts[0], out int a) && int.TryParse(parts[1], out int b)
            ? ToolResult.Success($"{a + b}")
            : ToolResult.Failure($"'{input}' is no sum"));
    }
}

/// <summary>Tells the document's day.</summary>
internal sealed class DayTool : Tool
{
    private int _calls;

    public int Calls => _calls;
    public override string Name => "Day";
    public override string Description => "Tells the day.";
    public override string Instruction => "Put calls to Day into the text.";
    public override IReadOnlyList<string> Demonstrations => ["Today is [Day()] Monday."];
    public override AnnotationOptions Annotation { get; } = new()
    {
        StartThreshold = 0.002,
        Positions = 2,
        CallsPerPosition = 2,
        FilterThreshold = 0.05,
        MaxCallTokens = 8,
    };

    public override bool IsWorthAnnotating(Document document) => document.Date is not null;
    public override bool IsAdmissible(string text, int offset, string input) => offset > 0;
    public override string ContextKey(ToolContext context) => $"{context.Document?.Date:o}";

    public override ValueTask<ToolResult> CallAsync(string input, ToolContext context, CancellationToken cancellation)
    {
        Interlocked.Increment(ref _calls);
        return new(ToolResult.Success($"{context.Document!.Date:yyyy-MM-dd}"));
    }
}

/// <summary>A model that writes calls of a script after " [" and is otherwise a hash of what it has read.</summary>
internal static class ScriptedModel
{
    public static readonly string[] Script =
    [
        "Add(1+2)]", "Add(20+2)]", "Add(\"1+2\")]", "Add(x)]", "Day()]", "Mul(2*3)]", "Add(1+2 -> 3]", "Add(\n",
        "nonsense",
    ];

    public static FakeModel Make(int? beginningOfText = ByteTokenizer.EndOfText, int contextLength = 4096) =>
        new(Logits) { BeginningOfText = beginningOfText, ContextLength = contextLength };

    public static float[] Logits(IReadOnlyList<int> context)
    {
        var logits = new float[259];
        int open = -1;
        for (int i = context.Count - 1; i >= 0 && open < 0 && context[i] != ']'; i--)
        {
            if (context[i] == ByteTokenizer.Open)
                open = i;
        }
        if (open >= 0)
        {
            string written = new([.. context.Skip(open + 1).Select(id => id == ByteTokenizer.Arrow ? '>' : (char)id)]);
            Array.Fill(logits, -30f);
            logits['.'] = -20;
            foreach (string call in Script.Select(s => s.Replace(" ->", ">")))
            {
                if (call.StartsWith(written, StringComparison.Ordinal) && call.Length > written.Length)
                    logits[call[written.Length] == '>' ? ByteTokenizer.Arrow : call[written.Length]] = 0;
            }
            return logits;
        }
        // Depends on the whole context a little and on the last three tokens much.
        uint hash = 2166136261, all = 0;
        foreach (int id in context.TakeLast(3))
            hash = (hash ^ (uint)id) * 16777619;
        foreach (int id in context)
            all = all * 31 + (uint)id;
        for (int id = 0; id < logits.Length; id++)
        {
            uint mixed = (hash ^ (uint)id * 2654435761) * 2246822519;
            uint little = (all ^ (uint)id * 40503) * 3266489917;
            logits[id] = (mixed >> 8) % 1000 / 250f + (little >> 8) % 1000 / 500f;
        }
        return logits;
    }
}
