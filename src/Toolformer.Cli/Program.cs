using System.CommandLine;
using Toolformer.Cli;

var root = new RootCommand("Toolformer for .NET: teaches a language model to use tools, and runs it.");
foreach (var verb in typeof(Verb).Assembly.GetTypes()
    .Where(t => t.IsSubclassOf(typeof(Verb)) && !t.IsAbstract)
    .Select(t => (Verb)Activator.CreateInstance(t)!)
    .OrderBy(v => v.Name, StringComparer.Ordinal))
{
    var command = new Command(verb.Name, verb.Description);
    foreach (var option in verb.Options)
        command.Options.Add(option);
    foreach (var argument in verb.Arguments)
        command.Arguments.Add(argument);
    command.SetAction((arguments, cancellation) => Guard(() => verb.RunAsync(arguments, cancellation)));
    root.Subcommands.Add(command);
}
return await root.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromMinutes(2) });

// 0 done, 1 the work failed, 2 wrong usage or bad input, 130 interrupted.
static async Task<int> Guard(Func<Task<int>> work)
{
    try
    {
        return await work();
    }
    catch (OperationCanceledException)
    {
        Console.Error.WriteLine("Interrupted. What is done is saved; the same command goes on from there.");
        return 130;
    }
    catch (Exception e) when (e is InvalidDataException or FileNotFoundException or DirectoryNotFoundException
        or ArgumentException)
    {
        Console.Error.WriteLine(e.Message);
        return 2;
    }
    catch (Exception e) when (e is IOException or InvalidOperationException or UnauthorizedAccessException)
    {
        Console.Error.WriteLine(e.Message);
        return 1;
    }
}
