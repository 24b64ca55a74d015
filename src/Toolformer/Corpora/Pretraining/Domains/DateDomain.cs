using Words = Toolformer.Corpora.Pretraining.PretrainingWords;

namespace Toolformer.Corpora.Pretraining.Domains;

/// <summary>
/// Tools that know the whole date of something, of which the text uses a part: the weekday, the month, the year. The
/// input is always the same, or the thing whose date it is.
/// </summary>
internal sealed class DateDomain : ToolDomain
{
    private static readonly string[] Things =
    [
        "log of the {name}", "letter to {person}", "entry in the {surname} diary", "{name} Gazette",
        "old map of {place}",
        "record of the {spot}", "report on {place}", "stamp on the {thing}", "charter of {place}", "bill of the {job}",
    ];

    private static readonly string[] Uses =
    [
        "The {it} was written on a <{wd}>.", "The {it} is dated <{md}>.", "The {it} comes from the year <{y}>.",
        "It was <{wd}> when the {it} was finished.", "The {it} was signed in <{m}>.", "The {it} was made in <{m} {y}>.",
        "The date of the {it} is <{md}, {y}>.", "The {it} was printed one <{wd}> in summer.",
        "They were reading the {it}. It had been sent on <{wd}>, {md}.", "The {it} is from <{y}>, {a quality} year.",
        "The next day, after the {it}, was <{next}>.", "The day of the {it} is <{d}>, so people stayed at home.",
    ];

    private readonly Random random;
    private readonly string[]? constant;
    private readonly int form;

    public DateDomain(Random random)
    {
        this.random = random;
        form = random.Next(6);
        if (random.Chance(0.5)) constant = [random.Of(["date", "when", "day", "this", "stamp", "at", "?", "it"])];
    }

    public override string Purpose =>
        random.Of(["knows when something was written", "gives the date of a paper", "reads dates", "dates things"]);

    public override Request Placeholder => new(constant ?? ["thing"], constant is null ? "question" : null);

    public override Request AddTo(Composer composer)
    {
        composer.Forget();
        var date = new DateOnly(random.Between(1600, 2024), 1, 1).AddDays(random.Next(365));
        var (weekday, month) = (date.DayOfWeek.ToString(), Words.Months[date.Month - 1]);
        var thing = composer.Express(random.Of(Things));
        composer.Set("it", thing).Set("wd", weekday).Set("m", month).Set("d", $"{month} {date.Day}")
            .Set("md", $"{month} {date.Day}").Set("y", $"{date.Year}")
                .Set("next", date.AddDays(1).DayOfWeek.ToString());
        composer.Sentence(random.Of(Uses));
        var whole = form switch
        {
            0 => $"{weekday}, {month} {date.Day}, {date.Year}",
            1 => $"It was {weekday}, {month} {date.Day}, {date.Year}.",
            2 => $"{date.Day} {month} {date.Year}, a {weekday}",
            3 => $"Dated {weekday}, {month} {date.Day}, {date.Year}.",
            4 => $"The date is {weekday}, {month} {date.Day}, {date.Year}.",
            _ => $"{weekday} {date.Day} {month} {date.Year}",
        };
        return new Request(constant ?? [thing], constant is null ? $"When was the {thing} made?"
            : null)
        { Answer = whole };
    }
}
