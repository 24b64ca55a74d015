using System.CommandLine;
using Toolformer.Cli.Displays;

namespace Toolformer.Cli;

/// <summary>One verb of the command line: one file under Commands/, found by the catalogue.</summary>
public abstract class Verb
{
    /// <summary>What is typed.</summary>
    public abstract string Name { get; }

    /// <summary>What it does, in one line, then an example, for --help.</summary>
    public abstract string Description { get; }

    /// <summary>Its options.</summary>
    public virtual IEnumerable<Option> Options => [];

    /// <summary>Its arguments, if it takes any.</summary>
    public virtual IEnumerable<Argument> Arguments => [];

    /// <summary>Verbs below this one, such as `tools list`, nested in its class; then it does nothing itself.</summary>
    public virtual IReadOnlyList<Verb> Parts => [];

    /// <summary>
    /// Whether --model may name a model on a hub; then the verb is given the folder that it lies in.
    /// </summary>
    public virtual bool TakesModelFromHub => true;

    /// <summary>Whether it deals with Ctrl+C itself; else that ends it.</summary>
    public virtual bool HandlesInterrupts => false;

    /// <summary>Does the work. Exceptions become messages and exit statuses in <see cref="CommandLine"/>.</summary>
    /// <returns>The exit status: 0 done, 1 the work failed.</returns>
    public abstract Task<int> RunAsync(ParseResult arguments, Display display, CancellationToken cancellation);
}
