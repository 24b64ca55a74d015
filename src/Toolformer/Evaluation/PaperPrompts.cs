namespace Toolformer.Evaluation;

/// <summary>The zero-shot prompts of the paper (appendix C), word by word. No full stop ends them.</summary>
public static class PaperPrompts
{
    /// <summary>LAMA and TempLAMA; <paramref name="text"/> ends where the answer begins.</summary>
    public static string Cloze(string text) =>
        $"Please complete the following text so that it is factually correct: {text}";

    /// <summary>Questions; a question mark is put behind those that have none.</summary>
    public static string Question(string question)
    {
        string asked = question.Trim();
        return $"Answer the following question: {asked}{(asked.EndsWith('?') ? "" : "?")}";
    }

    /// <summary>Questions about an English paragraph, in another language.</summary>
    public static string QuestionAbout(string paragraph, string question) =>
        $"Your task is to answer a question based on the following paragraph: {paragraph.Trim()} "
        + $"Now answer the following question in English: {question.Trim()}";

    /// <summary>
    /// The part of a statement before its mask; null: the mask is not its end, so that it can't be written from left to
    /// right, or there is not just one. What is no letter and no digit may stand behind it.
    /// </summary>
    public static string? BeforeFinalMask(string statement, string mask)
    {
        int at = statement.IndexOf(mask, StringComparison.Ordinal);
        if (at < 0)
            return null;
        var rest = statement.AsSpan(at + mask.Length);
        foreach (char c in rest)
        {
            if (char.IsLetterOrDigit(c) || c == '[')
                return null;
        }
        string before = statement[..at].TrimEnd();
        return before.Length > 0 ? before : null;
    }
}
