using Toolformer.Cli;
using Toolformer.Cli.Displays;

// A training step or a batch in flight may end, and what is done is saved, before an interrupted run is given up.
return await CommandLine.RunAsync(args, Display.OfConsole(), graceWhenInterrupted: TimeSpan.FromMinutes(2));
