namespace Toolformer.Evaluation.Tasks;

/// <summary>
/// Questions that take several look-ups, the answer of one being the question of the next: what the paper's single call
/// can't do (its section 7), so how much more calls are worth. No tool is banned, and no passage is shown.
/// </summary>
/// <example>
/// "Which river runs through the city where Ann Example was born?" Two searches give Ys, then Ysel; " The Ysel." is
/// right.
/// </example>
public abstract class MultiHopTask : QuestionTask
{
    public override IReadOnlySet<string> BannedTools => new HashSet<string>();

    public override PaperCheck? Paper => PaperCheck.Beyond(
        "prompt and rule of the paper's questions", "no tool is banned", "the passages of the file are not shown");
}

/// <summary>HotpotQA: two hops over Wikipedia; also "yes" and "no".</summary>
/// <example>{"_id": "h1", "question": "Are Ys and Atlantis both sunk?", "answer": "yes"}</example>
public sealed class HotpotQa : MultiHopTask
{
    public override string Name => "hotpotqa";

    public override string Citation => "Yang et al.: HotpotQA, EMNLP 2018. hotpot_dev_distractor_v1.json or "
        + "hotpot_dev_fullwiki_v1.json.";

    public override IReadOnlyList<EvalSource> Sources => [new("hotpotqa/hotpot_dev_distractor_v1.json",
        "http://curtis.ml.cmu.edu/datasets/hotpot/hotpot_dev_distractor_v1.json", "CC BY-SA 4.0")];

    public override WorkedExample? Worked => new("hotpot_dev_distractor_v1.json",
        """
        [{"_id": "h1", "answer": "Ysel", "question": "Which river runs through the birthplace of Ann Example?",
          "supporting_facts": [["Ys", 0]], "context": [["Ys", ["Ys lies on the Ysel."]]], "type": "bridge"},
         {"_id": "h2", "answer": "yes", "question": "Are Ys and Atlantis both sunk?", "context": []}]
        """,
        "Answer the following question: Which river runs through the birthplace of Ann Example?",
        " The Ysel.", " She was born in Ys.");
}

/// <summary>MuSiQue: two to four hops that can't be guessed from one.</summary>
/// <example>{"id": "2hop__1", "question": "…", "answer": "Ysel", "answer_aliases": ["Ysel River"]}</example>
public sealed class Musique : MultiHopTask
{
    public override string Name => "musique";

    public override string Citation => "Trivedi et al.: MuSiQue, TACL 2022. musique_ans_v1.0_dev.jsonl.";

    public override string? DownloadedPath => "musique/musique_ans_v1.0_dev.jsonl";

    public override WorkedExample? Worked => new("musique_ans_v1.0_dev.jsonl",
        """
        {"id": "2hop__1", "question": "Who rules the city on the Ysel?", "answer": "Bo", "answer_aliases": ["Bo II"]}
        {"id": "3hop__2", "question": "Where did he die?", "answer": "Atlantis", "answer_aliases": []}
        """,
        "Answer the following question: Who rules the city on the Ysel?", " Bo does", " Ann does");
}

/// <summary>2WikiMultihopQA: hops along Wikidata's relations.</summary>
/// <example>{"_id": "2w1", "type": "compositional", "question": "…", "answer": "Ysel"}</example>
public sealed class TwoWiki : MultiHopTask
{
    public override string Name => "two_wiki";

    public override string Citation => "Ho et al.: Constructing A Multi-hop QA Dataset, COLING 2020. dev.json.";

    public override string? DownloadedPath => "two_wiki/dev.json";

    public override WorkedExample? Worked => new("dev.json",
        """
        [{"_id": "2w1", "type": "compositional", "question": "Who is the mother of the king of Ys?", "answer": "Dahut"},
         {"_id": "2w2", "type": "comparison", "question": "Which is older, Ys or Rome?", "answer": "Rome"}]
        """,
        "Answer the following question: Who is the mother of the king of Ys?", " Dahut.", " Rome.");
}

/// <summary>Bamboogle: questions whose two facts a search engine has, but no page together.</summary>
/// <example>{"id": "test_0", "question": "…?", "golden_answers": ["Ann Example"]}</example>
public sealed class Bamboogle : MultiHopTask
{
    public override string Name => "bamboogle";

    public override string Citation => "Press et al.: Measuring and Narrowing the Compositionality Gap, EMNLP Findings "
        + "2023. The authors' table (Question, Answer, Answer 2 as .csv), or JSON Lines of {question, golden_answers}.";

    public override string? DownloadedPath => "bamboogle/Bamboogle Prerelease - Sheet1.csv";

    public override WorkedExample? Worked => new("test.jsonl",
        """
        {"id": "test_0", "question": "Who ruled Ys in the year that Rome fell?", "golden_answers": ["gradlon"]}
        {"id": "test_1", "question": "Which ship came first to Ys?", "golden_answers": ["Argo II"]}
        """,
        "Answer the following question: Who ruled Ys in the year that Rome fell?", " King Gradlon", " Argo II");
}

/// <summary>PopQA: single facts of well-known and of little-known things.</summary>
/// <example>"possible_answers": "[\"Ann Example\", \"A. Example\"]" is a list inside a text.</example>
public sealed class PopQa : MultiHopTask
{
    public override string Name => "popqa";

    public override string Citation => "Mallen et al.: When Not to Trust Language Models, ACL 2023. popQA.tsv, or JSON "
        + "Lines of {question, possible_answers}; one hop.";

    public override IReadOnlyList<EvalSource> Sources => [new("popqa/popQA.tsv",
        "https://raw.githubusercontent.com/AlexTMallen/adaptive-retrieval/2b70c1ea7db206be429e90b6dbaf850f4514c5ec"
        + "/data/popQA.tsv", "MIT")];

    public override WorkedExample? Worked => new("test.jsonl",
        """
        {"id": 1, "question": "Who wrote Ys?", "possible_answers": "[\"Ann Example\", \"A. Example\"]"}
        {"id": 2, "question": "Who sang Ys?", "golden_answers": ["Bo Sample"]}
        """,
        "Answer the following question: Who wrote Ys?", " A. Example", " Bo Sample");
}
