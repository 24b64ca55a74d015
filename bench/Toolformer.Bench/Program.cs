using System.Globalization;
using System.Runtime.InteropServices;
using Toolformer;
using Toolformer.Bench;
using static TorchSharp.torch;

// dotnet run -c Release --project bench/Toolformer.Bench -- [threads] [part…]
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (args.Length > 0)
    set_num_threads(int.Parse(args[0], CultureInfo.InvariantCulture));
string nano = Path.Combine("models", "nano");
string program = Path.Combine("artifacts", "bin", "Toolformer.Cli", "release", "Toolformer.Cli.dll");
var parts = new Dictionary<string, Func<IEnumerable<Measure>>>
{
    ["engine"] = EngineBench.Run,
    ["annotation"] = AnnotationBench.Run,
    ["training"] = TrainingBench.Run,
    ["nano"] = () => PipelineBench.Run(nano),
    ["startup"] = () => StartupBench.Run(program, nano),
};

Console.WriteLine($"{RuntimeInformation.OSDescription}, {Environment.ProcessorCount} cores, "
    + $"{get_num_threads()} threads, "
    + $"{RuntimeInformation.FrameworkDescription}, libtorch {__version__}, commit {Manifest.BuiltFrom}");
Console.WriteLine("Best of three after one warm-up; GPT-2 small's shape with random weights.\n");
Console.WriteLine($"| {"what",-60} | {"result",18} | {"target",8} |");
Console.WriteLine($"|{new string('-', 62)}|{new string('-', 19)}:|{new string('-', 9)}:|");
foreach (var (what, result, target) in parts.Where(p => args.Length < 2 || args[1..].Contains(p.Key))
    .SelectMany(p => p.Value()))
    Console.WriteLine($"| {what,-60} | {result,18} | {target,8} |");
