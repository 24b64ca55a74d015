using System.CommandLine;

namespace Toolformer.Cli;

/// <summary>One verb of the command line: one file under Commands/, found by the catalogue.</summary>
public abstract class Verb
{
    /// <summary>What is typed.</summary>
    public abstract string Name { get; }

    /// <summary>What it does, in one line, then an example, for --help.</summary>
    public abstract string Description { get; }

    /// <summary>Its options.</summary>
    public abstract IEnumerable<Option> Options { get; }

    /// <summary>Its arguments, if it takes any.</summary>
    public virtual IEnumerable<Argument> Arguments => [];

    /// <summary>Does the work. Exceptions become messages and exit statuses in <c>Program</c>.</summary>
    /// <returns>The exit status: 0 done, 1 the work failed.</returns>
    public abstract Task<int> RunAsync(ParseResult arguments, CancellationToken cancellation);
}
