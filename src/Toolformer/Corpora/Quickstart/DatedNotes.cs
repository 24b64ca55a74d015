using System.Globalization;

namespace Toolformer.Corpora.Quickstart;

/// <summary>
/// Notes of a day that mention its weekday, month or year. Nothing in the text tells which day it is: only
/// <see cref="Document.Date"/> does.
/// </summary>
internal sealed class DatedNotes(Random random, InventedNames names)
{
    private static readonly DateOnly First = new(1986, 1, 1), Last = new(2029, 12, 31);

    private static readonly string[] Weekday =
    [
        "It is a wet {=weekday} {part} in {town}, and {name} has not yet opened the shutters of the shop.",
        "Dear {name}, since today is {=weekday} the {shop} is closing early, so please come by before the bell.",
        "The ferry to {town} keeps to its {=weekday} timetable today. {name} is waiting at the pier with two bags.",
        "{name} writes from {town}: I am using this quiet {=weekday} to mend the nets and answer my letters.",
        "Today being a {=weekday}, the {shop} in {town} serves soup to everybody who comes in from the rain.",
        "A good {=weekday} to all readers in {town}! This {part} {name} opens the new hall beside the {shop}.",
        "The rehearsal in {town} is held today, {=weekday}, as soon as {name} has found the key to the {shop}.",
        "{name} is ill, and so there is no choir practice this {=weekday} {part}. We hope for better news from {town}.",
        "Today is {=weekday} and the children of {town} are helping {name} to paint the fence of the {shop}.",
    ];

    private static readonly string[] Month =
    [
        "We are in the middle of a mild {=month} here in {town}, and {name} has put the benches outside the {shop}.",
        "This {=month} has brought more visitors to {town} than {name} can remember. The {shop} is full every {part}.",
        "{name} reports from {town}: the {=month} weather today is as usual, a little wind and a few clouds.",
        "The {=month} issue of our paper is out today. It shows {name} in front of the old {shop} of {town}.",
        "It is {=month} now and the {shop} in {town} is being painted. {name} climbs the ladder every {part}.",
        "The council of {town} meets on the last day of this month, {=month}. {name} will speak about the {shop}.",
        "Here in {town} the month of {=month} is always busy, and today {name} did not leave the {shop} before night.",
    ];

    private static readonly string[] Year =
    [
        "Our club in {town} chose {name} as its chair for the year {=year} this {part}. The vote was close.",
        "In this year of {=year} the {shop} of {town} has a new roof at last, paid for by {name} and a few friends.",
        "{name} signed the guest book in {town} this {part}, added the year {=year} and went over to the {shop}.",
        "So far {=year} has been a kind year for {town}. Today {name} planted a tree in front of the {shop}.",
        "The year is {=year} and {town} still has no railway, writes {name} in a letter to the {shop} today.",
        "All prices in this list of the {shop} in {town} are those of {=year}. Please ask {name} before you order.",
    ];

    private static readonly string[] MonthAndDay =
    [
        "Today, on {=monthday}, the mayor of {town} thanked {name} for the many years of work in the {shop}.",
        "Minutes of the meeting held in {town} on {=monthday}. {name} was in the chair and read the report of the "
            + "{shop}.",
        "The diary of {name} has an entry for today, {=monthday}: snow in {town}, and nobody came to the {shop}.",
        "{town}, {=monthday}. This {part} {name} sold the last loaf in the {shop} before the clock struck.",
        "The date on the receipt is that of today, {=monthday}, and it bears the stamp of the {shop} in {town}. {name} "
            + "keeps a copy.",
    ];

    private static readonly string[] Parts = ["morning", "afternoon", "evening"];

    private static readonly string[] Shops =
        ["bakery", "bookshop", "tea room", "smithy", "tailor", "grocer", "boathouse", "chapel", "reading room"];

    public QuickstartText Next(Side side, string id)
    {
        var date = Day(side);
        int kind = random.Next(20);
        string template = random.Of(kind switch { < 7 => Weekday, < 12 => Month, < 16 => Year, _ => MonthAndDay });
        var values = new Dictionary<string, string>
        {
            ["name"] = names.FirstName(side),
            ["town"] = names.Place(side),
            ["part"] = random.Of(Parts),
            ["shop"] = random.Of(Shops),
            ["weekday"] = date.ToString("dddd", CultureInfo.InvariantCulture),
            ["month"] = date.ToString("MMMM", CultureInfo.InvariantCulture),
            ["year"] = date.ToString("yyyy", CultureInfo.InvariantCulture),
            ["monthday"] = date.ToString("MMMM d", CultureInfo.InvariantCulture),
        };
        var (text, prompt, answer) = TextTemplate.Fill(template, values);
        return new(new Document(id, text) { Date = date }, TextKind.Date, prompt, answer);
    }

    /// <summary>A day of this side: no day stands on both.</summary>
    private DateOnly Day(Side side)
    {
        while (true)
        {
            var day = First.AddDays(random.Next(Last.DayNumber - First.DayNumber + 1));
            if (Split.Of(day.ToString("O", CultureInfo.InvariantCulture)) == side)
                return day;
        }
    }
}
