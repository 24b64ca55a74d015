using Toolformer.Evaluation;
using Toolformer.Evaluation.Tasks;
using Toolformer.Markup;

namespace Toolformer.Tests.Evaluation;

/// <summary>What holds for every task of the catalogue, by the made-up example that it brings.</summary>
public class TaskContractTests
{
    public static TheoryData<string> All => [.. Catalog.Find<Benchmark>().Select(t => t.Name)];

    public static TheoryData<string> Questions => [.. Catalog.Find<EvalTask>().Select(t => t.Name)];

    [Fact]
    public void Names_are_unique_and_downloads_never_overwrite_each_other()
    {
        var tasks = Catalog.Find<Benchmark>();
        Assert.Equal(tasks.Count, tasks.Select(t => t.Name).Distinct().Count());
        var sources = tasks.SelectMany(t => t.Sources).Distinct(new ByFile()).ToList();
        Assert.All(tasks.SelectMany(t => t.Sources), s =>
        {
            var same = sources.Single(o => o.File == s.File);
            Assert.Equal((same.Url, same.Sha256), (s.Url, s.Sha256));
        });
    }

    [Fact]
    public void The_README_lists_every_task_and_no_other()
    {
        string readme = File.ReadAllText(Path.Combine(Shared.Root, "README.md"));
        string table = readme.Split("\n## Tasks\n")[1].Split("\n## ")[0];
        var listed = table.Split('\n').Where(line => line.StartsWith("| `")).SelectMany(line =>
            line.Split('|')[1].Split('`').Where((_, i) => i % 2 == 1)).SelectMany(name =>
            name.Split('{', '}') is [var begin, var ends, ""] ? ends.Split(',').Select(end => begin + end) : [name]);
        Assert.Equal(Catalog.Find<Benchmark>().Select(t => t.Name).Order(), listed.Order());
    }

    [Theory]
    [MemberData(nameof(All))]
    public void A_task_says_what_it_is_where_it_comes_from_and_how_far_it_is_the_papers(string name)
    {
        var task = Task(name);
        Assert.Matches("^[a-z][a-z0-9_]*$", task.Name);
        Assert.True(task.Version >= 1);
        Assert.True(task.Citation.Length > 20);
        Assert.NotNull(task.Paper);
        Assert.True(task.Paper.Table is null ? task.Paper.Differs.Count > 0 : task.Paper.Same.Count > 0);
        Assert.All(task.Sources, s =>
        {
            Assert.True(Uri.TryCreate(s.Url, UriKind.Absolute, out var url) && url.Scheme is "https" or "http");
            Assert.True(s.Licence.Length > 2);
            Assert.DoesNotContain("..", s.File);
            Assert.True(s.Sha256 is null || (s.Sha256.Length == 64 && s.Sha256.All(char.IsAsciiHexDigitLower)));
            // A branch moves; a hash can only be kept for what a commit names.
            if (s.Url.Contains("raw.githubusercontent.com"))
                Assert.Matches("/[0-9a-f]{40}/", s.Url);
        });
        if (task.Sources.Count > 0)
            Assert.NotNull(task.DownloadedPath);
    }

    [Theory]
    [MemberData(nameof(Questions))]
    public void The_worked_example_gives_its_prompt_and_its_right_and_wrong_answers_are_so(string name)
    {
        var task = (EvalTask)Task(name);
        using var files = new MadeFiles(task.Worked!);
        var examples = task.Load(files.Path);
        Assert.Equal(task.Worked!.Prompt, examples[0].Prompt);
        Assert.True(task.IsCorrect(Said(task.Worked.Right!), examples[0]), "right");
        Assert.False(task.IsCorrect(Said(task.Worked.Wrong!), examples[0]), "wrong");
        Assert.True(examples.Count >= 2);
        Assert.Equal(examples.Count, examples.Select(e => e.Id).Distinct().Count());
        Assert.All(examples, e => Assert.NotEmpty(e.Answers));
    }

    [Theory]
    [MemberData(nameof(Questions))]
    public void The_gold_answer_scores_and_that_of_another_question_does_not(string name)
    {
        var task = (EvalTask)Task(name);
        using var files = new MadeFiles(task.Worked!);
        var examples = task.Load(files.Path);
        foreach (var example in examples)
        {
            Assert.True(task.IsCorrect(Said(task.Completion(example)), example), example.Answers[0]);
            Assert.False(task.IsCorrect(Said(""), example) && task is not BfclIrrelevance);
            foreach (var other in examples.Where(o => o.Answers[0] != example.Answers[0]))
                Assert.False(task.IsCorrect(Said(task.Completion(other)), example), other.Answers[0]);
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void A_file_that_is_missing_empty_or_of_another_format_is_explained(string name)
    {
        var task = Task(name);
        Assert.Throws<FileNotFoundException>(() => Load(task, "no such file.jsonl"));
        string extension = Path.GetExtension(task.Worked!.Files[0].Name);
        foreach (string content in (string[])["", "{\"a\": 1}\n{\"b\"", "[{\"x\": []}]", "[[1, 2]]", "<html>no</html>"])
        {
            if (task is WikiText && content.Length > 0)
                continue; // any text is text
            using var file = new MadeFiles(new WorkedExample($"made{extension}", content, ""));
            var refused = Assert.ThrowsAny<Exception>(() => Load(task, file.Path));
            Assert.True(refused is InvalidDataException or FileNotFoundException, $"{content}: {refused}");
            Assert.Contains("made", refused.Message);
        }
    }

    [Theory]
    [InlineData("lama_squad", "{\"obj_label\": \"x\", \"masked_sentences\": [\"a [MASK]\"]}\n{\"obj_label\": \"y\"")]
    [InlineData("natural_questions", "{\"question\": \"q\", \"answer\": [\"a\"]}\n{\"question\": \"q\"}")]
    [InlineData("templama", "{\"query\": \"a _X_.\", \"answer\": [\"a\"], \"date\": \"2015\"}\n"
        + "{\"query\": \"b _X_.\", \"answer\": [\"b\"], \"date\": \"soon\"}")]
    public void A_broken_line_is_named_with_its_file_and_number(string name, string content)
    {
        using var file = new MadeFiles(new WorkedExample("broken.jsonl", content, ""));
        var refused = Assert.Throws<InvalidDataException>(() => Load(Task(name), file.Path));
        Assert.Contains("broken.jsonl, line 2", refused.Message.Replace(": line", ", line"));
    }

    [Fact]
    public void Perplexity_tasks_read_their_worked_example()
    {
        foreach (var task in Catalog.Find<PerplexityTask>())
        {
            using var files = new MadeFiles(task.Worked!);
            string[] texts = [.. task.Load(files.Path)];
            Assert.Equal(2, texts.Length);
            Assert.Equal(task.Worked!.Prompt, texts[0]);
        }
    }

    internal static Benchmark Task(string name) => Catalog.Find<Benchmark>().Single(t => t.Name == name);

    /// <summary>A completion as a model with tools would have written it.</summary>
    internal static Prediction Said(string completion) => new(completion, CallSyntax.Strip(completion),
        [.. CallSyntax.Find(completion).Select(c => new EvalCall(c.Call.Tool, c.Call.Input, c.Call.Result))]);

    private static object Load(Benchmark task, string path) => task switch
    {
        EvalTask questions => questions.Load(path),
        PerplexityTask texts => texts.Load(path).ToList(),
        _ => throw new InvalidOperationException($"{task.Name} is neither questions nor texts."),
    };

    private sealed class ByFile : IEqualityComparer<EvalSource>
    {
        public bool Equals(EvalSource? a, EvalSource? b) => a?.File == b?.File;
        public int GetHashCode(EvalSource source) => source.File.GetHashCode(StringComparison.Ordinal);
    }
}

/// <summary>The files of a worked example, in a folder that is deleted with it.</summary>
internal sealed class MadeFiles : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("task-").FullName;

    public MadeFiles(WorkedExample example)
    {
        foreach (var (name, content) in example.Files)
        {
            string file = System.IO.Path.Combine(_folder, name);
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(file)!);
            File.WriteAllText(file, content);
        }
        Path = System.IO.Path.Combine(_folder, example.Files[0].Name);
    }

    /// <summary>The first of them.</summary>
    public string Path { get; }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
