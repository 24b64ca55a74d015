// Puts calls into one's own texts and keeps those that help, as the paper does; killed, it goes on when run again:
//   dotnet run examples/annotate.cs -- my-texts.jsonl runs/my-texts models/nano
#:project ../src/Toolformer.Torch/Toolformer.Torch.csproj
#:property PublishAot=false
#:property RestorePackagesWithLockFile=false

using Toolformer;
using Toolformer.Markup;
using Toolformer.Modeling;
using Toolformer.Pipeline;
using Toolformer.Tools;
using Toolformer.Torch;

var corpus = new Corpus([args.ElementAtOrDefault(0) ?? "examples/notes.txt"]);
using var run = RunFolder.Open(args.ElementAtOrDefault(1) ?? "runs/notes-from-csharp");
var folder = ModelFolder.Open(args.ElementAtOrDefault(2) ?? "models/nano");
using var model = folder.ReadModel();

// τ_f as low as this keeps more calls than the paper's 1.0: the model is small.
var calculator = new Calculator();
var settings = new AnnotationSettings(
    [new TaughtTool(calculator, calculator.Annotation with { FilterThreshold = 0.5 })])
{
    Sample = new SampleOptions { Seed = 1, Constrained = true },
    Model = folder.Identity(),
};
await new Annotation(settings, model.Tokenizer, new Lazy<ILanguageModel>(model), new Toolbox([calculator]),
    TimeProvider.System).RunAsync(run, corpus);

var filtered = JsonLines.Read<FilteredCall>(run.FilePath("filtered.jsonl")).ToList();
Console.WriteLine($"{filtered.Count} calls were tried, {filtered.Count(c => c.Kept)} helped.");
foreach (var call in filtered.Where(c => c.Kept).OrderByDescending(c => c.Gain).Take(3))
    Console.WriteLine($"{call.Gain:F2} nats{CallSyntax.Print(new ApiCall(call.Tool, call.Input, call.Result))}");
foreach (var example in JsonLines.Read<DatasetExample>(run.FilePath("dataset.jsonl")))
    Console.WriteLine(example.Text);
