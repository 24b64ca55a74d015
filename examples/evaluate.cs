// A task of one's own, and how well a model does on it with its tools and without:
//   dotnet run examples/evaluate.cs -- runs/quickstart/model
#:project ../src/Toolformer.Torch/Toolformer.Torch.csproj
#:property PublishAot=false
#:property RestorePackagesWithLockFile=false

using Toolformer;
using Toolformer.Evaluation;
using Toolformer.Inference;
using Toolformer.Tools;
using Toolformer.Torch;

string path = args.ElementAtOrDefault(0) ?? "models/nano";
using var model = ModelFolder.Open(path).ReadModel();
var tools = new Toolbox([new Calculator()]);
var writer = new ToolUsingModel(model, tools);

// Without calls is the same model that may not begin one.
EvalArm Arm(string mode, int startTopK) => EvalArm.Of(
    path, mode, writer, [.. tools.Names], new GenerationOptions { StartTopK = startTopK }, TimeProvider.System);

// What was predicted stays in this file: another run with the same model only scores it.
var scratch = Directory.CreateTempSubdirectory();
string predictions = Path.Combine(scratch.FullName, "predictions.jsonl");
foreach (var result in await new Evaluator(predictions).RunAsync(
    [Arm("disabled", 0), Arm("enabled", 10)], [new EvalInput(new Sums(), "examples/sums.jsonl")]))
{
    Console.WriteLine($"{result.Task}, calls {result.Mode}: {result.Correct} of {result.N} right "
        + $"({result.Accuracy:P0} ± {result.Stderr:P0}), {result.Calls} calls");
}
scratch.Delete(recursive: true);

/// <summary>Sums told in words; the first number counts.</summary>
internal sealed class Sums : EvalTask
{
    public override string Name => "sums";

    public override int Version => 1;

    public override string Citation => "Four lines beside this example.";

    public override IReadOnlyList<EvalExample> Load(string path) =>
        [.. JsonLines.Read<Line>(path).Select((line, i) => new EvalExample($"{i}", line.Prompt, [$"{line.Answer}"]))];

    public override bool IsCorrect(string prediction, EvalExample example) =>
        Scoring.NumberIs(prediction, decimal.Parse(example.Answers[0]));

    private sealed record Line(string Prompt, int Answer);
}
