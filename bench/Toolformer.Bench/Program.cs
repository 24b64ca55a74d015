using System.Globalization;
using System.Runtime.InteropServices;
using Toolformer;
using Toolformer.Bench;
using static TorchSharp.torch;

// dotnet run -c Release --project bench/Toolformer.Bench -- [threads] [model folder]
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (args.Length > 0)
    set_num_threads(int.Parse(args[0], CultureInfo.InvariantCulture));
string nano = args.ElementAtOrDefault(1) ?? Path.Combine("models", "nano");

Console.WriteLine($"{RuntimeInformation.OSDescription}, {Environment.ProcessorCount} cores, "
    + $"{get_num_threads()} threads, "
    + $"{RuntimeInformation.FrameworkDescription}, libtorch {__version__}, commit {Manifest.BuiltFrom}");
Console.WriteLine("Best of three after one warm-up; GPT-2 small's shape with random weights.\n");
Console.WriteLine($"| {"what",-52} | {"result",24} |");
Console.WriteLine($"|{new string('-', 54)}|{new string('-', 25)}:|");
foreach (var (what, result) in EngineBench.Run().Concat(PipelineBench.Run(nano)))
    Console.WriteLine($"| {what,-52} | {result,24} |");
