using Toolformer.Markup;
using Toolformer.Tools;

namespace Toolformer.Pipeline;

/// <summary>A tool that the model is to learn, and the numbers with which its calls are made.</summary>
public sealed record TaughtTool(Tool Tool, AnnotationOptions Options)
{
    public TaughtTool(Tool tool) : this(tool, tool.Annotation) { }

    public string Name => Tool.Name;

    /// <summary>The part of P(x) that is the same for every text: instruction and demonstrations.</summary>
    public string PromptHead => AnnotationPrompt.Head(
        Tool.Instruction, Tool.Demonstrations.Select(d => (CallSyntax.Strip(d), d)));
}

/// <summary>A document and its tokens.</summary>
public sealed record TokenisedDocument(Document Document, IReadOnlyList<Modeling.Token> Tokens)
{
    /// <summary>
    /// Whether a call may stand before this token: not where a character's bytes are spread over it and the one before.
    /// </summary>
    public bool IsBoundary(int position) => position == 0 || Tokens[position].Start >= Tokens[position - 1].End;
}
