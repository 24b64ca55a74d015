using System.Text;
using Toolformer.Tools.Searching;

namespace Toolformer.Bench;

/// <summary>
/// An index of made-up passages, built and queried: `-- search [passages]`. Words are as frequent as Zipf's law has
/// them, passages have 100 words, queries are questions with three to eight words of a passage.
/// </summary>
internal static class SearchBench
{
    private const int Vocabulary = 200_000, Queries = 1000, WarmUp = 100;

    public static IEnumerable<Measure> Run(int passages)
    {
        string folder = Directory.CreateTempSubdirectory("toolformer-search-").FullName;
        string file = Path.Combine(folder, "passages.jsonl"), index = Path.Combine(folder, "index");
        try
        {
            var words = new Zipf(Vocabulary, new Random(1));
            using (var writer = new StreamWriter(file))
            {
                for (int i = 0; i < passages; i++)
                    writer.WriteLine($$"""{"title": "{{words.Text(2)}}", "text": "{{words.Text(100)}}"}""");
            }
            var (buildCpu, build) = Stopclock.Costs(() =>
            {
                using var builder = new IndexBuilder(index);
                builder.Add(file);
            });
            yield return new($"indexing {passages:N0} passages", $"{passages / build:N0} passages/s");
            yield return new("  CPU time of it", $"{buildCpu:N0} s");
            long bytes = new DirectoryInfo(index).EnumerateFiles().Sum(f => f.Length);
            yield return new("  size of the index", $"{bytes / 1e6:N0} MB");
            File.Delete(file);

            using var searched = SearchIndex.Open(index);
            string[] queries = [.. Enumerable.Range(0, Queries + WarmUp).Select(i => words.Question(3 + (i % 6)))];
            foreach (string query in queries[..WarmUp])
                searched.Search(query, 10);
            var times = new List<double>();
            var (cpu, _) = Stopclock.Costs(() =>
            {
                foreach (string query in queries[WarmUp..])
                {
                    long started = TimeProvider.System.GetTimestamp();
                    searched.Search(query, 10);
                    times.Add(TimeProvider.System.GetElapsedTime(started).TotalMilliseconds);
                }
            });
            times.Sort();
            yield return new($"{Queries:N0} queries, 10 passages each: p50", $"{times[times.Count / 2]:0.0} ms");
            yield return new("  p95", $"{times[times.Count * 95 / 100]:0.0} ms", "< 50 ms");
            yield return new("  p99", $"{times[times.Count * 99 / 100]:0.0} ms");
            yield return new("  CPU time per query", $"{cpu / Queries * 1000:0.0} ms");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Words of which the n-th most frequent is 1/n as frequent as the first.</summary>
    private sealed class Zipf
    {
        private static readonly string[] Frequent =
            ["the", "of", "and", "in", "to", "was", "is", "for", "as", "on", "with", "by", "he", "that", "at", "from"];

        private readonly double[] _upTo = new double[Vocabulary];
        private readonly Random _random;

        public Zipf(int count, Random random)
        {
            _random = random;
            double sum = 0;
            for (int i = 0; i < count; i++)
                _upTo[i] = sum += 1.0 / (i + 1);
        }

        public string Text(int count)
        {
            var text = new StringBuilder();
            for (int i = 0; i < count; i++)
                text.Append(i > 0 ? " " : "").Append(Word(Draw()));
            return text.ToString();
        }

        /// <summary>Words as often in questions as in texts, but no more than one of the most frequent.</summary>
        public string Question(int count) =>
            "what is the " + string.Join(' ', Enumerable.Range(0, count).Select(_ => Word(Math.Max(Draw(), 30))));

        private int Draw()
        {
            int at = Array.BinarySearch(_upTo, _random.NextDouble() * _upTo[^1]);
            return Math.Min(at < 0 ? ~at : at, Vocabulary - 1);
        }

        private static string Word(int rank)
        {
            if (rank < Frequent.Length)
                return Frequent[rank];
            const string consonants = "bdfgklmnprtvz", vowels = "aeiou";
            var word = new StringBuilder();
            for (int left = rank; left > 0; left /= consonants.Length * vowels.Length)
            {
                int syllable = left % (consonants.Length * vowels.Length);
                word.Append(consonants[syllable / vowels.Length]).Append(vowels[syllable % vowels.Length]);
            }
            return word.Append('n').ToString();
        }
    }
}
