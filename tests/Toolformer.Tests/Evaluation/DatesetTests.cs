using System.Globalization;
using Toolformer.Evaluation.Tasks;

namespace Toolformer.Tests.Evaluation;

public class DatesetTests
{
    private static readonly IReadOnlyList<DatedQuestion> Questions = Dateset.Generate();

    [Fact]
    public void The_counts_per_template_are_those_of_the_papers_table()
    {
        var counts = Questions.GroupBy(q => q.Id.Split('-')[0]).ToDictionary(g => g.Key, g => g.Count());
        Assert.Equal(new Dictionary<string, int>
        {
            ["apart"] = 400,
            ["ago"] = 800,
            ["ahead"] = 800,
            ["weekday"] = 400,
            ["near"] = 4000,
            ["holiday"] = 1800,
            ["until"] = 1200,
        }, counts);
        Assert.Equal(9400, Questions.Count);
        Assert.Equal(9400, Questions.Select(q => q.Id).Distinct().Count());
        Assert.Equal(500, Questions.Select(q => q.Date).Distinct().Count());
    }

    [Fact]
    public void Every_combination_of_words_has_an_equal_share()
    {
        Assert.All(Shares("near", q => q.Question), share => Assert.Equal(200, share));
        Assert.Equal(20, Shares("near", q => q.Question).Count);
        Assert.All(Shares("ahead", q => q.Question.Split(" will")[0]), share => Assert.Equal(200, share));
        Assert.All(Shares("holiday", q => q.Question.Replace(" was ", " is ").Split(" is ")[0]),
            share => Assert.Equal(600, share));
        Assert.All(Shares("until", q => q.Question.Split(' ')[2]), share => Assert.Equal(300, share));
        Assert.All(Shares("ago", q => q.Question.Split(" was")[0]), share => Assert.Equal(200, share));

        static IReadOnlyList<int> Shares(string template, Func<DatedQuestion, string> words) =>
            [.. Questions.Where(q => q.Id.StartsWith(template + "-")).GroupBy(words).Select(g => g.Count())];
    }

    [Fact]
    public void The_same_questions_are_made_every_time_and_a_file_of_them_reads_as_they_are()
    {
        Assert.Equal(Questions.Select(q => q.Question), Dateset.Generate().Select(q => q.Question));
        string file = Path.GetTempFileName();
        try
        {
            Dateset.Write(file);
            var task = new Dateset();
            var read = task.Load(file);
            var made = task.Load("");
            Assert.Equal(made.Select(e => (e.Id, e.Prompt, e.Date, string.Join('|', e.Answers))),
                read.Select(e => (e.Id, e.Prompt, e.Date, string.Join('|', e.Answers))));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Answers_agree_with_the_calendar_as_another_way_of_counting_finds_it()
    {
        foreach (var q in Questions.Where(q => q.Id.StartsWith("apart-")))
        {
            string day = q.Question.Split(" was ", 2) is [_, var past] ? past : q.Question.Split("until ")[1];
            var other = DateTime.ParseExact(day.TrimEnd('?'), "MMMM d, yyyy", CultureInfo.InvariantCulture);
            double days = Math.Abs((other - q.Date.ToDateTime(TimeOnly.MinValue)).TotalDays);
            Assert.Equal(days, double.Parse(q.Answers[0], CultureInfo.InvariantCulture));
            Assert.InRange(days, 1, 4 * 365 + 1);
        }
        foreach (var q in Questions.Where(q => q.Question.EndsWith("day of the week is it tomorrow?")))
            Assert.Equal($"{q.Date.ToDateTime(TimeOnly.MinValue).AddDays(1).DayOfWeek}", q.Answers[0]);
        foreach (var q in Questions.Where(q => q.Id.StartsWith("ago-") && q.Question.EndsWith("months ago?")
            && q.Question.StartsWith("What month")))
        {
            int n = int.Parse(q.Question.Split(' ')[^3], CultureInfo.InvariantCulture);
            int month = (q.Date.Month - 1 - n % 12 + 12) % 12 + 1;
            Assert.Equal(CultureInfo.InvariantCulture.DateTimeFormat.GetMonthName(month), q.Answers[0]);
        }
        foreach (var q in Questions.Where(q => q.Question.EndsWith("Christmas Day this year?")
            && q.Question.StartsWith("How many weeks are")))
        {
            var christmas = new DateTime(q.Date.Year, 12, 25);
            double days = (christmas - q.Date.ToDateTime(TimeOnly.MinValue)).TotalDays;
            Assert.Equal(Math.Floor(days / 7), double.Parse(q.Answers[0], CultureInfo.InvariantCulture));
        }
    }

    [Fact]
    public void Gold_answers_score_full_marks_and_shuffled_ones_little_more_than_chance()
    {
        var task = new Dateset();
        var examples = task.Load("");
        Assert.All(examples, e => Assert.True(task.IsCorrect(task.Completion(e), e), e.Id));
        Assert.All(examples, e => Assert.True(e.Date is not null && e.Prompt.EndsWith('?')));
        string[] shuffled = [.. examples.Select(task.Completion)];
        new Random(5).Shuffle(shuffled);
        int right = examples.Zip(shuffled).Count(pair => task.IsCorrect(pair.Second, pair.First));
        Assert.InRange(right, 0, 0.08 * examples.Count); // one of seven weekdays, twelve months, four years
    }

    [Theory]
    [InlineData(2020, "New Year's Day 1/1, Martin Luther King Jr. Day 1/20, Washington's Birthday 2/17, "
        + "Memorial Day 5/25, Independence Day 7/4, Labor Day 9/7, Columbus Day 10/12, Veterans Day 11/11, "
        + "Thanksgiving 11/26, Christmas Day 12/25")]
    [InlineData(2021, "New Year's Day 1/1, Martin Luther King Jr. Day 1/18, Washington's Birthday 2/15, "
        + "Memorial Day 5/31, Juneteenth 6/19, Independence Day 7/4, Labor Day 9/6, Columbus Day 10/11, "
        + "Veterans Day 11/11, Thanksgiving 11/25, Christmas Day 12/25")]
    [InlineData(2015, "New Year's Day 1/1, Martin Luther King Jr. Day 1/19, Washington's Birthday 2/16, "
        + "Memorial Day 5/25, Independence Day 7/4, Labor Day 9/7, Columbus Day 10/12, Veterans Day 11/11, "
        + "Thanksgiving 11/26, Christmas Day 12/25")]
    public void Federal_holidays_fall_on_the_days_they_fell_on(int year, string expected) =>
        Assert.Equal(expected, string.Join(", ", Holidays.Of(year)
            .Select(h => $"{h.Name} {h.Day.Month}/{h.Day.Day}")));
}
