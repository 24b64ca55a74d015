using System.Globalization;
using Toolformer.Corpora;

namespace Toolformer.Evaluation.Tasks;

/// <summary>
/// Math word problems (paper, section 4.2.2): the prompt is `x q The answer is`, and the first number counts. As in the
/// paper only problems whose answer is one number are kept, so that no unit and no expression has to be written.
/// </summary>
public abstract class MathWordProblems : EvalTask
{
    public override int Version => 1;

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
public sealed class Asdiv : MathWordProblems
{
    public override string Name => "asdiv";

    public override string Citation => "Miao, Liang, Su: A Diverse Corpus for Evaluating and Developing English Math "
        + "Word Problem Solvers, ACL 2020. ASDiv.xml; a fold is chosen by ASDiv.xml#nfolds/asdiv-a/fold0.txt.";
}

/// <summary>SVAMP: problems varied so that keywords mislead.</summary>
public sealed class Svamp : MathWordProblems
{
    public override string Name => "svamp";

    public override string Citation => "Patel, Bhattamishra, Goyal: Are NLP Models really able to Solve Simple Math "
        + "Word Problems?, NAACL 2021. SVAMP.json.";
}

/// <summary>MAWPS: a collection of older sets of problems.</summary>
public sealed class Mawps : MathWordProblems
{
    public override string Name => "mawps";

    public override string Citation => "Koncel-Kedziorski et al.: MAWPS: A Math Word Problem Repository, NAACL 2016. "
        + "The authors' JSON, MWPToolkit's JSON or the five-fold CSV; spaces before punctuation are taken out.";
}

/// <summary>GSM8K: problems of several steps; not in the paper.</summary>
public sealed class Gsm8k : MathWordProblems
{
    public override string Name => "gsm8k";

    public override string Citation => "Cobbe et al.: Training Verifiers to Solve Math Word Problems, 2021. "
        + "test.jsonl; the answer is what stands after \"####\".";
}
