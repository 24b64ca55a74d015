using System.CommandLine;
using Toolformer.Cli.Displays;
using Toolformer.Markup;
using Toolformer.Tools;
using Toolformer.Tools.Guarding;

namespace Toolformer.Cli.Options;

/// <summary>The options that say what tools may do and what is kept of their calls.</summary>
public sealed class GuardOptions
{
    public Option<bool> Yes { get; } = new("--yes") { Description = "Approves every call that changes something." };

    public Option<string> Allow { get; } = new("--allow")
    {
        Description = "Tools whose calls may change something, separated by commas; without it you are asked on a "
            + "terminal, and elsewhere such calls fail.",
        HelpName = "A,B",
    };

    public Option<string> Cache { get; } = new("--cache")
    {
        Description = "Folder in which answers of tools are kept, so that no call is made twice.",
        HelpName = "FOLDER",
    };

    public Option<string> Audit { get; } = new("--audit")
    {
        Description = "JSON Lines file to which every call is noted: time, tool, hash of the input, outcome, ms.",
        HelpName = "FILE",
    };

    public Option<bool> AuditInputs { get; } = new("--audit-inputs")
    {
        Description = "Notes inputs as they are, not their hashes.",
    };

    public IEnumerable<Option> All => [Yes, Allow, Cache, Audit, AuditInputs];

    /// <summary>The toolbox under these options.</summary>
    /// <exception cref="KeyNotFoundException">A tool that is allowed does not exist.</exception>
    public Toolbox Guard(Toolbox tools, ParseResult arguments, Display display)
    {
        string[] allowed = arguments.GetValue(Allow)?.Split(
            ',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];
        var approval = new Approval(display, arguments.GetValue(Yes), allowed.Select(name => tools[name].Name));
        return tools.Under(tools.Policies with
        {
            Approve = approval.ApproveAsync,
            Cache = arguments.GetValue(Cache) is { } folder
                ? new DiskResultCache(folder, display.Clock, warn: display.Note)
                : tools.Policies.Cache,
            Audit = arguments.GetValue(Audit) is { } file
                ? new AuditLog(file, display.Clock, arguments.GetValue(AuditInputs))
                : tools.Policies.Audit,
            Jitter = new Random(Environment.ProcessId),
        });
    }

    /// <summary>Who may change something: all, those that were named, or those that the user lets.</summary>
    private sealed class Approval(Display display, bool all, IEnumerable<string> allowed)
    {
        private readonly HashSet<string> _allowed = [.. allowed];
        private readonly SemaphoreSlim _one = new(1);

        public async ValueTask<bool> ApproveAsync(ApprovalRequest request, CancellationToken cancellation)
        {
            if (all)
                return true;
            await _one.WaitAsync(cancellation);
            try
            {
                string tool = request.Tool.Name;
                if (_allowed.Contains(tool))
                    return true;
                if (!display.InputIsTerminal || !display.ErrorIsTerminal)
                    return false;
                // The input is a model's: on a terminal it may hold nothing that moves the cursor.
                display.Write(display.Error, $"\n{tool} wants to change something: "
                    + $"{tool}({CallSyntax.Neutralise(request.Input)})\n  May it? y: yes · a: always · else no: ");
                string answer = await display.Input.ReadLineAsync(cancellation) ?? "";
                if (answer.Trim().ToLowerInvariant() is "a" or "always")
                    _allowed.Add(tool);
                return _allowed.Contains(tool) || answer.Trim().ToLowerInvariant() is "y" or "yes";
            }
            finally
            {
                _one.Release();
            }
        }
    }
}
