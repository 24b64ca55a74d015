using System.Globalization;

namespace Toolformer.Evaluation.Tasks;

/// <summary>
/// TempLAMA (paper, section 4.2.5): facts that change, each asked once per year, with LAMA's prompt and rule. The
/// calendar shows the middle of the question's year. Nothing is banned.
/// </summary>
/// <example>
/// {"query": "Ann Example plays for _X_.", "date": "2015"}: the model reads "… Ann Example plays for", the calendar
/// says July 1, 2015, and " Ys United since 2012" is right for "Ys United".
/// </example>
public sealed class TempLama : EvalTask
{
    public override string Name => "templama";

    public override int Version => 2;

    public override string Citation => "Dhingra et al.: Time-Aware Language Models as Temporal Knowledge Bases, TACL "
        + "2022. test.json, JSON Lines of {query, answer, date, id}.";

    public override PaperCheck? Paper => new("Table 7",
        ["prompt", "within the first five words", "answers of the question's year"],
        ["which year's answer counts and what day the calendar shows is not said; here every question has its year",
            "queries that do not end with their blank are left out, as in LAMA; the paper does not say",
            "an answer longer than that counts where the prediction begins with it; in the paper it never can"]);

    public override IReadOnlyList<EvalSource> Sources => [new("templama/test.json",
        "https://storage.googleapis.com/gresearch/templama/test.json", "Apache-2.0 (code); facts of Wikidata, CC0")];

    public override WorkedExample? Worked => new("test.json",
        """
        {"query": "Ann Example plays for _X_.", "answer": [{"name": "Ys United", "wikidata_id": "Q1"}],
        """ + """
         "date": "2015", "id": "Q7_P54_2015", "relation": "P54"}
        {"query": "_X_ is the head of the government of Ys.", "answer": [{"name": "Bo"}], "date": "2015", "id": "Q8"}
        {"query": "Bo Sample attended _X_.", "answer": ["Ys School", "Ys College"], "date": 2011, "id": "Q9_P69_2011"}
        """,
        "Please complete the following text so that it is factually correct: Ann Example plays for",
        " the club Ys United.", " the very old club Atlantis, Ys United");

    public override bool IsCorrect(string prediction, EvalExample example) =>
        Scoring.FirstWordsContain(prediction, 5, example.Answers);

    public override IReadOnlyList<EvalExample> Load(string path)
    {
        var examples = new List<EvalExample>();
        foreach (var item in DataFile.Read(path, "data"))
        {
            if (PaperPrompts.BeforeFinalMask(item.Need("query"), "_X_") is not { } before)
                continue;
            string date = item.Need("date", "year");
            if (!int.TryParse(date.AsSpan(0, Math.Min(4, date.Length)), NumberStyles.None,
                CultureInfo.InvariantCulture, out int year) || year is < 1 or > 9999)
                throw item.Bad($"its date '{DataItem.Shown(date)}' begins with no year", "Write 2015.");
            var answers = item.Texts("answer", "answers");
            if (answers.Count == 0)
                throw item.Bad("it has no answer", "Give the file that is published with answers.");
            examples.Add(new EvalExample(item.Id("id"), PaperPrompts.Cloze(before), answers)
            {
                Date = new DateOnly(year, 7, 1),
            });
        }
        return DataFile.Some(examples, path, "no query ends with its blank _X_");
    }
}
