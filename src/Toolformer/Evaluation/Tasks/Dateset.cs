using System.Globalization;

namespace Toolformer.Evaluation.Tasks;

/// <summary>
/// Dateset (paper, section 4.2.5 and appendix D): 9,400 questions that need to know what day it is, made from seven
/// templates, 500 random days, and for each a day in the past and one in the future within four years. The answers are
/// computed; the calendar shows the question's own day. Prompt of the questions, rule of LAMA; nothing is banned.
/// </summary>
/// <remarks>
/// An empty path stands for the 9,400 questions, which are always the same; a path for a file of
/// {id, question, answers, date}, as <see cref="Write"/> makes it.
/// </remarks>
/// <example>
/// On July 9, 2015: "Answer the following question: What day of the week was it yesterday?" has the answer "Wednesday";
/// " It was a Wednesday" is right, " Thursday" is not.
/// </example>
public sealed class Dateset : EvalTask
{
    private const int Seed = 2023, Days = 500, Most = 4 * 365 + 1;

    public override string Name => "dateset";

    public override int Version => 2;

    public override string Citation => "Generated here by the description of Schick et al.: Toolformer, 2023, "
        + "appendix D and its Table 11; the paper's own questions are not published.";

    public override PaperCheck? Paper => new("Table 7",
        ["prompt, question mark", "within the first five words", "templates and their counts (Table 11)",
            "500 days, others within four years, federal holidays", "the calendar shows the question's day"],
        ["the paper's days are not published; here they lie in 2011 to 2022",
            "how 9,400 were drawn from 500 days is not said; here every combination of words has an equal share",
            "a day of the month counts as \"9\" and as \"9th\""]);

    public override bool IsGenerated => true;

    public override WorkedExample? Worked => new("dateset.jsonl",
        """
        {"id": "near-1", "question": "What day of the week was it yesterday?", "answers": ["Wednesday"],
        """ + """
         "date": "2015-07-09"}
        {"id": "near-2", "question": "What month is it tomorrow?", "answers": ["July"], "date": "2015-07-09"}
        """,
        "Answer the following question: What day of the week was it yesterday?",
        " It was a Wednesday.", " It was Thursday.");

    public override bool IsCorrect(string prediction, EvalExample example) =>
        Scoring.FirstWordsContain(prediction, 5, example.Answers);

    public override IReadOnlyList<EvalExample> Load(string path)
    {
        if (path.Length == 0)
            return [.. Generate().Select(q => Asked(q.Id, q.Question, q.Answers, q.Date))];
        var examples = DataFile.Read(path, "data").Select(item => Asked(
            item.Id("id"), item.Need("question"),
            item.Texts("answers", "answer") is { Count: > 0 } answers ? answers
                : throw item.Bad("it has no answer", "Write \"answers\": [\"Monday\"]."),
            DateOnly.TryParseExact(item.Need("date", "current_date"), "yyyy-MM-dd", CultureInfo.InvariantCulture,
                DateTimeStyles.None, out var day) ? day
                : throw item.Bad("its date is no day", "Write it as 2015-07-09."))).ToList();
        return DataFile.Some(examples, path, "the file has no question");
    }

    /// <summary>Writes the questions as JSON Lines of {id, question, answers, date}.</summary>
    public static void Write(string path)
    {
        using var writer = new JsonLinesWriter(path, keep: 0);
        foreach (var question in Generate())
            writer.Write(question);
    }

    /// <summary>The questions, template by template. The part of an id before the hyphen names the template.</summary>
    public static IReadOnlyList<DatedQuestion> Generate()
    {
        var questions = new List<DatedQuestion>();
        var random = new Random(Seed);
        DateOnly first = new(2011, 1, 1), last = new(2022, 12, 31);
        var span = Enumerable.Range(0, last.DayNumber - first.DayNumber + 1).ToArray();
        random.Shuffle(span);
        var days = span.Take(Days).Select(n => first.AddDays(n)).Select(now => (Now: now,
            Past: now.AddDays(-random.Next(1, Most + 1)), Future: now.AddDays(random.Next(1, Most + 1)))).ToArray();

        foreach (var (now, past, _) in Draw(days, 200))
            Add("apart", now, $"How many days ago was {Long(past)}?", Number(now.DayNumber - past.DayNumber));
        foreach (var (now, _, future) in Draw(days, 200))
        {
            Add("apart", now, $"How many days are there until {Long(future)}?",
                Number(future.DayNumber - now.DayNumber));
        }
        foreach (string unit in (string[])["days", "weeks", "months", "years"])
        {
            // A day that is not a whole unit ago can't be asked for in that unit.
            var far = days.Where(d => Units(d.Past, d.Now, unit) > 0).ToArray();
            foreach (string field in Fields)
            {
                foreach (var (now, past, _) in Draw(far, 50))
                {
                    int n = Units(past, now, unit);
                    Add("ago", now, $"What {field} was it {n} {Counted(unit, n)} ago?",
                        Answers(field, Before(now, n, unit)));
                }
            }
        }
        foreach (string field in Fields)
        {
            foreach (var (now, _, future) in Draw(days, 200))
            {
                int n = future.DayNumber - now.DayNumber;
                Add("ahead", now, $"What {field} will it be in {n} {Counted("days", n)}?", Answers(field, future));
            }
        }
        foreach (var (now, past, _) in Draw(days, 200))
            Add("weekday", now, $"What day of the week was it on {Long(past)}?", Answers("day of the week", past));
        foreach (var (now, _, future) in Draw(days, 200))
            Add("weekday", now, $"What day of the week is it on {Long(future)}?", Answers("day of the week", future));
        foreach (string field in Fields)
        {
            foreach (var (offset, name) in new[] { (-2, "the day before yesterday"), (-1, "yesterday"), (0, "today"),
                (1, "tomorrow"), (2, "the day after tomorrow") })
            {
                foreach (var (now, _, _) in Draw(days, 200))
                {
                    Add("near", now, $"What {field} {(offset < 0 ? "was" : "is")} it {name}?",
                        Answers(field, now.AddDays(offset)));
                }
            }
        }
        var holidays = days.SelectMany(d => Holidays.Of(d.Now.Year).Select(h => (d.Now, h.Name, h.Day)))
            .Where(h => h.Now != h.Day).ToArray();
        foreach (string field in Fields.Take(3))
        {
            foreach (var (now, name, day) in Draw(holidays, 600))
            {
                Add("holiday", now, $"What {field} {(day < now ? "was" : "is")} {name} this year?",
                    Answers(field, day));
            }
        }
        foreach (string unit in (string[])["days", "weeks", "months", "years"])
        {
            foreach (var (now, name, day) in Draw(holidays, 300))
            {
                Add("until", now, day < now ? $"How many {unit} ago was {name} this year?"
                    : $"How many {unit} are there until {name} this year?",
                    Number(day < now ? Units(day, now, unit) : Units(now, day, unit)));
            }
        }
        return questions;

        IEnumerable<T> Draw<T>(T[] from, int count)
        {
            var copy = (T[])from.Clone();
            random.Shuffle(copy);
            return copy.Take(count);
        }

        void Add(string template, DateOnly now, string question, params IReadOnlyList<string> answers) =>
            questions.Add(new($"{template}-{questions.Count + 1}", question, answers, now));
    }

    private static string[] Fields => ["day of the week", "day of the month", "month", "year"];

    private static EvalExample Asked(
        string id, string question, IReadOnlyList<string> answers, DateOnly day) =>
        new(id, PaperPrompts.Question(question), answers) { Date = day };

    /// <summary>How many whole units lie between two days.</summary>
    private static int Units(DateOnly from, DateOnly to, string unit)
    {
        int months = (to.Year - from.Year) * 12 + to.Month - from.Month;
        if (from.AddMonths(months) > to)
            months--;
        return unit switch
        {
            "days" => to.DayNumber - from.DayNumber,
            "weeks" => (to.DayNumber - from.DayNumber) / 7,
            "months" => months,
            _ => months / 12,
        };
    }

    private static DateOnly Before(DateOnly now, int n, string unit) => unit switch
    {
        "days" => now.AddDays(-n),
        "weeks" => now.AddDays(-7 * n),
        "months" => now.AddMonths(-n),
        _ => now.AddYears(-n),
    };

    private static IReadOnlyList<string> Answers(string field, DateOnly day) => field switch
    {
        "day of the week" => [day.ToString("dddd", CultureInfo.InvariantCulture)],
        "day of the month" => [Number(day.Day), $"{day.Day}{Ending(day.Day)}"],
        "month" => [day.ToString("MMMM", CultureInfo.InvariantCulture)],
        _ => [Number(day.Year)],
    };

    private static string Ending(int day) => (day % 10, day / 10) switch
    {
        (1, not 1) => "st",
        (2, not 1) => "nd",
        (3, not 1) => "rd",
        _ => "th",
    };

    private static string Counted(string unit, int n) => n == 1 ? unit[..^1] : unit;

    private static string Number(int n) => n.ToString(CultureInfo.InvariantCulture);

    private static string Long(DateOnly day) => day.ToString("MMMM d, yyyy", CultureInfo.InvariantCulture);
}

/// <summary>A question of Dateset.</summary>
/// <param name="Date">What day it is when it is asked.</param>
public sealed record DatedQuestion(string Id, string Question, IReadOnlyList<string> Answers, DateOnly Date);
