// Machine translation with a glossary of one's own. Apertium, a LibreTranslate server or an NLLB model take its place
// by name in a tools file:
//   dotnet run examples/translate.cs
#:project ../src/Toolformer/Toolformer.csproj
#:property PublishAot=false
#:property RestorePackagesWithLockFile=false

using Toolformer.Markup;
using Toolformer.Tools;
using Toolformer.Tools.Translating;

using var glossary = new GlossaryTranslator([new("la", "the"), new("llave", "key"), new("maestra", "master")]);
var tools = new Toolbox([new MachineTranslation(glossary)]);
var context = new ToolContext(TimeProvider.System);
foreach (string phrase in (string[])["llave", "la llave", "la ventana"])
{
    var result = await tools.CallAsync("MT", phrase, context);
    Console.WriteLine(CallSyntax.Print(new ApiCall("MT", phrase, result.Text ?? result.Error)).Trim());
}
