using System.Globalization;
using Toolformer.Corpora;

namespace Toolformer.Evaluation.Tasks;

/// <summary>
/// Math word problems (paper, section 4.2.2): the prompt is `x q The answer is`, and the first number counts. As in the
/// paper only problems whose answer is one number are kept, so that no unit and no expression has to be written.
/// </summary>
/// <example>
/// "Ann has 3 pens and buys 5. How many has she? The answer is": " 8 pens", " 5+3=8" and " 8.0" are right, " 5 and 3"
/// is wrong: 5 is the first number, and no equals sign stands before another.
/// </example>
public abstract class MathWordProblems : EvalTask
{
    public override int Version => 1;

    public override PaperCheck? Paper => new("Table 4",
        ["prompt", "first number counts; after \"=\" where an equation is written (footnote 7)",
            "only problems whose answer is one number"],
        ["which problems the paper's filter kept is not published",
            "answers that are no whole numbers count to two decimals, as the calculator rounds"]);

    public override IReadOnlyList<EvalExample> Load(string path)
    {
        var examples = MathProblemFile.Read(path).Where(p => p.Number is not null).Select(p => new EvalExample(
            p.Id, $"{p.Text} {SolvedProblems.AnswerPhrase}",
            [p.Number!.Value.ToString(CultureInfo.InvariantCulture)])).ToList();
        return examples.Count > 0 ? examples : throw new InvalidDataException(
            $"No problem with a number for an answer is in {path} · task {Name} · give the official data file.");
    }

    public override bool IsCorrect(string prediction, EvalExample example) =>
        example.Answers.Any(a => Scoring.NumberIs(prediction, decimal.Parse(a, CultureInfo.InvariantCulture)));
}

/// <summary>ASDiv: varied problems of elementary school.</summary>
/// <example>Body "Ann has 3 pens and buys 5.", question "How many has she?", answer "8 (pens)".</example>
public sealed class Asdiv : MathWordProblems
{
    public override string Name => "asdiv";

    public override string Citation => "Miao, Liang, Su: A Diverse Corpus for Evaluating and Developing English Math "
        + "Word Problem Solvers, ACL 2020. ASDiv.xml; a fold is chosen by ASDiv.xml#nfolds/asdiv-a/fold0.txt.";

    public override IReadOnlyList<EvalSource> Sources => [new("asdiv/ASDiv.xml",
        "https://raw.githubusercontent.com/chaochun/nlu-asdiv-dataset/883f90a9a65bf00304ba8f37423910fe743abc47"
        + "/dataset/ASDiv.xml", "CC BY-NC 4.0")
    {
        Sha256 = "ef8904068482919ac48c8eeaaf6df344b8a308ba66d048c2d4d87eab82dc4929",
    }];

    public override WorkedExample? Worked => new("ASDiv.xml",
        """
        <?xml version="1.0" encoding="UTF-8"?>
        <Machine-Reading-Corpus-File><ProblemSet>
        <Problem ID="a-1" Grade="1" Source="made up"><Body>Ann has 3 pens and buys 5.</Body>
        <Question>How many has she?</Question><Answer>8 (pens)</Answer><Formula>3+5=8</Formula></Problem>
        <Problem ID="a-2"><Body>A cat sleeps.</Body><Question>Who?</Question><Answer>the cat</Answer></Problem>
        <Problem ID="a-3"><Body>Six plates break.</Body><Question>How many of 1,250 are whole?</Question>
        <Answer>1,244 (plates)</Answer></Problem>
        </ProblemSet></Machine-Reading-Corpus-File>
        """,
        "Ann has 3 pens and buys 5. How many has she? The answer is", " 5+3=8.", " 3, then 8.");
}

/// <summary>SVAMP: problems varied so that keywords mislead.</summary>
/// <example>Body "Two pens cost 7 dollars", question "What do six cost?", answer 21.0; " $21" is right.</example>
public sealed class Svamp : MathWordProblems
{
    public override string Name => "svamp";

    public override string Citation => "Patel, Bhattamishra, Goyal: Are NLP Models really able to Solve Simple Math "
        + "Word Problems?, NAACL 2021. SVAMP.json.";

    public override IReadOnlyList<EvalSource> Sources => [new("svamp/SVAMP.json",
        "https://raw.githubusercontent.com/arkilpatel/SVAMP/689d7ccac74b9983a2ac7cc3b264f441b99e7c53/SVAMP.json", "MIT")
    {
        Sha256 = "5be77703a6d891ae476d7c082787ad361392aa02453b132516cdd5f4e7934e3e",
    }];

    public override WorkedExample? Worked => new("SVAMP.json",
        """
        [
            {"ID": "chal-1", "Body": "Two pens cost 7 dollars", "Question": "What do six cost?",
             "Equation": "( 7.0 * 3.0 )", "Answer": 21.0, "Type": "Multiplication"},
            {"ID": "chal-2", "Body": "A bus has 40 seats.", "Question": "How many have 3 buses?",
             "Equation": "( 40.0 * 3.0 )", "Answer": 120, "Type": "Multiplication"}
        ]
        """,
        "Two pens cost 7 dollars What do six cost? The answer is", " $21.", " 7 * 3 dollars");
}

/// <summary>MAWPS: a collection of older sets of problems.</summary>
/// <example>"Joe had 4 kites . He lost 1 . How many are left ?" is read without the spaces before marks.</example>
public sealed class Mawps : MathWordProblems
{
    public override string Name => "mawps";

    public override string Citation => "Koncel-Kedziorski et al.: MAWPS: A Math Word Problem Repository, NAACL 2016. "
        + "The authors' JSON, MWPToolkit's JSON or the five-fold CSV; spaces before punctuation are taken out.";

    public override IReadOnlyList<EvalSource> Sources => [new("mawps/mawps_source.json",
        "https://raw.githubusercontent.com/LYH-YF/MWPToolkit/0993beb336c286a0f974d58834e932cf65e32249"
        + "/dataset/mawps-single/mawps_source.json", "MIT")
    {
        Sha256 = "3c4894b3b7318982b8ac0ce93a76634f1d2754e8abd58bb1314a9dffe58874ba",
    }];

    public override WorkedExample? Worked => new("mawps.json",
        """
        [{"iIndex": 1, "sQuestion": "Joe had 4 kites . He lost 1 . How many are left ?",
          "lEquations": ["X=4-1"], "lSolutions": [3.0]},
         {"iIndex": 2, "sQuestion": "A wall has 90 bricks . How many have 2 walls ?",
          "lEquations": ["X=90*2"], "lSolutions": [180.0]}]
        """,
        "Joe had 4 kites. He lost 1. How many are left? The answer is", " 4 - 1 = 3", " 4 - 1, that is 3");
}

/// <summary>GSM8K: problems of several steps; not in the paper.</summary>
/// <example>The answer "2 * 6 = 12, and 3 more.\n#### 15" is 15.</example>
public sealed class Gsm8k : MathWordProblems
{
    public override string Name => "gsm8k";

    public override string Citation => "Cobbe et al.: Training Verifiers to Solve Math Word Problems, 2021. "
        + "test.jsonl; the answer is what stands after \"####\".";

    public override PaperCheck? Paper => PaperCheck.Beyond("prompt and rule of the paper's math problems");

    public override IReadOnlyList<EvalSource> Sources => [new("gsm8k/test.jsonl",
        "https://raw.githubusercontent.com/openai/grade-school-math/3101c7d5072418e28b9008a6636bde82a006892c"
        + "/grade_school_math/data/test.jsonl", "MIT")
    {
        Sha256 = "3730d312f6e3440559ace48831e51066acaca737f6eabec99bccb9e4b3c39d14",
    }];

    public override WorkedExample? Worked => new("test.jsonl",
        """
        {"question": "A box has 6 eggs. What do 2 boxes and 3 eggs make?", "answer": "2*6=<<2*6=12>>12\n#### 15"}
        {"question": "What is left of 2,000 after 999?", "answer": "So it is\n#### 1,001"}
        """,
        "A box has 6 eggs. What do 2 boxes and 3 eggs make? The answer is", " 12 + 3 = 15", " 12 and then 15");
}
