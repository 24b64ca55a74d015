using System.Text.Json.Nodes;
using Toolformer.Markup;
using Toolformer.Modeling;

namespace Toolformer.Tools.Arguments;

/// <summary>
/// A tool with named parameters: the text input of a call is read by its signature, and what is not well-formed is
/// answered with the reason.
/// </summary>
public abstract class StructuredTool(ToolTexts texts, Signature signature) : Tool
{
    public override string Name => texts.Name;

    public override string Description => texts.Description;

    public override string Instruction => texts.Instruction ?? texts.DefaultInstruction(signature);

    public override IReadOnlyList<string> Demonstrations => texts.Demonstrations;

    /// <summary>The parameters, and how they are written.</summary>
    public Signature Signature => signature;

    public override TokenPattern? InputPattern(string? text) => signature.Pattern();

    public sealed override ValueTask<ToolResult> CallAsync(
        string input, ToolContext context, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var (arguments, error) = signature.Parse(input);
        return arguments is null
            ? new(ToolResult.Failure(error!))
            : AnswerAsync(arguments, context, cancellation);
    }

    /// <summary>Answers arguments of the signature. Never throws on bad values: it returns an error instead.</summary>
    protected abstract ValueTask<ToolResult> AnswerAsync(
        JsonObject arguments, ToolContext context, CancellationToken cancellation);
}

/// <summary>What is said of a tool that is made from something else than a class of its own.</summary>
/// <param name="Name">Letters, digits and underscores.</param>
public sealed record ToolTexts(string Name, string Description)
{
    /// <summary>The first lines of the annotation prompt; null: made from the description and the parameters.</summary>
    public string? Instruction { get; init; }

    /// <summary>Texts with calls; without any the tool can be called, but not annotated with.</summary>
    public IReadOnlyList<string> Demonstrations { get; init; } = [];

    internal string DefaultInstruction(Signature signature)
    {
        var text = new System.Text.StringBuilder("Your task is to put calls to a ").Append(Name)
            .Append(" API into a text, each right before something that it helps to predict. ");
        if (Description.Length > 0)
            text.Append(Description.TrimEnd('.')).Append(". ");
        text.Append("You can call the API by writing \"[").Append(Name).Append('(').Append(signature.Usage)
            .Append(")]\"");
        var told = signature.Parameters.Where(p => p.Description.Length > 0).ToList();
        foreach (var (i, parameter) in told.Index())
        {
            text.Append(i == 0 ? ", where " : ", ").Append(parameter.Written).Append(" is ")
                .Append(parameter.Description.TrimEnd('.'));
        }
        return text.Append('.').ToString();
    }

    /// <summary>What is wrong with the demonstrations; null: nothing, or there are none.</summary>
    public string? Fault(Signature signature)
    {
        foreach (string demonstration in Demonstrations)
        {
            var calls = CallSyntax.Find(demonstration);
            string shown = demonstration.Length <= 80 ? demonstration : demonstration[..80] + "…";
            if (calls.Count == 0)
                return $"The demonstration '{shown}' has no call.";
            foreach (var call in calls.Select(c => c.Call))
            {
                if (call.Tool != Name || call.Result is not null)
                    return $"The demonstration '{shown}' has another call than [{Name}({signature.Usage})].";
                if (signature.Parse(CallSyntax.NormaliseInput(call.Input)).Error is { } error)
                    return $"The demonstration '{shown}' has a call that can't be read. {error}";
            }
        }
        return null;
    }
}

/// <summary>The fields of an entry of a tools file that say what a tool is.</summary>
public abstract record ToolTextOptions
{
    public string? Description { get; init; }
    public string? Instruction { get; init; }
    public IReadOnlyList<string> Demonstrations { get; init; } = [];

    /// <summary>The texts of the tool that an entry makes.</summary>
    /// <exception cref="InvalidDataException">A demonstration does not show a call of this tool.</exception>
    protected internal ToolTexts Texts(ToolSettings settings, string name, string description, Signature signature)
    {
        if (!CallSyntax.IsName(name))
            throw settings.Bad($"'{name}' can't be written in a call.", "Use letters, digits and underscores.");
        var texts = new ToolTexts(name, Description ?? description)
        {
            Instruction = Instruction,
            Demonstrations = Demonstrations,
        };
        return texts.Fault(signature) is { } fault
            ? throw settings.Bad(fault, $"Write texts with calls such as [{name}({signature.Usage})], without results.")
            : texts;
    }
}
