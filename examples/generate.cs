// Writes on after a prompt with a model that has been taught to call tools:
//   dotnet run examples/generate.cs -- "They had 25 pears and bought 17 more, so now they have" runs/quickstart/model
#:project ../src/Toolformer.Torch/Toolformer.Torch.csproj
#:property PublishAot=false
#:property RestorePackagesWithLockFile=false

using Toolformer.Inference;
using Toolformer.Tools;
using Toolformer.Torch;

string prompt = args.ElementAtOrDefault(0) ?? "They had 25 pears and bought 17 more, so now they have";

using var model = ModelFolder.Open(args.ElementAtOrDefault(1) ?? "models/nano").ReadModel();
var writer = new ToolUsingModel(model, new Toolbox([new Calculator(), new Calendar()]));

var options = new GenerationOptions { MaxNewTokens = 16 };
await foreach (var happened in writer.StreamAsync(new(prompt, new ToolContext(TimeProvider.System)), options))
{
    if (happened is GenerationEvent.TextDelta delta)
        Console.Write(delta.Text);
}
Console.WriteLine();
