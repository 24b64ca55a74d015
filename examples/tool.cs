// A tool of one's own as a class, with all that annotating asks of it:
//   dotnet run examples/tool.cs
#:project ../src/Toolformer/Toolformer.csproj
#:property PublishAot=false
#:property RestorePackagesWithLockFile=false

using Toolformer;
using Toolformer.Markup;
using Toolformer.Modeling;
using Toolformer.Tools;

var roman = new Roman();
var tools = new Toolbox([roman, new Calculator()]);
foreach (string demonstration in roman.Demonstrations)
{
    foreach (var call in CallSyntax.Find(demonstration))
    {
        var result = await tools.CallAsync(call.Call, new ToolContext(TimeProvider.System));
        Console.WriteLine(CallSyntax.Print(call.Call with { Result = result.Text ?? "" }).Trim());
    }
}

/// <summary>Writes numbers as the Romans did.</summary>
internal sealed class Roman : Tool
{
    private static readonly (int Value, string Sign)[] Signs =
    [
        (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"),
        (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
    ];

    public override string Name => "Roman";

    public override string Description => "Writes a number from 1 to 3999 in Roman numerals.";

    public override string Instruction =>
        "Your task is to put calls to a Roman API into a text, each right before a number in Roman numerals. You can "
        + "call the API by writing \"[Roman(number)]\".";

    public override IReadOnlyList<string> Demonstrations { get; } =
    [
        "The year 2024 stands over the door as [Roman(2024)] MMXXIV.",
        "Louis the 14th, written Louis [Roman(14)] XIV, was crowned as a child.",
    ];

    public override bool IsWorthAnnotating(Document document) => document.Text.Any(c => c is 'X' or 'V' or 'I');

    public override TokenPattern InputPattern(string? text) =>
        new TokenPattern.Repeat(TokenPattern.OneOf("0123456789".Select(c => $"{c}")), 1, 4);

    public override ValueTask<ToolResult> CallAsync(string input, ToolContext context, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (!int.TryParse(input, out int number) || number is < 1 or > 3999)
            return new(ToolResult.Failure($"'{input}' is no number from 1 to 3999."));
        string text = "";
        foreach (var (value, sign) in Signs)
        {
            for (; number >= value; number -= value)
                text += sign;
        }
        return new(ToolResult.Success(text));
    }
}
