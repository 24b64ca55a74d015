using System.Text.RegularExpressions;
using Lucene.Net.Analysis;
using Lucene.Net.Analysis.En;
using Lucene.Net.Analysis.Standard;
using Lucene.Net.Analysis.TokenAttributes;
using Lucene.Net.Documents;
using Lucene.Net.Index;
using Lucene.Net.Search;
using Lucene.Net.Search.Similarities;
using Lucene.Net.Store;
using Lucene.Net.Util;
using Toolformer.Tools.Reading;
using Toolformer.Tools.Searching;
using Toolformer.Torch;

namespace Toolformer.Bench;

/// <summary>
/// Questions over passages: `-- questions PASSAGES.jsonl,… NAME=QUESTIONS.jsonl,… [model folder] [questions per set]`.
/// Recall@k (one of the first k passages holds an answer) of our index and of Lucene's BM25 as it comes; accuracy of
/// the readers.
/// </summary>
internal static partial class QuestionBench
{
    private static readonly int[] Ks = [1, 5, 10, 20];

    private sealed record Question(string Id, string[] GoldenAnswers)
    {
        [System.Text.Json.Serialization.JsonPropertyName("question")]
        public required string Text { get; init; }
    }

    public static IEnumerable<Measure> Run(
        string passageFiles, string questionFiles, string? model, int perSet)
    {
        Passage[] passages = [.. passageFiles.Split(',').SelectMany(f => Passage.ReadFile(f, _ => { }))];
        using var ours = SearchIndex.InMemory(passages);
        using var stemmed = new PlainLucene(passages, new EnglishAnalyzer(LuceneVersion.LUCENE_48));
        using var standard = new PlainLucene(passages, new StandardAnalyzer(LuceneVersion.LUCENE_48));
        using var untitled = SearchIndex.InMemory(passages, new Bm25Options(TitleWeight: 0));
        var sets = questionFiles.Split(',').Select(f => f.Split('=', 2))
            .Select(f => (Name: f[0], Questions: JsonLines.Read<Question>(f[1]).ToList())).ToList();

        foreach (var (name, questions) in sets.Append(("all", [.. sets.SelectMany(s => s.Questions)])))
        {
            yield return new($"{name}, n = {questions.Count}: recall@{string.Join('/', Ks)}, ours",
                Recall(questions, q => ours.Search(q, Ks[^1]).Select(h => h.Passage)));
            yield return new("  ours without the weight of titles",
                Recall(questions, q => untitled.Search(q, Ks[^1]).Select(h => h.Passage)));
            yield return new("  Lucene's, StandardAnalyzer", Recall(questions, q => standard.Search(q, Ks[^1])));
            yield return new("  Lucene's, EnglishAnalyzer", Recall(questions, q => stemmed.Search(q, Ks[^1])));
        }
        foreach (var (name, questions) in sets)
            yield return new($"{name}: facts, half of them known: right/wrong/false alarm", Facts(questions));
        if (model is null)
            yield break;
        using var read = ModelFolder.Open(model).ReadModel();
        foreach (bool extract in (bool[])[false, true])
        {
            using var reader = new ModelReader(read, new ModelReaderOptions { Extract = extract });
            foreach (var (name, questions) in sets)
            {
                var asked = questions.Take(perSet).ToList();
                yield return new($"{name}: model{(extract ? ", extracting" : "")}, n = {asked.Count}: right/answered",
                    Read(asked, q => reader.AnswerAsync(
                        q, [.. ours.Search(q, 5).Select(h => h.Passage)], default).AsTask().Result.Text));
            }
        }
    }

    private static string Recall(List<Question> questions, Func<string, IEnumerable<Passage>> search)
    {
        int[] found = new int[Ks.Length];
        foreach (var question in questions)
        {
            string[] answers = [.. question.GoldenAnswers.Select(Normal)];
            int at = search(question.Text).Select(p => Normal($"{p.Title} {p.Text}"))
                .TakeWhile(p => !answers.Any(a => a.Length > 2 && p.Contains(a, StringComparison.Ordinal))).Count();
            for (int i = 0; i < Ks.Length; i++)
                found[i] += at < Ks[i] ? 1 : 0;
        }
        double atTen = (double)found[2] / questions.Count;
        return string.Join(" / ", found.Select(f => $"{100.0 * f / questions.Count:0.0}"))
            + $" (±{100 * Math.Sqrt(atTen * (1 - atTen) / questions.Count):0.0})";
    }

    /// <summary>Every other question is known: it must be answered when asked again, and the others must not.</summary>
    private static string Facts(List<Question> questions)
    {
        using var index = SearchIndex.InMemory(questions.Where((_, i) => i % 2 == 0)
            .Select(q => Passage.OfFact(q.Id, q.Text, q.GoldenAnswers[0])));
        using var reader = new FactReader();
        string? Answer(string asked) => reader.AnswerAsync(
            asked, [.. index.Search(asked, 10).Select(h => h.Passage)], default).AsTask().Result.Text;
        var known = questions.Where((_, i) => i % 2 == 0).Select(q => (q, Answer: Answer(q.Text))).ToList();
        int right = known.Count(k => k.Answer == k.q.GoldenAnswers[0]);
        int wrong = known.Count(k => k.Answer is not null && k.Answer != k.q.GoldenAnswers[0]);
        var unknown = questions.Where((_, i) => i % 2 == 1).ToList();
        int alarms = unknown.Count(q => Answer(q.Text) is not null);
        return $"{100.0 * right / known.Count:0.0} / {100.0 * wrong / known.Count:0.0} / "
            + $"{100.0 * alarms / unknown.Count:0.0} %";
    }

    private static string Read(List<Question> questions, Func<string, string?> answer)
    {
        var answers = questions.Select(q => (q.GoldenAnswers, Given: answer(q.Text))).ToList();
        int given = answers.Count(a => a.Given is not null);
        int right = answers.Count(a => a.Given is not null
            && a.GoldenAnswers.Any(g => Normal(g) == Normal(a.Given)));
        return $"{right} / {given} of {questions.Count}";
    }

    /// <summary>Words in lower case without articles and marks, as SQuAD compares answers.</summary>
    private static string Normal(string text) =>
        $" {string.Join(' ', Word().Matches(text.ToLowerInvariant()).Select(m => m.Value)
            .Where(w => w is not ("a" or "an" or "the")))} ";

    [GeneratedRegex(@"[\p{L}\p{N}]+")]
    private static partial Regex Word();

    /// <summary>Lucene's BM25 and an analyzer with nothing changed, title and text as one field.</summary>
    private sealed class PlainLucene : IDisposable
    {
        private readonly RAMDirectory _directory = new();
        private readonly Analyzer _analyzer;
        private readonly Passage[] _passages;
        private readonly DirectoryReader _reader;
        private readonly IndexSearcher _searcher;

        public PlainLucene(Passage[] passages, Analyzer analyzer)
        {
            (_passages, _analyzer) = (passages, analyzer);
            using (var writer = new IndexWriter(_directory, new(LuceneVersion.LUCENE_48, analyzer)
            {
                Similarity = new BM25Similarity(),
            }))
            {
                foreach (var (i, passage) in passages.Index())
                    writer.AddDocument([
                        new StoredField("number", i),
                        new TextField("text", $"{passage.Title}\n{passage.Text}", Field.Store.NO),
                    ]);
            }
            _reader = DirectoryReader.Open(_directory);
            _searcher = new IndexSearcher(_reader) { Similarity = new BM25Similarity() };
        }

        public IEnumerable<Passage> Search(string question, int count)
        {
            var query = new BooleanQuery();
            using var tokens = _analyzer.GetTokenStream("text", question);
            var term = tokens.AddAttribute<ICharTermAttribute>();
            tokens.Reset();
            while (tokens.IncrementToken())
                query.Add(new TermQuery(new Term("text", term.ToString()!)), Occur.SHOULD);
            tokens.End();
            return [.. _searcher.Search(query, count).ScoreDocs
                .Select(d => _passages[_searcher.Doc(d.Doc).GetField("number").GetInt32Value()!.Value])];
        }

        public void Dispose()
        {
            _reader.Dispose();
            _directory.Dispose();
            _analyzer.Dispose();
        }
    }
}
