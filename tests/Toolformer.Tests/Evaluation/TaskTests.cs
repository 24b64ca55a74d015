using Toolformer.Corpora;
using Toolformer.Corpora.Pretraining;
using Toolformer.Corpora.Quickstart;
using Toolformer.Evaluation;
using Toolformer.Evaluation.Tasks;

namespace Toolformer.Tests.Evaluation;

public class TaskTests
{
    [Theory]
    [InlineData("asdiv/ASDiv.xml", 2305)]
    [InlineData("asdiv/ASDiv.xml#nfolds/asdiv-a/fold0.txt", 238)]
    [InlineData("asdiv/ASDiv.xml#nfolds/asdiv-a/fold1.txt,nfolds/asdiv-a/fold4.txt", 238 + 266)]
    [InlineData("mawps/MWPToolkit/mawps/MAWPS.json", 2373)]
    [InlineData("mawps/MWPToolkit/mawps/trainset.json", 1898)]
    [InlineData("mawps/MWPToolkit/mawps/testset.json", 238)]
    [InlineData("mawps/MWPToolkit/mawps-single/mawps_source.json", 2373)]
    [InlineData("mawps/MWPToolkit/mawps-single/testset.json", 199)]
    [InlineData("gsm8k/train.jsonl", 7473)]
    [InlineData("gsm8k/test.jsonl", 1319)]
    public void Official_files_are_read_whole(string path, int problems)
    {
        Assert.SkipUnless(Shared.Exists, "needs ../shared");
        Assert.Equal(problems, MathProblemFile.Read(Shared.Path("data", path)).Count);
    }

    /// <summary>Counts as each data set's own description gives them, less what the task's filter leaves out.</summary>
    [Theory]
    [InlineData("asdiv", "asdiv/ASDiv.xml", 2084, 0.06)] // 221 answers are times, ratios, names or several numbers
    [InlineData("mawps", "mawps/MWPToolkit/mawps/testset.json", 238, 0.06)]
    [InlineData("gsm8k", "gsm8k/test.jsonl", 1319, 0.06)]
    [InlineData("gsm8k_xl", "toolkengpt/gsm8k-xl/test.json", 568, 0.06)]
    [InlineData("funcqa_one_hop", "toolkengpt/funcqa/funcqa_oh.json", 60, 0.06)]
    [InlineData("funcqa_multi_hop", "toolkengpt/funcqa/funcqa_mh.json", 68, 0.06)]
    [InlineData("lama_squad", "lama/Squad/test.jsonl", 210, 0.06)] // of 305: words or marks follow the mask
    [InlineData("webquestions", "webquestions/test.json", 2032, 0.06)]
    [InlineData("natural_questions", "qa_1000_with_passages/nq/test.jsonl", 1000, 0.06)]
    [InlineData("triviaqa", "triviaqa/triviaqa_sm_sub.jsonl", 3000, 0.06)]
    [InlineData("triviaqa", "qa_1000_with_passages/triviaqa/test.jsonl", 1000, 0.06)]
    [InlineData("bamboogle", "qa_1000_with_passages/bamboogle/test.jsonl", 125, 0.06)]
    [InlineData("popqa", "qa_1000_with_passages/popqa/test.jsonl", 1000, 0.1)]
    [InlineData("bbh_date_understanding", "bbh_temporal/date_understanding.json", 250, 0.3)] // six options
    [InlineData("bbh_temporal_sequences", "bbh_temporal/temporal_sequences.json", 250, 0.4)] // four
    [InlineData("bbh_multistep_arithmetic_two", "bbh_temporal/multistep_arithmetic_two.json", 250, 0.06)]
    [InlineData("bbh_object_counting", "bbh_temporal/object_counting.json", 250, 0.2)] // small numbers
    [InlineData("bfcl_simple", "bfcl/BFCL_v4_simple_python.json", 400, 0.02)]
    [InlineData("bfcl_multiple", "bfcl/BFCL_v4_multiple.json", 200, 0.02)]
    [InlineData("bfcl_parallel", "bfcl/BFCL_v4_parallel.json", 200, 0.02)]
    public void The_official_answers_score_full_marks_and_shuffled_ones_hardly_any(
        string name, string path, int examples, double chance)
    {
        Assert.SkipUnless(Shared.Exists, "needs ../shared");
        var task = Catalog.Find<EvalTask>().Single(t => t.Name == name);
        AssertScores(task, task.Load(Shared.Path("data", path)), examples, chance);
    }

    [Theory]
    [InlineData("de")]
    [InlineData("es")]
    [InlineData("hi")]
    public void Questions_of_XQuAD_come_with_the_English_paragraph_and_its_answer(string language)
    {
        string path = Shared.Need("data", "xquad", $"xquad.{language}.json");
        var task = Catalog.Find<EvalTask>().Single(t => t.Name == $"xquad_{language}");
        var examples = task.Load(path);
        Assert.Equal(1190, examples.Count);
        Assert.All(examples, e => Assert.Contains(e.Answers[0], e.Prompt));
        AssertScores(task, examples, examples.Count, 0.05);
    }

    [Fact]
    public void TREx_reads_every_relation_that_ends_with_its_object()
    {
        string folder = Shared.Need("data", "lama", "TREx");
        var task = new LamaTrex();
        var examples = task.Load(folder);
        int facts = 0;
        var middle = new HashSet<string> { "P413", "P106", "P136", "P140", "P27" }; // "[X] is a [Y] by profession ."
        foreach (string file in Directory.GetFiles(folder, "*.jsonl"))
        {
            if (!middle.Contains(Path.GetFileNameWithoutExtension(file)))
                facts += File.ReadLines(file).Count();
        }
        Assert.Equal(facts, examples.Count);
        var some = examples.Where((_, i) => i % 10 == 0).ToList();
        AssertScores(task, some, some.Count, 0.08);
        string middling = Path.Combine(folder, "P106.jsonl");
        Assert.Throws<InvalidDataException>(() => task.Load(middling));
        Assert.InRange(task.Load(middling + "#sentences").Count, 1, 958);
        Assert.InRange(examples.Count, 15000, 22881);
    }

    [Fact]
    public void The_articles_of_WikiText_are_read_one_by_one()
    {
        string path = Shared.Need("data", "wikitext2", "test.txt");
        string[] articles = [.. new WikiText().Load(path)];
        Assert.InRange(articles.Length, 60, 62);
        Assert.All(articles, a => Assert.StartsWith("= ", a));
        Assert.Equal(241_211, articles.Sum(
            a => a.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length)); // as its README counts
    }

    [Fact]
    public void Quickstart_answers_score_full_marks_and_shuffled_ones_hardly_more_than_chance()
    {
        string folder = Directory.CreateTempSubdirectory("quickstart").FullName;
        try
        {
            QuickstartCorpus.Write(folder, 3);
            string path = Path.Combine(folder, QuickstartCorpus.HeldOutFile);
            AssertScores(new QuickstartArithmetic(), new QuickstartArithmetic().Load(path), 120, chance: 0.05);
            AssertScores(new QuickstartFacts(), new QuickstartFacts().Load(path), 120, chance: 0.06);
            var dates = new QuickstartDates().Load(path);
            AssertScores(new QuickstartDates(), dates, 120, chance: 0.2);
            Assert.All(dates, d => Assert.NotNull(d.Date));
            Assert.Throws<InvalidDataException>(
                () => new QuickstartDates().Load(Path.Combine(folder, QuickstartCorpus.PassagesFile)));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void The_prompt_of_a_math_problem_ends_as_in_the_paper()
    {
        Assert.SkipUnless(Shared.Exists, "needs ../shared");
        var first = new Asdiv().Load(Shared.Path("data/asdiv/ASDiv.xml"))[0];
        Assert.EndsWith("basket? The answer is", first.Prompt);
        Assert.Equal(["9"], first.Answers);
    }

    [Fact]
    public void Nothing_that_the_project_generates_to_train_on_contains_a_part_of_a_test_set()
    {
        Assert.SkipUnless(Shared.Exists, "needs ../shared");
        var overlap = new NGramOverlap();
        foreach (string text in TestSets())
            overlap.Add(text);
        var corpus = QuickstartCorpus.Generate(1);
        string[] quickstart =
            [.. corpus.Training.Select(t => t.Document.Text), .. corpus.Passages.Select(p => p.Text)];
        Assert.All(quickstart, text => Assert.Null(overlap.FirstShared(text)));
        Assert.All(PretrainingTexts().Take(3000), text => Assert.Null(overlap.FirstShared(text)));
    }

    [Fact]
    public void The_quickstart_measures_nothing_that_stands_in_pretraining_text()
    {
        var overlap = new NGramOverlap(8);
        foreach (var text in QuickstartCorpus.Generate(1).HeldOut)
            overlap.Add(text.Document.Text);
        Assert.All(PretrainingTexts().Take(3000), text => Assert.Null(overlap.FirstShared(text)));
    }

    [Fact]
    public void The_training_part_of_Mawps_is_cleaned_of_problems_that_its_test_part_repeats()
    {
        Assert.SkipUnless(Shared.Exists, "needs ../shared");
        var training = MathProblemFile.Read(Shared.Path("data/mawps/MWPToolkit/mawps/trainset.json"));
        var test = MathProblemFile.Read(Shared.Path("data/mawps/MWPToolkit/mawps/testset.json"));
        var texts = SolvedProblems.Documents(training, "mawps", test).ToList();
        Assert.InRange(texts.Count, 1000, 1898 - 28);
        var overlap = new NGramOverlap();
        foreach (var problem in test)
            overlap.Add(problem.Text);
        Assert.All(texts, t => Assert.Null(overlap.FirstShared(t.Text)));
    }

    [Fact]
    public void Nothing_that_the_project_ships_contains_a_part_of_a_test_set()
    {
        Assert.SkipUnless(Shared.Exists, "needs ../shared");
        var overlap = new NGramOverlap();
        foreach (string text in TestSets())
            overlap.Add(text);
        string[] kinds = ["*.md", "*.cs", "*.json", "*.jsonl", "*.txt"];
        string[] folders = ["src", "tests", "recipes", "spec", "examples", "models", "bench"];
        var files = kinds.SelectMany(kind => folders
                .Select(folder => Path.Combine(Shared.Root, folder)).Where(Directory.Exists)
                .SelectMany(folder => Directory.GetFiles(folder, kind, SearchOption.AllDirectories))
                .Concat(Directory.GetFiles(Shared.Root, kind)))
            .Where(file => !file.Contains("node_modules") && new FileInfo(file).Length < 300_000);
        Assert.All(files, file => Assert.Null(overlap.FirstShared(File.ReadAllText(file))));
    }

    /// <summary>The questions of the test sets at hand, without the words that all prompts of a task share.</summary>
    private static IEnumerable<string> TestSets()
    {
        string[] problems = ["asdiv/ASDiv.xml", "mawps/MWPToolkit/mawps/testset.json", "gsm8k/test.jsonl"];
        foreach (var problem in problems.SelectMany(t => MathProblemFile.Read(Shared.Path("data", t))))
            yield return problem.Text;
        (string Name, string Path)[] others = [("lama_squad", "lama/Squad/test.jsonl"),
            ("webquestions", "webquestions/test.json"), ("natural_questions", "qa_1000_with_passages/nq/test.jsonl"),
            ("triviaqa", "triviaqa/triviaqa_sm_sub.jsonl"), ("bamboogle", "qa_1000_with_passages/bamboogle/test.jsonl"),
            ("funcqa_one_hop", "toolkengpt/funcqa/funcqa_oh.json"),
            ("funcqa_multi_hop", "toolkengpt/funcqa/funcqa_mh.json"),
            ("bbh_object_counting", "bbh_temporal/object_counting.json")];
        foreach (var (name, path) in others)
        {
            var task = Catalog.Find<EvalTask>().Single(t => t.Name == name);
            foreach (var example in task.Load(Shared.Path("data", path)))
                yield return example.Prompt[(example.Prompt.IndexOf(": ", StringComparison.Ordinal) + 2)..];
        }
    }

    private static IEnumerable<string> PretrainingTexts() => new PretrainingMixture(
        [.. PretrainingMixture.Kinds.Where(k => k != "prose").Select(k => new MixturePart(k, 1))], seed: 1).Texts();

    private static void AssertScores(
        EvalTask task, IReadOnlyList<EvalExample> examples, int count, double chance)
    {
        Assert.Equal(count, examples.Count);
        Assert.All(examples, e => Assert.True(
            task.IsCorrect(TaskContractTests.Said(task.Completion(e)), e), $"{e.Id}: {e.Answers[0]}"));
        string[] shuffled = [.. examples.Select(task.Completion)];
        new Random(5).Shuffle(shuffled);
        int right = examples.Zip(shuffled).Count(
            pair => task.IsCorrect(TaskContractTests.Said(pair.Second), pair.First));
        Assert.InRange(right, 0, chance * count);
    }
}
