// Question answering and search over one's own passages and facts:
//   dotnet run examples/questions.cs
#:project ../src/Toolformer/Toolformer.csproj
#:property PublishAot=false
#:property RestorePackagesWithLockFile=false

using Toolformer;
using Toolformer.Markup;
using Toolformer.Tools;
using Toolformer.Tools.Searching;

using var facts = SearchIndex.InMemory(
[
    Passage.OfFact("1", "Who keeps the lighthouse of Skagen?", "nobody since 1978"),
    Passage.OfFact("2", "How high is the lighthouse of Skagen?", "46 metres"),
]);
using var articles = SearchIndex.InMemory(
[
    new Passage("1", "Skagen", "Skagen is the northernmost town of Denmark. Its grey lighthouse was lit in 1858."),
    new Passage("2", "Ribe", "Ribe is the oldest town of Denmark.") { Section = "History" },
]);

var tools = new Toolbox([new QuestionAnswering(facts), new WikiSearch(articles)]);
var context = new ToolContext(TimeProvider.System);
foreach (var call in (ApiCall[])[
    new("QA", "How high is Skagen's lighthouse?"), new("QA", "How old is the mayor of Skagen?"),
    new("WikiSearch", "oldest town"), new("WikiSearch", "lighthouse Skagen")])
{
    var result = await tools.CallAsync(call, context);
    Console.WriteLine(CallSyntax.Print(call with { Result = result.Text ?? result.Error }).Trim());
}
