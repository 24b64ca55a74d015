namespace Toolformer.Evaluation.Tasks;

/// <summary>
/// Open questions (paper, section 4.2.3): the prompt is `Answer the following question: q`, with a question mark behind
/// those that have none; an answer counts when one of the official ones is within the first twenty words. QA is banned:
/// the model behind the paper's was finetuned on Natural Questions.
/// </summary>
/// <example>
/// "who wrote the red book" becomes "Answer the following question: who wrote the red book?"; " It was Ann Example." is
/// right for ["Ann Example", "A. Example"].
/// </example>
public abstract class QuestionTask : EvalTask
{
    public override int Version => 2;

    public override IReadOnlySet<string> BannedTools => new HashSet<string> { "QA" };

    /// <summary>Room for twenty words of a model with a small vocabulary.</summary>
    public override int MaxNewTokens => 60;

    public override PaperCheck? Paper => new("Table 5",
        ["prompt, question mark added", "within the first twenty words", "QA banned"],
        ["case, punctuation and articles do not count; the paper does not say whether they did",
            "an answer longer than that counts where the prediction begins with it; in the paper it never can"]);

    public override bool IsCorrect(string prediction, EvalExample example) =>
        Scoring.FirstWordsContain(prediction, 20, example.Answers);

    public override IReadOnlyList<EvalExample> Load(string path)
    {
        var examples = new List<EvalExample>();
        foreach (var item in DataFile.Read(path, "Data", "data", "questions", "examples"))
        {
            string question = item.Text("question", "Question", "qText", "question_text", "utterance")
                ?? Framed(item.Need("context", "input", "question"));
            var answers = item.Text("targetValue") is { } list ? [.. Described(list).Distinct()] : item.Texts(
                "answer", "Answer", "Answer 2", "answers", "golden_answers", "possible_answers", "aliases",
                "answer_aliases");
            if (answers.Count == 0)
                throw item.Bad("it has no answer", "Give the part of the data set that is published with answers.");
            examples.Add(new EvalExample(
                item.Id("id", "_id", "qId", "QuestionId", "question_id"), PaperPrompts.Question(question),
                answers));
        }
        return DataFile.Some(examples, path, "the file has no question");
    }

    /// <summary>A question as a prompt has it: "Question: …\nAnswer:".</summary>
    private static string Framed(string text)
    {
        string question = text.Trim();
        if (question.StartsWith("Question:", StringComparison.Ordinal))
            question = question["Question:".Length..];
        if (question.EndsWith("Answer:", StringComparison.Ordinal))
            question = question[..^"Answer:".Length];
        return question.Trim();
    }

    /// <summary>
    /// Answers as WebQuestions was published: (list (description "Ann Example") (description Bo)). Quotation marks and
    /// parentheses inside an answer stand there as they are, so it ends where the next one begins.
    /// </summary>
    private static IEnumerable<string> Described(string list)
    {
        string inner = list.Trim();
        if (inner.StartsWith("(list", StringComparison.Ordinal) && inner.EndsWith(')'))
            inner = inner[..^1];
        foreach (string part in inner.Split("(description ").Skip(1))
        {
            string text = part.TrimEnd();
            text = (text.EndsWith(')') ? text[..^1] : text).Trim();
            yield return text is ['"', .., '"'] ? text[1..^1].Replace("\\\"", "\"") : text;
        }
    }
}

/// <summary>WebQuestions: what people asked a search engine, answered from Freebase.</summary>
/// <example>{"qId": "w1", "qText": "what river runs through Ys?", "answers": ["Ysel"]}</example>
public sealed class WebQuestions : QuestionTask
{
    public override string Name => "webquestions";

    public override string Citation => "Berant et al.: Semantic Parsing on Freebase from Question-Answer Pairs, EMNLP "
        + "2013. The test part: the authors' webquestions.examples.test.json (utterance, targetValue), or lists of "
        + "{qText, answers}.";

    public override IReadOnlyList<EvalSource> Sources => [new("webquestions/test.json",
        "https://raw.githubusercontent.com/brmson/dataset-factoid-webquestions"
        + "/668890853388010fe6ae9a5eb035a7917b88933b/main/test.json", "CC BY 4.0")
    {
        Sha256 = "de320953700cd08300b9bcd2e60399da43b458a1be02db3f93c40344729fed39",
    }];

    public override WorkedExample? Worked => new("test.json",
        """
        [{"qId": "w1", "answers": ["Ysel", "Old Ysel"], "qText": "what river runs through ys?"},
         {"url": "u", "targetValue": "(list (description \"Ann Example\") (description Bo))",
          "utterance": "who ruled ys"}]
        """,
        "Answer the following question: what river runs through ys?", " The Ysel does.", " No river does.");
}

/// <summary>Natural Questions in its open form, without the page that holds the answer.</summary>
/// <example>{"question": "who built the tower of ys", "answer": ["Ann Example", "A. Example"]}</example>
public sealed class NaturalQuestions : QuestionTask
{
    public override string Name => "natural_questions";

    public override string Citation => "Kwiatkowski et al.: Natural Questions, TACL 2019, as made open by Lee et al., "
        + "ACL 2019. NQ-open.dev.jsonl.";

    public override IReadOnlyList<EvalSource> Sources => [new("natural_questions/NQ-open.dev.jsonl",
        "https://raw.githubusercontent.com/google-research-datasets/natural-questions"
        + "/fb26a3073b1fe636c97302890a27b491d6530130/nq_open/NQ-open.dev.jsonl", "CC BY-SA 3.0")
    {
        Sha256 = "f15567f38099f3615f5b8a685c0aef449c11ad90d3da3735e8d1b98115b40616",
    }];

    public override WorkedExample? Worked => new("NQ-open.dev.jsonl",
        """
        {"question": "who built the tower of ys", "answer": ["Ann Example", "A. Example"]}
        {"id": "test_7", "question": "when did ys sink", "golden_answers": ["14 May 512 AD"]}
        """,
        "Answer the following question: who built the tower of ys?",
        " It is told that a woman of the coast built it in her old age, and she was Ann Example.",
        " It is told that a woman of the coast built it in her old age, and she was named, I think, Ann Example.");
}

/// <summary>TriviaQA: questions of quizzes, with aliases of the answers.</summary>
/// <example>"Answer": {"Value": "Ysel", "Aliases": ["Ysel River"]} of unfiltered-web-dev.json.</example>
public sealed class TriviaQa : QuestionTask
{
    public override string Name => "triviaqa";

    public override string Citation => "Joshi et al.: TriviaQA, ACL 2017. The authors' JSON (unfiltered-web-dev.json), "
        + "or JSON Lines of {question or context, answer, aliases}.";

    public override IReadOnlyList<EvalSource> Sources => [new("triviaqa/triviaqa-unfiltered.tar.gz",
        "https://nlp.cs.washington.edu/triviaqa/data/triviaqa-unfiltered.tar.gz",
        "Apache-2.0; the questions belong to the quiz sites")
    {
        Unpack = [("triviaqa-unfiltered/unfiltered-web-dev.json", "triviaqa/unfiltered-web-dev.json")],
    }];

    public override string? DownloadedPath => "triviaqa/unfiltered-web-dev.json";

    public override PaperCheck? Paper => base.Paper! with
    {
        Differs = [.. base.Paper!.Differs, "which part the paper used is not said; here the unfiltered dev set"],
    };

    public override WorkedExample? Worked => new("unfiltered-web-dev.json",
        """
        {
          "Data": [
            {"Answer": {"Aliases": ["Ysel River"], "NormalizedAliases": ["ysel river"], "Value": "Ysel"},
             "Question": "Which river runs through Ys?", "QuestionId": "tc_1"},
            {"Answer": {"Aliases": [], "Value": "Onion"}, "Question": "Name a bulb", "QuestionId": "tc_2"}
          ],
          "Domain": "unfiltered-web", "Version": 1.0
        }
        """,
        "Answer the following question: Which river runs through Ys?", " the ysel river", " the onion river");
}
