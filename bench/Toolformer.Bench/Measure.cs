namespace Toolformer.Bench;

/// <summary>A line of the table.</summary>
/// <param name="Target">What it should reach; empty where it is there for comparison.</param>
internal sealed record Measure(string What, string Result, string Target = "");
