using Toolformer.Corpora;
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

    [Theory]
    [InlineData("asdiv", "asdiv/ASDiv.xml", 2084)] // 221 answers are times, ratios, names or several numbers
    [InlineData("mawps", "mawps/MWPToolkit/mawps/testset.json", 238)]
    [InlineData("gsm8k", "gsm8k/test.jsonl", 1319)]
    public void The_official_answers_score_full_marks_and_shuffled_ones_hardly_any(
        string name, string path, int examples)
    {
        Assert.SkipUnless(Shared.Exists, "needs ../shared");
        var task = Catalog.Find<EvalTask>().Single(t => t.Name == name);
        AssertScores(task, task.Load(Shared.Path("data", path)), examples, chance: 0.06);
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
    public void Every_task_of_the_catalogue_has_a_name_of_its_own_a_version_and_a_citation()
    {
        var tasks = Catalog.Find<EvalTask>();
        Assert.All(tasks, t => Assert.Matches("^[a-z][a-z0-9_]*$", t.Name));
        Assert.Equal(tasks.Count, tasks.Select(t => t.Name).Distinct().Count());
        Assert.All(tasks, t => Assert.True(t.Version >= 1 && t.Citation.Length > 20 && t.MaxNewTokens > 0, t.Name));
        Assert.All(tasks, t => Assert.Throws<FileNotFoundException>(() => t.Load("no such file.json")));
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
        string[] tests = ["asdiv/ASDiv.xml", "mawps/MWPToolkit/mawps/testset.json", "gsm8k/test.jsonl"];
        var overlap = new NGramOverlap();
        foreach (var problem in tests.SelectMany(t => MathProblemFile.Read(Shared.Path("data", t))))
            overlap.Add(problem.Text);
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

    private static IEnumerable<string> PretrainingTexts() => new PretrainingMixture(
        [.. PretrainingMixture.Kinds.Where(k => k != "prose").Select(k => new MixturePart(k, 1))], seed: 1).Texts();

    private static void AssertScores(
        EvalTask task, IReadOnlyList<EvalExample> examples, int count, double chance)
    {
        Assert.Equal(count, examples.Count);
        Assert.All(examples, e => Assert.True(task.IsCorrect($" {e.Answers[0]}.", e), $"{e.Id}: {e.Answers[0]}"));
        string[] shuffled = [.. examples.Select(e => e.Answers[0])];
        new Random(5).Shuffle(shuffled);
        int right = examples.Zip(shuffled).Count(pair => task.IsCorrect($" {pair.Second}.", pair.First));
        Assert.InRange(right, 0, chance * count);
    }
}
