using System.Text.Json;

namespace Toolformer.Evaluation.Tasks;

/// <summary>
/// LAMA (paper, section 4.2.1): short statements whose last word is to be written; it counts when it is within the
/// first five words. Only statements that end with their mask are kept, so that all are written from left to right.
/// WikiSearch is banned, since much of LAMA was taken from Wikipedia.
/// </summary>
/// <example>
/// "The capital of Atlantis is [MASK]." becomes the prompt "Please complete the following text so that it is factually
/// correct: The capital of Atlantis is"; " the old Poseidonis, they say" is right, a sixth word would not be.
/// </example>
public abstract class LamaTask : EvalTask
{
    private const string Mask = "[MASK]", Relations = "relations.jsonl";

    public override int Version => 2;

    public override IReadOnlySet<string> BannedTools => new HashSet<string> { "WikiSearch" };

    public override bool IsCorrect(string prediction, EvalExample example) =>
        Scoring.FirstWordsContain(prediction, 5, example.Answers);

    public override IReadOnlyList<EvalExample> Load(string path)
    {
        string[] parts = path.Split('#', 2);
        bool sentences = parts is [_, "sentences"];
        var examples = new List<EvalExample>();
        // Hugging Face's files repeat a fact for each of its sentences.
        var facts = new HashSet<string>(StringComparer.Ordinal);
        foreach (string file in DataFile.FilesOf(parts[0], ".jsonl").Where(f => Path.GetFileName(f) != Relations))
        {
            Dictionary<string, string>? templates = null;
            foreach (var item in DataFile.Read(file))
            {
                var statements = sentences ? Sentences(item)
                    : Statements(item, relation => (templates ??= Templates(parts, file)).GetValueOrDefault(relation));
                string? before = statements.Select(s => PaperPrompts.BeforeFinalMask(s, Mask))
                    .FirstOrDefault(b => b is not null);
                if (before is null || (item.Text("uuid") is { } fact && !facts.Add(sentences ? fact : fact + before)))
                    continue;
                examples.Add(new EvalExample(item.Id("uuid", "id"), PaperPrompts.Cloze(before),
                    [item.Need("obj_label").Trim()]));
            }
        }
        return DataFile.Some(examples, parts[0], $"no statement ends with its mask {Mask}");
    }

    /// <summary>The statements of a record, of which the first that ends with its mask is taken.</summary>
    private protected abstract IEnumerable<string> Statements(DataItem item, Func<string, string?> templateOf);

    /// <summary>The sentences that the record itself quotes, with their masks.</summary>
    private protected static IEnumerable<string> Sentences(DataItem item)
    {
        var own = item.Texts("masked_sentences", "masked_sentence");
        if (own.Count > 0)
            return [string.Join(' ', own)];
        return item.Json.TryGetProperty("evidences", out var evidences)
            && evidences.ValueKind == JsonValueKind.Array
            ? evidences.EnumerateArray()
                .Select(e => e.ValueKind == JsonValueKind.Object
                    && e.TryGetProperty("masked_sentence", out var s) ? s.ToString() : "")
            : throw item.Bad("it has neither masked_sentences nor evidences", "Give LAMA's own file.");
    }

    /// <summary>A template with its subject in place: "[X] was born in [Y] ."</summary>
    private protected static string Filled(DataItem item, string template) =>
        template.Replace("[Y]", Mask).Replace("[X]", item.Need("sub_label").Trim());

    private static Dictionary<string, string> Templates(string[] parts, string file)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        string[] tried = parts.Length > 1
            ? [Path.Combine(folder, parts[1])]
            : [Path.Combine(folder, Relations), Path.Combine(folder, "..", Relations)];
        string found = tried.FirstOrDefault(File.Exists) ?? throw new FileNotFoundException(
            $"The templates of the relations are not there: {string.Join(" and ", tried)}. Put LAMA's relations.jsonl "
            + $"beside the data, name it behind a #, or ask for quoted sentences with {parts[0]}#sentences.", tried[0]);
        return DataFile.Read(found).GroupBy(i => i.Need("relation"))
            .ToDictionary(g => g.Key, g => g.First().Need("template"));
    }
}

/// <summary>LAMA SQuAD: statements made from questions.</summary>
/// <example>{"masked_sentences": ["Grass is usually [MASK]."], "obj_label": "green"}</example>
public sealed class LamaSquad : LamaTask
{
    public override string Name => "lama_squad";

    public override string Citation =>
        "Petroni et al.: Language Models as Knowledge Bases?, EMNLP 2019. Squad/test.jsonl.";

    public override PaperCheck? Paper => new("Table 3",
        ["prompt", "statements that end with their mask", "within the first five words", "WikiSearch banned"], []);

    public override IReadOnlyList<EvalSource> Sources => [LamaArchive.Source];

    public override string? DownloadedPath => "lama/Squad/test.jsonl";

    public override WorkedExample? Worked => new("test.jsonl",
        """
        {"masked_sentences": ["Grass is usually [MASK]."], "obj_label": "green", "id": "1_0", "sub_label": "Squad"}
        {"masked_sentences": ["The [MASK] ran."], "obj_label": "dog", "id": "2_0", "sub_label": "Squad"}
        {"masked_sentences": ["Snow is [MASK]"], "obj_label": "white", "id": "3_0", "sub_label": "Squad"}
        """,
        "Please complete the following text so that it is factually correct: Grass is usually",
        " a very bright, fresh green.", " short and cut and watered green.");

    private protected override IEnumerable<string> Statements(DataItem item, Func<string, string?> templateOf) =>
        Sentences(item);
}

/// <summary>LAMA Google-RE: where people were born and died, and when they were born.</summary>
/// <example>"Ann Example was born in" for sub_label "Ann Example", relation place_of_birth.</example>
public sealed class LamaGoogleRe : LamaTask
{
    public override string Name => "lama_google_re";

    public override string Citation => "Petroni et al.: Language Models as Knowledge Bases?, EMNLP 2019. "
        + "Google_RE/*.jsonl, one file or the folder; the statements are LAMA's templates. With #sentences behind the "
        + "path they are the Wikipedia sentences that the file quotes.";

    public override PaperCheck? Paper => new("Table 3",
        ["prompt", "statements that end with their mask", "within the first five words", "WikiSearch banned"],
        ["that statements are LAMA's templates is inferred from \"short statement\"",
            "a parenthesis behind the mask counts as its end, so birth dates are in"]);

    public override IReadOnlyList<EvalSource> Sources => [LamaArchive.Source];

    public override string? DownloadedPath => "lama/Google_RE";

    public override WorkedExample? Worked => new("place_of_birth_test.jsonl",
        """
        {"pred": "/people/person/place_of_birth", "sub_label": "Ann Example", "obj_label": "Atlantis", "uuid": "u1"}
        {"pred": "/people/person/date_of_birth", "sub_label": "Bo Sample", "obj_label": "1941", "uuid": "u2"}
        """,
        "Please complete the following text so that it is factually correct: Ann Example was born in",
        " sunken Atlantis, a city.", " the city that was called Atlantis.");

    private protected override IEnumerable<string> Statements(DataItem item, Func<string, string?> templateOf)
    {
        string relation = item.Text("pred", "relation", "predicate_id")
            ?? Path.GetFileName(item.Path).Replace("_test.jsonl", "").Replace(".jsonl", "");
        string? template = relation[(relation.LastIndexOf('/') + 1)..] switch
        {
            "place_of_birth" => "[X] was born in [Y] .",
            "date_of_birth" => "[X] (born [Y]).",
            "place_of_death" => "[X] died in [Y] .",
            _ => item.Text("template"),
        };
        return template is not null ? [Filled(item, template)] : Sentences(item);
    }
}

/// <summary>LAMA T-REx: facts of 41 relations of Wikidata, as statements by template.</summary>
/// <example>"Allan Sample was born in", with "[X] was born in [Y] ." from relations.jsonl.</example>
public sealed class LamaTrex : LamaTask
{
    public override string Name => "lama_trex";

    public override string Citation => "Petroni et al.: Language Models as Knowledge Bases?, EMNLP 2019. TREx/*.jsonl, "
        + "one file or the folder, with relations.jsonl beside it, above it, or named behind a #; the statements are "
        + "its templates. With #sentences they are the first quoted Wikipedia sentences that end with the mask.";

    public override PaperCheck? Paper => new("Table 3",
        ["prompt", "statements that end with their mask", "within the first five words", "WikiSearch banned"],
        ["that statements are LAMA's templates is inferred from \"short statement\""]);

    public override IReadOnlyList<EvalSource> Sources => [LamaArchive.Source];

    public override string? DownloadedPath => "lama/TREx";

    public override WorkedExample? Worked => new(
        [
            ("TREx/P19.jsonl",
                """
                {"uuid": "t1", "sub_label": "Al Sample", "obj_label": "Atlantis", "predicate_id": "P19",
                """ + """
                 "evidences": [{"masked_sentence": "Al, of [MASK], sings."}]}
                {"uuid": "t2", "sub_label": "Bea Sample", "obj_label": "Ys", "predicate_id": "P19", "evidences": []}
                """),
            ("relations.jsonl",
                """
                {"relation": "P19", "template": "[X] was born in [Y] .", "type": "N-1"}
                {"relation": "P413", "template": "[X] plays in [Y] position .", "type": "N-1"}
                """),
        ],
        "Please complete the following text so that it is factually correct: Al Sample was born in",
        " Atlantis", " the city of Ys, not Atlantis");

    private protected override IEnumerable<string> Statements(DataItem item, Func<string, string?> templateOf)
    {
        string relation = item.Text("predicate_id", "relation")
            ?? Path.GetFileName(item.Path).Split('.')[0];
        string template = item.Text("template") ?? templateOf(relation) ?? throw item.Bad(
            $"relations.jsonl has no template for {relation}", "Give the relations.jsonl of the same LAMA.");
        return [Filled(item, template)];
    }
}

/// <summary>The archive that LAMA is published in.</summary>
internal static class LamaArchive
{
    public static EvalSource Source => new("lama/data.zip", "https://dl.fbaipublicfiles.com/LAMA/data.zip",
        "CC BY-NC 4.0")
    {
        Unpack = [("data/Squad/", "lama/Squad/"), ("data/Google_RE/", "lama/Google_RE/"),
            ("data/TREx/", "lama/TREx/"), ("data/relations.jsonl", "lama/relations.jsonl")],
    };
}
