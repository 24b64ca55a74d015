using System.Text.Json;

namespace Toolformer.Evaluation.Tasks;

/// <summary>
/// Questions in one language about a paragraph in English (paper, section 4.2.4): the answer, in English, counts when
/// it is within the first ten words. Nothing is banned.
/// </summary>
/// <example>
/// "Your task is to answer a question based on the following paragraph: Ys lies on the Ysel. Now answer the following
/// question in English: ¿Dónde está Ys?"; " on the Ysel" is right.
/// </example>
public abstract class CrossLingualTask(string collection, string language) : EvalTask
{
    public override string Name => $"{collection}_{language}";

    public override int Version => 2;

    /// <summary>The language of the questions: "de".</summary>
    public string Language => language;

    /// <summary>Room for ten words, in scripts that take a token per byte as well.</summary>
    public override int MaxNewTokens => 40;

    public override bool IsCorrect(string prediction, EvalExample example) =>
        Scoring.FirstWordsContain(prediction, 10, example.Answers);

    public override IReadOnlyList<EvalExample> Load(string path)
    {
        var (file, english) = Files(path);
        var questions = Read(file).ToList();
        var paragraphs = english is null ? null : Read(english).GroupBy(q => q.Id)
            .ToDictionary(g => g.Key, g => g.First());
        var examples = new List<EvalExample>();
        foreach (var question in questions)
        {
            var about = paragraphs is null ? question : paragraphs.GetValueOrDefault(question.Id)
                ?? throw new InvalidDataException($"{english}: it has no question '{question.Id}', which is in {file}. "
                    + "Give the English file of the same collection and part.");
            examples.Add(new EvalExample(question.Id,
                PaperPrompts.QuestionAbout(about.Paragraph, question.Question), about.Answers));
        }
        return DataFile.Some(examples, file, "the file has no question");
    }

    /// <summary>The file with the questions, and the one with the paragraphs where it is another.</summary>
    protected abstract (string File, string? English) Files(string path);

    /// <summary>The file behind a "#", relative to the first one.</summary>
    protected static (string File, string? English) Named(string path)
    {
        string[] parts = path.Split('#', 2);
        return (parts[0], parts.Length == 1 ? null : Path.Combine(Path.GetDirectoryName(parts[0]) ?? "", parts[1]));
    }

    /// <summary>The questions of a file in SQuAD's format.</summary>
    private static IEnumerable<Asked> Read(string path)
    {
        foreach (var article in DataFile.Read(path, "data"))
        {
            if (!article.Json.TryGetProperty("paragraphs", out var paragraphs)
                || paragraphs.ValueKind != JsonValueKind.Array)
            {
                // One question per record, as Hugging Face's files have it.
                yield return Of(article, article.Need("context"));
                continue;
            }
            foreach (var (i, paragraph) in paragraphs.EnumerateArray().Index())
            {
                var place = article with { Json = paragraph, Place = $"{article.Place}, paragraph {i + 1}" };
                string context = place.Need("context");
                if (!paragraph.TryGetProperty("qas", out var qas) || qas.ValueKind != JsonValueKind.Array)
                    throw place.Bad("it has no qas", "Give a file in SQuAD's format.");
                foreach (var (j, qa) in qas.EnumerateArray().Index())
                    yield return Of(place with { Json = qa, Place = $"{place.Place}, question {j + 1}" }, context);
            }
        }
    }

    private static Asked Of(DataItem item, string context)
    {
        var answers = item.Texts("answers", "answer");
        return answers.Count > 0
            ? new Asked(item.Need("id"), item.Need("question"), context, answers)
            : throw item.Bad("it has no answer", "Give a part of the collection that is published with answers.");
    }

    private sealed record Asked(string Id, string Question, string Paragraph, IReadOnlyList<string> Answers);
}

/// <summary>MLQA, with the paragraphs in English: the paper's Table 6.</summary>
/// <example>test-context-en-question-de.json: "Wo liegt Ys?" about "Ys lies on the Ysel."</example>
public abstract class Mlqa(string language) : CrossLingualTask("mlqa", language)
{
    public override string Citation => "Lewis et al.: MLQA, ACL 2020. test-context-en-question-"
        + $"{Language}.json; the English paragraphs may also come from a second file, named behind a #.";

    public override PaperCheck? Paper => new("Table 6",
        ["prompt", "question in the other language, paragraph in English", "within the first ten words"],
        ["case, punctuation and articles do not count; the paper does not say whether they did",
            "an answer longer than that counts where the prediction begins with it; in the paper it never can"]);

    public override IReadOnlyList<EvalSource> Sources => [new("mlqa/MLQA_V1.zip",
        "https://dl.fbaipublicfiles.com/MLQA/MLQA_V1.zip", "CC BY-SA 3.0")
    {
        Unpack = [("MLQA_V1/test/", "mlqa/")],
    }];

    public override string? DownloadedPath => $"mlqa/test-context-en-question-{Language}.json";

    public override WorkedExample? Worked => new($"test-context-en-question-{Language}.json",
        """
        {"version": 1.0, "data": [{"title": "Ys", "paragraphs": [{"context": "Ys lies on the Ysel. It sank in 512.",
         "qas": [{"id": "q1", "question": "¿Ys?", "answers": [{"text": "the Ysel", "answer_start": 11}]},
                 {"id": "q2", "question": "512 ¿?", "answers": [{"text": "in 512", "answer_start": 28}]}]}]}]}
        """,
        "Your task is to answer a question based on the following paragraph: Ys lies on the Ysel. It sank in 512. "
        + "Now answer the following question in English: ¿Ys?",
        " one two three four five six seven eight nine Ysel", " one two three four five six seven eight nine ten Ysel");

    protected override (string File, string? English) Files(string path)
    {
        var (file, english) = Named(path);
        string name = Path.GetFileName(file);
        const string mark = "context-";
        int at = name.IndexOf(mark, StringComparison.Ordinal);
        bool foreign = at >= 0 && !name.AsSpan(at + mark.Length).StartsWith("en");
        return english is null && foreign
            ? throw new InvalidDataException($"{file}: its paragraphs are not in English, but the task needs them so. "
                + $"Give test-context-en-question-{Language}.json.")
            : (file, english);
    }
}

/// <summary>XQuAD: the same questions in twelve languages; the paragraphs come from the English file.</summary>
/// <example>xquad.de.json asks "Wo liegt Ys?", xquad.en.json has the paragraph for the same id.</example>
public abstract class Xquad(string language) : CrossLingualTask("xquad", language)
{
    private const string Commit = "https://raw.githubusercontent.com/google-deepmind/xquad/"
        + "7d30520c717524000f0d9d2f9c10a069acd9d285/";

    public override string Citation => "Artetxe, Ruder, Yogatama: On the Cross-lingual Transferability of Monolingual "
        + $"Representations, ACL 2020. xquad.{Language}.json beside xquad.en.json, or another file behind a #.";

    public override PaperCheck? Paper => PaperCheck.Beyond("stands in for MLQA, with its prompt and rule");

    public override IReadOnlyList<EvalSource> Sources => Language == "en" ? [Of("en")] : [Of(Language), Of("en")];

    public override WorkedExample? Worked => new(
        [
            ($"xquad.{Language}.json",
                """
                {"data": [{"paragraphs": [{"context": "Ys …", "qas": [
                  {"id": "x1", "question": "¿Ys?", "answers": [{"text": "the Ysel"}]},
                  {"id": "x2", "question": "¿512?", "answers": [{"text": "in 512"}]}]}]}]}
                """),
            .. Language == "en" ? Array.Empty<(string, string)>() : [("xquad.en.json",
                """
                {"data": [{"paragraphs": [{"context": "Ys lies on the Ysel.", "qas": [
                  {"id": "x2", "question": "When did it sink?", "answers": [{"text": "in 512"}]},
                  {"id": "x1", "question": "Where is Ys?", "answers": [{"text": "the Ysel"}]}]}]}]}
                """)],
        ],
        "Your task is to answer a question based on the following paragraph: "
        + (Language == "en" ? "Ys …" : "Ys lies on the Ysel.") + " Now answer the following question in English: ¿Ys?",
        " the Ysel", " the sea");

    protected override (string File, string? English) Files(string path)
    {
        var (file, english) = Named(path);
        if (english is not null || Language == "en")
            return (file, english);
        // As its publisher has it, or named like the other one: "xquad.de/test.jsonl" beside "xquad.en/test.jsonl".
        string beside = Path.Combine(Path.GetDirectoryName(file) ?? "", "xquad.en.json");
        string alike = file.Replace($"xquad.{Language}", "xquad.en", StringComparison.OrdinalIgnoreCase);
        return (file, alike != file && File.Exists(alike) ? alike : beside);
    }

    private static EvalSource Of(string language) => new(
        $"xquad/xquad.{language}.json", $"{Commit}xquad.{language}.json", "CC BY-SA 4.0")
    {
        Sha256 = language switch
        {
            "en" => "e4c57d1c9143aaa1c5d265ba5987a65f4e69528d2a98f29d6e75019b10344f29",
            "de" => "990b5d746746ed65ed4702ea5f35f99ffa4e2f1c390c07d003642acd937916f9",
            "es" => "dcbae93ec3a9f4b9e78fd834a171d6f96c1a875e10e15b7530b7e4ef4971e37e",
            "el" => "821cf0f88e73fa258fd2f548b19b6ec39f7025059e16f6f9fc8cd797c9c3663e",
            "ru" => "208d5b1aa154c52b1b5c5eda16281e455e8fd198cdb9af3f469f0d6037d973bf",
            "tr" => "92179a564774b7696100d144c1e10870d0a966b6fccbdd254a65b9d2ab1971cc",
            "ar" => "abdabd7afed5c635d99cca0f3f0d0c9d9ed0bc77451e963c2e4e0638c29e486d",
            "vi" => "f619a1eb11fb42d3ab0834259e488a65f585447ef6154437bfb7199d85161a04",
            "th" => "5cdda11d0e1e075f7872abf4e6ae830388ce7f617964d542308e9ae4257e0f43",
            "zh" => "691d0b3359bc6b8faa8de931dfdfe21d50a65861ae348e32a0d1a0190b0c8835",
            "ro" => "94f8d54e93ad2b7dd2e76dd921a666b5b8eff2d4379df9f179c42b445f09643f",
            "hi" => "df2cce3532b37e9beb8979704b5c9a4bf874358f105395a298b89427b43b9d24",
            _ => null,
        },
    };
}

/// <summary>Questions in English: the last rows of Table 6, a bound for the others.</summary>
public sealed class MlqaEnglish() : Mlqa("en");

/// <summary>Questions in Spanish.</summary>
public sealed class MlqaSpanish() : Mlqa("es");

/// <summary>Questions in German.</summary>
public sealed class MlqaGerman() : Mlqa("de");

/// <summary>Questions in Hindi.</summary>
public sealed class MlqaHindi() : Mlqa("hi");

/// <summary>Questions in Vietnamese.</summary>
public sealed class MlqaVietnamese() : Mlqa("vi");

/// <summary>Questions in simplified Chinese.</summary>
public sealed class MlqaChinese() : Mlqa("zh");

/// <summary>Questions in Arabic.</summary>
public sealed class MlqaArabic() : Mlqa("ar");

/// <summary>Questions in English, a bound for the others.</summary>
public sealed class XquadEnglish() : Xquad("en");

/// <summary>Questions in Spanish.</summary>
public sealed class XquadSpanish() : Xquad("es");

/// <summary>Questions in German.</summary>
public sealed class XquadGerman() : Xquad("de");

/// <summary>Questions in Greek.</summary>
public sealed class XquadGreek() : Xquad("el");

/// <summary>Questions in Russian.</summary>
public sealed class XquadRussian() : Xquad("ru");

/// <summary>Questions in Turkish.</summary>
public sealed class XquadTurkish() : Xquad("tr");

/// <summary>Questions in Arabic.</summary>
public sealed class XquadArabic() : Xquad("ar");

/// <summary>Questions in Vietnamese.</summary>
public sealed class XquadVietnamese() : Xquad("vi");

/// <summary>Questions in Thai.</summary>
public sealed class XquadThai() : Xquad("th");

/// <summary>Questions in Chinese.</summary>
public sealed class XquadChinese() : Xquad("zh");

/// <summary>Questions in Hindi.</summary>
public sealed class XquadHindi() : Xquad("hi");

/// <summary>Questions in Romanian.</summary>
public sealed class XquadRomanian() : Xquad("ro");
