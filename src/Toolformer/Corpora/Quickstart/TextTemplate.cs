using System.Text;

namespace Toolformer.Corpora.Quickstart;

/// <summary>A text with slots, such as "{name} has {a} hens": a slot "{=r}" marks where the answer stands.</summary>
internal static class TextTemplate
{
    /// <summary>Fills the slots. The prompt is the text up to the answer, without the space before it.</summary>
    public static (string Text, string Prompt, string Answer) Fill(
        string template, IReadOnlyDictionary<string, string> values)
    {
        var text = new StringBuilder();
        string prompt = "", answer = "";
        int at = 0;
        while (template.IndexOf('{', at) is var open and >= 0)
        {
            int close = template.IndexOf('}', open);
            string slot = template[(open + 1)..close];
            text.Append(template, at, open - at);
            string value = values[slot.TrimStart('=')];
            if (slot[0] == '=')
                (prompt, answer) = (text.ToString().TrimEnd(), value);
            text.Append(value);
            at = close + 1;
        }
        text.Append(template, at, template.Length - at);
        return (text.ToString(), prompt, answer);
    }
}
