// Notes as a tool: search, open, follow links, and append, which is asked for first:
//   dotnet run examples/notes.cs
#:project ../src/Toolformer/Toolformer.csproj
#:property PublishAot=false
#:property RestorePackagesWithLockFile=false

using Toolformer.Markup;
using Toolformer.Tools;
using Toolformer.Tools.Guarding;
using Toolformer.Tools.Notes;

var folder = Directory.CreateTempSubdirectory("notes-");
string fair = Path.Combine(folder.FullName, "Spring fair.md"), mill = Path.Combine(folder.FullName, "Old mill.md");
File.WriteAllText(fair, "On the second Saturday in May, at the [[Old mill]].\n");
File.WriteAllText(mill, "Built in 1790. #history\n");

// A JSON export of a Scrapbox or Cosense project: new ScrapboxExport("team.json").
var tools = new Toolbox([new NotesSearch(new MarkdownFolder(folder.FullName))]).Under(new ToolPolicies
{
    Approve = (request, _) =>
    {
        Console.WriteLine($"May {request.Tool.Name} do this: {request.Input}? (yes, in this example)");
        return new(true);
    },
});
string[] inputs =
[
    "search second saturday", "open Spring fair", "links Spring fair", "backlinks Old mill",
    "append Old mill: The key is with the baker.", "open Old mil", "open Old mill",
];
foreach (string input in inputs)
{
    var result = await tools.CallAsync("NotesSearch", input, new(TimeProvider.System));
    Console.WriteLine(CallSyntax.Print(new ApiCall("NotesSearch", input, result.Text ?? result.Error)).Trim());
}
folder.Delete(recursive: true);
