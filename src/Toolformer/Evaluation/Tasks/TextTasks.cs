using System.Text;
using Toolformer.Pipeline;

namespace Toolformer.Evaluation.Tasks;

/// <summary>
/// WikiText, article by article (paper, section 4.3 and Table 8). The text is as the file has it, with its unknown
/// words and the spaces around its marks.
/// </summary>
/// <example>" = Ys = \n \n Ys lies on the Ysel . \n" is one article of two lines.</example>
public sealed class WikiText : PerplexityTask
{
    public override string Name => "wikitext";

    public override int Version => 1;

    public override string Citation => "Merity et al.: Pointer Sentinel Mixture Models, ICLR 2017. test.txt of "
        + "WikiText-2, or wiki.test.tokens; the test parts of WikiText-2 and WikiText-103 are the same articles.";

    public override PaperCheck? Paper => new("Table 8",
        ["calls disabled", "perplexity per token"],
        ["the paper does not say which part, how it is cut, or whether spaces around marks are taken out"]);

    public override IReadOnlyList<EvalSource> Sources => [new("wikitext2/test.txt",
        "https://raw.githubusercontent.com/pytorch/examples/77f55b912142e11fcfdf5b530231fb9c52f181e8"
        + "/word_language_model/data/wikitext-2/test.txt", "CC BY-SA 3.0")
    {
        Sha256 = "d790b833ef8cf03a90db7bf1271b7520b83c45ce07ba3c1a9699df81e239eca0",
    }];

    public override WorkedExample? Worked => new("test.txt",
        " \n = Ys = \n \n Ys lies on the Ysel . \n \n = = History = = \n \n It sank . \n \n"
        + " = Atlantis = \n \n So did it . ",
        "= Ys = \n \n Ys lies on the Ysel . \n \n = = History = = \n \n It sank .");

    public override IEnumerable<string> Load(string path)
    {
        // Opened at once, so that a missing file is said at once.
        var reader = new StreamReader(CompressedFile.OpenRead(path));
        return Articles(reader, path);
    }

    private static IEnumerable<string> Articles(StreamReader reader, string path)
    {
        int found = 0;
        using (reader)
        {
            var article = new StringBuilder();
            bool afterBlank = true;
            while (reader.ReadLine() is { } line)
            {
                if (afterBlank && IsTitle(line) && article.ToString().Trim() is { Length: > 0 } whole)
                {
                    found++;
                    yield return whole;
                    article.Clear();
                }
                article.Append(line).Append('\n');
                afterBlank = string.IsNullOrWhiteSpace(line);
            }
            if (article.ToString().Trim() is { Length: > 0 } last)
            {
                found++;
                yield return last;
            }
        }
        if (found == 0)
            throw new InvalidDataException($"{path}: the file has no text. Give WikiText's test.txt.");
    }

    /// <summary>One equals sign on each side: " = Ys = ", not " = = History = = ".</summary>
    private static bool IsTitle(string line)
    {
        string text = line.Trim();
        return text.Length > 4 && text.StartsWith("= ", StringComparison.Ordinal) && text[2] != '='
            && text.EndsWith(" =", StringComparison.Ordinal) && text[^3] != '=';
    }
}

/// <summary>
/// Texts of one's own, such as held-out documents of the corpus that was taught with: the second column of Table 8.
/// </summary>
/// <example>{"text": "Ys lies on the Ysel."} of a file of JSON Lines is one text.</example>
public sealed class OwnTexts : PerplexityTask
{
    public override string Name => "texts";

    public override int Version => 1;

    public override string Citation => "Any file that annotate reads: .txt with blank lines between texts, .jsonl with "
        + "a field text, .parquet; the first two also compressed.";

    public override PaperCheck? Paper => new("Table 8",
        ["calls disabled", "perplexity per token"], ["the paper's 10,000 held-out texts of CCNet are not published"]);

    public override WorkedExample? Worked => new("texts.jsonl",
        """
        {"text": "Ys lies on the Ysel."}
        {"text": "It sank."}
        """, "Ys lies on the Ysel.");

    public override IEnumerable<string> Load(string path)
    {
        var corpus = new Corpus([path]);
        return Texts(corpus, path);
    }

    private static IEnumerable<string> Texts(Corpus corpus, string path)
    {
        int found = 0;
        SkippedInput? skipped = null;
        foreach (var document in corpus.Read(s => skipped ??= s))
        {
            Refuse(skipped);
            found++;
            yield return document.Text;
        }
        Refuse(skipped);
        if (found == 0)
            throw new InvalidDataException($"{path}: the file has no text. Give texts to measure.");
    }

    /// <summary>Where numbers are compared, nothing is left out in silence.</summary>
    private static void Refuse(SkippedInput? skipped)
    {
        if (skipped is not null)
            throw new InvalidDataException($"{skipped.File}, line {skipped.Line}: it can't be used "
                + $"({skipped.Reason}). Mend or remove it.");
    }
}
