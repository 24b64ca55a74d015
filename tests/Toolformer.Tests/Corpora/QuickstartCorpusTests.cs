using System.Globalization;
using System.Text.RegularExpressions;
using Toolformer.Corpora.Quickstart;
using Toolformer.Tools;
using Toolformer.Tools.Searching;
using Toolformer.Tools.Translating;

namespace Toolformer.Tests.Corpora;

public partial class QuickstartCorpusTests
{
    private static readonly QuickstartCorpus Corpus = QuickstartCorpus.Generate(7);

    [Fact]
    public void The_same_seed_writes_the_same_bytes_and_another_seed_writes_others()
    {
        string root = Directory.CreateTempSubdirectory("quickstart").FullName;
        try
        {
            foreach (var (folder, seed) in new[] { ("a", 7), ("b", 7), ("c", 8) })
                QuickstartCorpus.Write(Path.Combine(root, folder), seed);
            foreach (string file in
                new[] { QuickstartCorpus.CorpusFile, QuickstartCorpus.HeldOutFile, QuickstartCorpus.PassagesFile,
                    QuickstartCorpus.KnowledgeFile, QuickstartCorpus.GlossaryFile })
            {
                byte[] Read(string folder) => File.ReadAllBytes(Path.Combine(root, folder, file));
                Assert.Equal(Read("a"), Read("b"));
                if (file != QuickstartCorpus.GlossaryFile)
                    Assert.NotEqual(Read("a"), Read("c"));
            }
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    [Fact]
    public void Sizes_are_those_asked_for()
    {
        var small = QuickstartCorpus.Generate(
            1, new() { Texts = 100, PlainShare = 0.1, HeldOutPerKind = 9, OtherPassages = 5 });
        Assert.Equal(100, small.Training.Count);
        Assert.Equal(10, small.Training.Count(t => t.Kind == TextKind.Plain));
        Assert.All(Enum.GetValues<TextKind>(), kind => Assert.Equal(9, small.HeldOut.Count(t => t.Kind == kind)));
        Assert.Equal(18 + 9 + 5, small.Passages.Count);
        Assert.Equal(18 + 9 + 5, small.Knowledge.Count);
    }

    [Theory]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(9)]
    public void Held_out_texts_share_no_name_no_day_and_no_pair_of_numbers_with_training_texts(int seed)
    {
        var corpus = QuickstartCorpus.Generate(seed);
        Assert.Empty(Names(corpus.Training).Intersect(Names(corpus.HeldOut)));
        Assert.Empty(Pairs(corpus.Training).Intersect(Pairs(corpus.HeldOut)));
        Assert.Empty(Days(corpus.Training).Intersect(Days(corpus.HeldOut)));
        Assert.True(Names(corpus.HeldOut).Count > 400);
        Assert.True(Pairs(corpus.HeldOut).Count > 300);
    }

    [Fact]
    public void Every_calculation_is_true_and_its_numbers_stand_before_its_result()
    {
        var texts = All(TextKind.Arithmetic).ToList();
        foreach (var text in texts)
        {
            string[] parts = text.Expression!.Split(' ');
            decimal value = decimal.Parse(parts[0], CultureInfo.InvariantCulture);
            for (int i = 1; i < parts.Length; i += 2)
            {
                decimal next = decimal.Parse(parts[i + 1], CultureInfo.InvariantCulture);
                value = parts[i] switch
                {
                    "+" => value + next,
                    "-" => value - next,
                    "*" => value * next,
                    _ => value / next,
                };
            }
            string format = value == decimal.Truncate(value) ? "0" : "0.00";
            Assert.Equal(value.ToString(format, CultureInfo.InvariantCulture), text.Answer);
            foreach (string number in parts.Where((_, i) => i % 2 == 0))
                Assert.Matches($@"(?<!\d){number}(?!\d)", text.Prompt);
            Assert.DoesNotMatch($@"(?<![\d.]){Regex.Escape(text.Answer)}(?!\d)", text.Prompt);
        }
        Assert.All("+-*/", sign =>
            Assert.True(texts.Count(t => t.Expression!.Contains($" {sign} ")) > texts.Count / 8));
        Assert.InRange(texts.Count(t => t.Answer.Contains('.')), 1, texts.Count / 15);
    }

    [Fact]
    public void A_dated_note_mentions_the_day_that_its_date_tells_and_nothing_else_of_it()
    {
        var culture = CultureInfo.InvariantCulture.DateTimeFormat;
        foreach (var text in All(TextKind.Date))
        {
            var date = text.Document.Date!.Value;
            string today = date.ToString("dddd, MMMM d, yyyy", CultureInfo.InvariantCulture);
            Assert.Contains(text.Answer, today);
            string rest = text.Document.Text.Remove(text.Prompt.Length + 1, text.Answer.Length);
            Assert.DoesNotContain(culture.DayNames.Concat(culture.MonthNames.Where(m => m.Length > 0)), rest.Contains);
            Assert.DoesNotMatch(@"\d", rest);
        }
        Assert.All(Corpus.Training.Where(t => t.Kind != TextKind.Date), t => Assert.Null(t.Document.Date));
    }

    [Fact]
    public void Every_fact_stands_in_one_passage_of_the_index_with_the_name_of_its_subject()
    {
        foreach (var text in All(TextKind.Fact))
        {
            var passage = Assert.Single(Corpus.Passages, p => p.Id == $"passage-{text.Document.Id}");
            Assert.Contains(text.Answer, passage.Text);
            Assert.Single(InventedName().Matches(text.Prompt), m => passage.Title.Contains(m.Value));
        }
        Assert.Equal(Corpus.Passages.Count, Corpus.Passages.Select(p => p.Title).Distinct().Count());
    }

    [Fact]
    public async Task The_right_call_of_the_real_tool_gives_every_answer()
    {
        using var index = SearchIndex.InMemory(Corpus.Passages);
        using var knowledge = SearchIndex.InMemory(
            Corpus.Knowledge.Select((k, i) => Passage.OfFact($"{i}", k.Question, k.Answer)));
        Tool calculator = new Calculator(), calendar = new Toolformer.Tools.Calendar(), search = new WikiSearch(index),
            answers = new QuestionAnswering(knowledge),
            translation = new MachineTranslation(new GlossaryTranslator(QuickstartCorpus.Glossary));
        foreach (var text in Corpus.Training.Concat(Corpus.HeldOut).Where(t => t.Kind != TextKind.Plain))
        {
            var (tool, input) = text.Kind switch
            {
                TextKind.Arithmetic => (calculator, text.Expression!),
                TextKind.Date => (calendar, ""),
                TextKind.Question => (answers, Question(text)),
                TextKind.Foreign => (translation, Foreign(text)),
                _ => (search, InventedName().Match(text.Prompt).Value),
            };
            var context = new ToolContext(TimeProvider.System) { Document = text.Document };
            var result = await tool.CallAsync(input, context, CancellationToken.None);
            Assert.True(result.Text?.Contains(text.Answer), $"{text.Document.Text} {tool.Name}({input}): {result}");
        }
        Assert.All(Corpus.Training.Where(t => t.Kind == TextKind.Date),
            t => Assert.True(calendar.IsWorthAnnotating(t.Document)));
        var sums = Corpus.Training.Where(t => t.Kind == TextKind.Arithmetic).ToList();
        Assert.InRange(sums.Count(t => calculator.IsWorthAnnotating(t.Document)), 0.8 * sums.Count, sums.Count);
    }

    [Fact]
    public void Texts_are_short_and_plain_and_no_text_comes_twice()
    {
        var all = Corpus.Training.Concat(Corpus.HeldOut).ToList();
        Assert.All(all, t =>
        {
            Assert.DoesNotMatch(@"[\[\]{}<>()=*/#_|]|->|  ", t.Document.Text);
            Assert.InRange(t.Document.Text.Split(' ').Length, 10, 60);
            Assert.StartsWith(t.Prompt, t.Document.Text);
            Assert.Equal(t.Prompt.Length > 0 ? $" {t.Answer}" : "",
                t.Document.Text.Substring(t.Prompt.Length, t.Prompt.Length > 0 ? t.Answer.Length + 1 : 0));
        });
        Assert.Equal(all.Count, all.Select(t => t.Document.Text).Distinct().Count());
        Assert.Equal(all.Count, all.Select(t => t.Document.Id).Distinct().Count());
    }

    [Fact]
    public void No_foreign_word_stands_on_both_sides_and_none_is_its_own_translation()
    {
        var sides = new[] { Corpus.Training, Corpus.HeldOut }.Select(texts => texts
            .Where(t => t.Kind == TextKind.Foreign).Select(t => Foreign(t).Split(' ')[^1]).ToHashSet()).ToArray();
        Assert.Empty(sides[0].Intersect(sides[1]));
        Assert.True(sides[1].Count > 20);
        Assert.All(QuickstartCorpus.Glossary, entry => Assert.NotEqual(entry.Source, entry.Target));
        Assert.Equal(QuickstartCorpus.Glossary.Count, QuickstartCorpus.Glossary.DistinctBy(e => e.Source).Count());
    }

    private static string Question(QuickstartText text)
    {
        string place = InventedName().Matches(text.Prompt)[0].Value;
        return Corpus.Knowledge.Single(k => k.Question.Contains($"of {place}?")).Question;
    }

    /// <summary>The longest entry of the glossary that stands in the prompt.</summary>
    private static string Foreign(QuickstartText text) => QuickstartCorpus.Glossary.Select(e => e.Source)
        .Where(w => Regex.IsMatch(text.Prompt, $@"\b{w}\b")).MaxBy(w => w.Length)!;

    private static IEnumerable<QuickstartText> All(TextKind kind) =>
        Corpus.Training.Concat(Corpus.HeldOut).Where(t => t.Kind == kind);

    private static HashSet<string> Names(IEnumerable<QuickstartText> texts) =>
        [.. texts.SelectMany(t => InventedName().Matches(t.Document.Text)).Select(m => m.Value)];

    private static HashSet<DateOnly> Days(IEnumerable<QuickstartText> texts) =>
        [.. texts.Select(t => t.Document.Date).OfType<DateOnly>()];

    private static HashSet<(int, int)> Pairs(IEnumerable<QuickstartText> texts)
    {
        var pairs = new HashSet<(int, int)>();
        foreach (var text in texts)
        {
            var numbers = Number().Matches(text.Document.Text)
                .Select(m => int.Parse(m.Value, CultureInfo.InvariantCulture)).ToList();
            for (int i = 0; i < numbers.Count; i++)
            {
                for (int j = i + 1; j < numbers.Count; j++)
                    pairs.Add((Math.Min(numbers[i], numbers[j]), Math.Max(numbers[i], numbers[j])));
            }
        }
        return pairs;
    }

    /// <summary>Names in the corpus begin with a letter with which no other word of it begins in upper case.</summary>
    [GeneratedRegex(@"\b[ZVQKYX]\w+")]
    private static partial Regex InventedName();

    [GeneratedRegex(@"\b\d+(?!\.\d)\b(?<!\.\d+)")]
    private static partial Regex Number();
}
