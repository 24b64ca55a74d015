using System.Diagnostics;
using Toolformer.Tools;
using Toolformer.Torch;
using TorchSharp;

namespace Toolformer.Bench;

/// <summary>
/// Sixteen clients for minutes, with tools that fail at random and clients that leave: prints what is lost and what
/// grows (live tensors, memory, handles, threads).
/// </summary>
internal static class SoakBench
{
    private const int Clients = 16;
    private static readonly string[] Prompts =
    [
        "They had 25 pears and bought 17 more, so now they have", "Of 1400 people 400 came, that is",
        "The meeting is on", "It was a long day, and", "She paid 12 and got back 3, which makes",
    ];

    public static async Task RunAsync(string nano, double minutes)
    {
        using var model = ModelFolder.Open(nano).ReadModel();
        var random = new Random(1);
        var tools = new Toolbox([new Unreliable(new Calculator(), random), new Unreliable(new Calendar(), random)])
        {
            TimeLimit = TimeSpan.FromSeconds(1),
        };
        await using var load = await LoadClient.StartAsync(model, tools);
        var end = TimeSpan.FromMinutes(minutes);
        long started = TimeProvider.System.GetTimestamp();
        int whole = 0, left = 0, lost = 0, calls = 0;
        var clients = Enumerable.Range(0, Clients).Select(client => Task.Run(async () =>
        {
            var dice = new Random(client);
            while (TimeProvider.System.GetElapsedTime(started) < end)
            {
                int? leaveAfter = dice.Next(8) == 0 ? dice.Next(5) : null;
                try
                {
                    var done = await load.CompleteAsync(
                        Prompts[dice.Next(Prompts.Length)], dice.Next(1, 64), dice.NextDouble(), leaveAfter);
                    Interlocked.Increment(ref leaveAfter is null ? ref whole : ref left);
                    Interlocked.Add(ref calls, done.Calls);
                }
                catch (Exception e) when (e is HttpRequestException or InvalidDataException or IOException)
                {
                    Interlocked.Increment(ref lost);
                    Console.WriteLine($"lost: {e.Message}");
                }
            }
        })).ToArray();
        string[] columns =
            ["seconds", "whole", "left", "lost", "calls", "tensors", "memory MB", "managed MB", "handles", "threads"];
        Console.WriteLine($"| {string.Join(" | ", columns)} |");
        Console.WriteLine(string.Concat(columns.Select(c => $"|-{new string('-', c.Length)}:")) + "|");
        var all = Task.WhenAll(clients);
        while (await Task.WhenAny(all, Task.Delay(TimeSpan.FromSeconds(10), TimeProvider.System)) != all)
            Print();
        Print();
        foreach (string fault in load.Faults)
            Console.WriteLine($"fault of the server: {fault}");

        void Print()
        {
            using var process = Process.GetCurrentProcess();
            object[] values =
            [
                (int)TimeProvider.System.GetElapsedTime(started).TotalSeconds, whole, left, lost, calls,
                torch.Tensor.TotalCount, process.WorkingSet64 >> 20, GC.GetTotalMemory(forceFullCollection: true) >> 20,
                process.HandleCount, process.Threads.Count,
            ];
            Console.WriteLine("| " + string.Join(" | ", columns.Zip(values,
                (column, value) => $"{value}".PadLeft(column.Length))) + " |");
        }
    }

    /// <summary>A tool that at times throws, hangs, or answers what nobody can use.</summary>
    private sealed class Unreliable(Tool tool, Random random) : Tool
    {
        public override string Name => tool.Name;
        public override string Description => tool.Description;
        public override string Instruction => tool.Instruction;
        public override IReadOnlyList<string> Demonstrations => tool.Demonstrations;

        public override Modeling.TokenPattern? InputPattern(string? text) => tool.InputPattern(text);

        public override async ValueTask<ToolResult> CallAsync(
            string input, ToolContext context, CancellationToken cancellation)
        {
            int fate;
            lock (random)
                fate = random.Next(10);
            switch (fate)
            {
                case 0 or 1:
                    throw new InvalidOperationException("at random");
                case 2:
                    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation);
                    return ToolResult.Failure("never");
                case 3:
                    return ToolResult.Success(new string('[', 100_000));
                default:
                    return await tool.CallAsync(input, context, cancellation);
            }
        }
    }
}
