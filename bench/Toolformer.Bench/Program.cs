using System.Globalization;
using System.Runtime.InteropServices;
using Toolformer;
using Toolformer.Bench;
using static TorchSharp.torch;

// dotnet run -c Release --project bench/Toolformer.Bench -- [threads] [part…]
// … -- soak [minutes]
// … -- search [passages] · … -- questions PASSAGES NAME=QUESTIONS [model folder] [questions per set]
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
int Number(int place, int otherwise) =>
    args.Length > place ? int.Parse(args[place], CultureInfo.InvariantCulture) : otherwise;
bool isSearch = args.FirstOrDefault() is "search" or "questions"; // long, or over data that is not shipped
if (args.FirstOrDefault() == "soak")
{
    await SoakBench.RunAsync(Path.Combine("models", "nano"), Number(1, 10));
    return;
}
if (args.Length > 0 && !isSearch)
    set_num_threads(Number(0, 1));
string nano = Path.Combine("models", "nano");
string program = Path.Combine("artifacts", "bin", "Toolformer.Cli", "release", "Toolformer.Cli.dll");
var parts = new Dictionary<string, Func<IEnumerable<Measure>>>
{
    ["engine"] = EngineBench.Run,
    ["annotation"] = AnnotationBench.Run,
    ["training"] = TrainingBench.Run,
    ["nano"] = () => PipelineBench.Run(nano),
    ["startup"] = () => StartupBench.Run(program, nano),
    ["server"] = () => ServerBench.Run(nano),
};

Console.WriteLine($"{RuntimeInformation.OSDescription}, {Environment.ProcessorCount} cores, "
    + $"{get_num_threads()} threads, "
    + $"{RuntimeInformation.FrameworkDescription}, libtorch {__version__}, commit {Manifest.BuiltFrom}");
Console.WriteLine("Best of three after one warm-up; GPT-2 small's shape with random weights.\n");
Console.WriteLine($"| {"what",-60} | {"result",18} | {"target",8} |");
Console.WriteLine($"|{new string('-', 62)}|{new string('-', 19)}:|{new string('-', 9)}:|");
var measures = !isSearch
    ? parts.Where(p => args.Length < 2 || args[1..].Contains(p.Key)).SelectMany(p => p.Value())
    : args[0] == "search" ? SearchBench.Run(Number(1, 1_000_000))
    : QuestionBench.Run(args[1], args[2], args.ElementAtOrDefault(3), Number(4, 100));
foreach (var (what, result, target) in measures)
    Console.WriteLine($"| {what,-60} | {result,18} | {target,8} |");
