using System.Text.Json;
using Toolformer.Inference;

namespace Toolformer.Cli.Server;

/// <summary>What "tool_choice" makes of the tools that a client brought.</summary>
/// <param name="Tools">Those that may be called.</param>
internal sealed record ToolChoice(IReadOnlyList<CallerTool> Tools, bool IsRequired)
{
    private const string Field = "tool_choice";

    public static ToolChoice Read(RequestFields fields, IReadOnlyList<CallerTool> tools)
    {
        string choice = "auto";
        if (fields.Value(Field) is { ValueKind: JsonValueKind.Object })
        {
            var wanted = fields.Object(Field)!.Object("function")?.Text("name") ?? "";
            if (tools.All(t => t.FunctionName != wanted))
                throw ApiException.Bad(
                    Spelling.Unknown("tool", wanted, tools.Select(t => t.FunctionName)), Field + ".function.name");
            tools = [.. tools.Where(t => t.FunctionName == wanted)];
            choice = "required";
        }
        else if (fields.Text(Field) is { } word)
            choice = word is "auto" or "none" or "required" ? word : throw ApiException.Bad(
                Spelling.Unknown("tool choice", word, ["auto", "none", "required"]), Field);
        if (choice == "required" && tools.Count == 0)
            throw ApiException.Bad("tool_choice is \"required\", and there are no tools.", Field);
        return new ToolChoice(choice == "none" ? [] : tools, choice == "required");
    }

    /// <summary>For a model that writes calls inside its text.</summary>
    public GenerationOptions InText(GenerationOptions options)
    {
        if (Tools.Count == 0)
            return options;
        options = options with { CallerTools = Tools };
        return !IsRequired ? options : options with
        {
            BeginWithCall = true,
            AllowedTools = [],
            MaxCalls = Math.Max(1, options.MaxCalls),
        };
    }

    /// <summary>What an answer in a model's own form is made to begin with.</summary>
    /// <param name="form">Null: it is not known.</param>
    public string Begin(CallForm? form)
    {
        if (!IsRequired)
            return "";
        if (form is null)
            throw ApiException.Bad("tool_choice requires a call, and the form in which this model writes calls is not "
                + "known here: use \"auto\".", Field, "unsupported");
        return form.Begin + (Tools is [var only] ? only.FunctionName + form.AfterName : "");
    }
}
