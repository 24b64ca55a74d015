using System.Text;

namespace Toolformer.Tools;

/// <summary>
/// The wording of the annotation prompt P(x) (paper, section 2 and appendix A.2): instruction, demonstrations, then x
/// twice, once as input and once to be copied with calls. Every text starts on a line of its own, so that it is
/// tokenised as it is at the beginning of a document.
/// </summary>
public static class AnnotationPrompt
{
    /// <summary>The part that is the same for every text: its keys and values are computed once per tool.</summary>
    /// <param name="instruction">What the tool is for and how a call is written.</param>
    /// <param name="demonstrations">Pairs of a plain text and the same text with calls.</param>
    public static string Head(string instruction, IEnumerable<(string Plain, string Annotated)> demonstrations)
    {
        var prompt = new StringBuilder(instruction.Trim()).Append(" Here are some examples of API calls:\n");
        foreach (var (plain, annotated) in demonstrations)
            prompt.Append(Query(plain)).Append(annotated).Append('\n');
        return prompt.ToString();
    }

    /// <summary>The part that belongs to one text; the text itself follows, to be copied with calls.</summary>
    public static string Query(string text) => $"Input:\n{text}\nOutput:\n";
}
