// Finding one's way through a document with Ctrl+F, each command at a cost:
//   dotnet run examples/find.cs
#:project ../src/Toolformer/Toolformer.csproj
#:property PublishAot=false
#:property RestorePackagesWithLockFile=false

using Toolformer;
using Toolformer.Markup;
using Toolformer.Tools;

var timetable = new Document("timetable", """
    The ferry to the island leaves at 8:00 and at 12:30.
    In winter it leaves once a day, at 10:15.
    Grown-ups pay 6 euros.
    Children under 12 pay half, dogs travel free.
    Bicycles are taken along where there is room.
    """);

var tools = new Toolbox([new FindInDocument(timetable)]);
var context = new ToolContext(TimeProvider.System) { Session = new ToolSession(budget: 25) };
foreach (string input in (string[])["search children", "read 4", "search winter", "read 2"])
{
    var result = await tools.CallAsync("FindInDocument", input, context);
    Console.WriteLine(CallSyntax.Print(new ApiCall("FindInDocument", input, result.Text ?? result.Error)).Trim());
}
