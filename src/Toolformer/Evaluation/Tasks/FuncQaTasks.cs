using System.Globalization;
using System.Text.Json;
using Toolformer.Corpora;

namespace Toolformer.Evaluation.Tasks;

/// <summary>
/// FuncQA: questions for thirteen arithmetic functions, with numbers too large to guess; not in the paper. Prompt and
/// rule are those of the paper's math problems, the tolerances those of ToolkenGPT.
/// </summary>
/// <example>"What is 1.02 to the power of 31? The answer is": " 1.85" is right for 1.8476.</example>
public abstract class FuncQa : EvalTask
{
    public override int Version => 1;

    public override PaperCheck? Paper => PaperCheck.Beyond(
        "zero-shot, with the paper's prompt for math problems; ToolkenGPT gives four examples");

    public override IReadOnlyList<EvalExample> Load(string path)
    {
        var examples = DataFile.Read(path, "data").Select(item => new EvalExample(item.Id("id"),
            $"{Question(item).Trim()} {SolvedProblems.AnswerPhrase}",
            [Parse(Answer(item)) is { } number ? number.ToString(CultureInfo.InvariantCulture)
                : throw item.Bad($"its answer '{DataItem.Shown(Answer(item))}' is no number",
                    "Give the official file.")])).ToList();
        return DataFile.Some(examples, path, "the file has no question");
    }

    /// <summary>The question of a record.</summary>
    private protected virtual string Question(DataItem item) => item.Need("question");

    /// <summary>The answer of a record, a number.</summary>
    private protected virtual string Answer(DataItem item) => item.Need("answer");

    /// <summary>A number as the file writes it: "1,080", "2.8e-05"; null: none.</summary>
    protected static decimal? Parse(string text) => decimal.TryParse(text.Replace(",", ""), NumberStyles.Float,
        CultureInfo.InvariantCulture, out decimal number) ? number : null;

    /// <summary>The source of a file of ToolkenGPT's data.</summary>
    protected static EvalSource Source(string file, string path, string? sha256) => new(file,
        "https://raw.githubusercontent.com/stroopwafl/toolken/eda668a2740eee57b9f5c03949c5e604aff18324/data/" + path,
        "Apache-2.0 (of the repository with this copy)")
    {
        Sha256 = sha256,
    };
}

/// <summary>Questions for one function; the answer counts when it is right to two decimals.</summary>
/// <example>{"question": "How often does 2% for 31 years multiply?", "answer": 1.8476}: " 1.85" is right.</example>
public sealed class FuncQaOneHop : FuncQa
{
    public override string Name => "funcqa_one_hop";

    public override string Citation => "Hao et al.: ToolkenGPT, NeurIPS 2023. funcqa_oh.json.";

    public override IReadOnlyList<EvalSource> Sources => [Source("funcqa/funcqa_oh.json", "funcqa/funcqa_oh.json",
        "3a4a845e000763c806aa64eb8e7d97f4c9ab8ca7d5b0a3f47a00b59517ad4080")];

    public override WorkedExample? Worked => new("funcqa_oh.json",
        """
        [{"question": "How many times does 2% a year multiply in 31 years?", "answer": 1.8476, "func": "<power>"},
         {"question": "What is 23 times 23?", "answer": "529", "func": "<multiply>(23, 23)=529"}]
        """,
        "How many times does 2% a year multiply in 31 years? The answer is", " 1.02^31 = 1.85", " 1.02^31 = 1.86");

    public override bool IsCorrect(string prediction, EvalExample example) => Parse(example.Answers[0]) is { } answer
        && Scoring.NumberIs(prediction, answer);
}

/// <summary>Questions for several functions; the answer counts within a thousandth of it.</summary>
/// <example>43.5694625: " 43.57" is right, " 43.7" is wrong.</example>
public sealed class FuncQaMultiHop : FuncQa
{
    public override string Name => "funcqa_multi_hop";

    public override string Citation => "Hao et al.: ToolkenGPT, NeurIPS 2023. funcqa_mh.json.";

    public override IReadOnlyList<EvalSource> Sources => [Source("funcqa/funcqa_mh.json", "funcqa/funcqa_mh.json",
        "f8fb05aa1f74b3327eb05c34fe355cfa15b97bed14bd562df65cff32312f9fa1")];

    public override WorkedExample? Worked => new("funcqa_mh.json",
        """
        [{"question": "What is the area of a circle 7.45 cm wide?", "answer": "43.5694625", "calculation": ["…"]},
         {"question": "What is 3 times 4 plus 2?", "answer": "14", "calculation": ["…", "…"]}]
        """,
        "What is the area of a circle 7.45 cm wide? The answer is", " 43.57 square centimetres", " 43.7");

    public override bool IsCorrect(string prediction, EvalExample example) => Parse(example.Answers[0]) is { } answer
        && Scoring.FirstNumber(prediction) is { } number
        && Math.Abs(number - answer) <= Math.Abs(answer) * 0.001m;
}

/// <summary>GSM8K with numbers so large that they can't be guessed: GSM8K-XL.</summary>
/// <example>"She has {v_1} eggs." with enhanced_v [4096] reads "She has 4096 eggs."</example>
public sealed class Gsm8kXl : FuncQa
{
    public override string Name => "gsm8k_xl";

    public override string Citation => "Hao et al.: ToolkenGPT, NeurIPS 2023. gsm8k-xl/test.json, with its enhanced "
        + "numbers.";

    public override IReadOnlyList<EvalSource> Sources => [Source("gsm8k_xl/test.json", "gsm8k-xl/test.json",
        "526d1038fbcb5d670032774231695001de21872a2de6c6746b9ef24650300641")];

    public override WorkedExample? Worked => new("test.json",
        """
        {"question": "She has {v_1} eggs and eats {v_2}. How many are left?", "v": [16.0, 3.0], "result": 13.0,
        """ + """
         "enhanced_v": [4096, 27], "enhanced_result": 4069.0}
        {"question": "Add {v_1} and 1.", "v": [2.0], "result": 3.0, "enhanced_v": [800], "enhanced_result": 801.0}
        """,
        "She has 4096 eggs and eats 27. How many are left? The answer is", " 4096 - 27 = 4,069", " 4096 - 27");

    private protected override string Question(DataItem item)
    {
        string question = item.Need("question");
        if (!item.Json.TryGetProperty("enhanced_v", out var values) || values.ValueKind != JsonValueKind.Array)
            throw item.Bad("it has no enhanced_v", "Give GSM8K-XL's own file.");
        foreach (var (i, value) in values.EnumerateArray().Index())
            question = question.Replace($"{{v_{i + 1}}}", value.ToString());
        return question;
    }

    private protected override string Answer(DataItem item) => item.Need("enhanced_result");

    public override bool IsCorrect(string prediction, EvalExample example) => Parse(example.Answers[0]) is { } answer
        && Scoring.NumberIs(prediction, answer);
}
