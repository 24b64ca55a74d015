// C# methods as tools, called as calls in a text are, and as functions of any chat client:
//   dotnet run examples/function.cs
#:project ../src/Toolformer/Toolformer.csproj
#:property PublishAot=false
#:property RestorePackagesWithLockFile=false

using System.ComponentModel;
using Toolformer.Tools;
using Toolformer.Tools.Arguments;

var repeat = FunctionTool.Of(
    ([Description("what is repeated")] string word, int times = 2) =>
        string.Join(' ', Enumerable.Repeat(word, times)),
    new ToolTexts("Repeat", "Repeats a word.")
    {
        Demonstrations = ["He shook his head and said [Repeat(no, times=3)] no no no, and left."],
    });
var day = FunctionTool.Of(
    (ToolContext context) => context.Clock.GetLocalNow().DayOfWeek.ToString(),
    new ToolTexts("DayOfWeek", "Tells the day of the week."));

var tools = new Toolbox([repeat, day]);
var friday = ToolContext.On(new DateOnly(2020, 5, 1));
Console.WriteLine(repeat.Instruction);
foreach (var (name, input) in new[] { ("Repeat", "no"), ("Repeat", "no, times=3"), ("Repeat", "x, times=many"),
    ("DayOfWeek", "") })
{
    var result = await tools.CallAsync(name, input, friday);
    Console.WriteLine($"{name}({input}) -> {result.Text ?? result.Error}");
}

foreach (var function in ToolFunction.Of(tools, friday))
    Console.WriteLine($"{function.Name} {function.JsonSchema}");
