namespace Toolformer.Evaluation.Tasks;

/// <summary>The federal holidays of the United States by their rules (5 U.S.C. 6103), on the days themselves.</summary>
/// <example>2020: Martin Luther King Jr. Day January 20, Memorial Day May 25, Thanksgiving November 26.</example>
public static class Holidays
{
    /// <summary>Name and day of each holiday of a year, in order of the year. No day is moved off a weekend.</summary>
    public static IReadOnlyList<(string Name, DateOnly Day)> Of(int year)
    {
        var days = new List<(string, DateOnly)>
        {
            ("New Year's Day", new(year, 1, 1)),
            ("Washington's Birthday", Nth(3, DayOfWeek.Monday, year, 2)),
            ("Memorial Day", Nth(1, DayOfWeek.Monday, year, 6).AddDays(-7)),
            ("Independence Day", new(year, 7, 4)),
            ("Labor Day", Nth(1, DayOfWeek.Monday, year, 9)),
            ("Columbus Day", Nth(2, DayOfWeek.Monday, year, 10)),
            ("Veterans Day", new(year, 11, 11)),
            ("Thanksgiving", Nth(4, DayOfWeek.Thursday, year, 11)),
            ("Christmas Day", new(year, 12, 25)),
        };
        if (year >= 1986)
            days.Add(("Martin Luther King Jr. Day", Nth(3, DayOfWeek.Monday, year, 1)));
        if (year >= 2021)
            days.Add(("Juneteenth", new(year, 6, 19)));
        return [.. days.OrderBy(d => d.Item2)];
    }

    private static DateOnly Nth(int n, DayOfWeek day, int year, int month)
    {
        var first = new DateOnly(year, month, 1);
        return first.AddDays(((int)day - (int)first.DayOfWeek + 7) % 7 + 7 * (n - 1));
    }
}
