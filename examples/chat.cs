// A chat client for programs written against Microsoft.Extensions.AI, whose answers call tools while they are written:
//   dotnet run examples/chat.cs -- "What is 25 + 17?" runs/quickstart/model
#:project ../src/Toolformer.Torch/Toolformer.Torch.csproj
#:property PublishAot=false
#:property RestorePackagesWithLockFile=false

using Microsoft.Extensions.AI;
using Toolformer.Inference;
using Toolformer.Tools;
using Toolformer.Torch;

using var model = ModelFolder.Open(args.ElementAtOrDefault(1) ?? "models/nano").ReadModel();
using IChatClient client = new ToolformerChatClient(
    new ToolUsingModel(model, new Toolbox([new Calculator(), new Calendar()])));

string question = args.ElementAtOrDefault(0) ?? "What is 25 + 17?";
await foreach (var update in client.GetStreamingResponseAsync(question, new ChatOptions { MaxOutputTokens = 24 }))
{
    Console.Write(update.Text);
    foreach (var call in update.Contents.OfType<FunctionCallContent>())
        Console.Error.WriteLine($"[{call.Name} is called with {string.Join(", ", call.Arguments?.Values ?? [])}]");
}
Console.WriteLine();
