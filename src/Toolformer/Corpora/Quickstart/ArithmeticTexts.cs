using System.Globalization;

namespace Toolformer.Corpora.Quickstart;

/// <summary>Small calculations told in words; the result stands after the numbers from which it follows.</summary>
internal sealed class ArithmeticTexts(Random random, InventedNames names)
{
    private static readonly string[] Items =
    [
        "apples", "bottles", "bricks", "candles", "chairs", "coins", "cups", "envelopes", "eggs", "hats", "jars",
        "keys",
        "lamps", "lemons", "letters", "loaves", "marbles", "melons", "nails", "notebooks", "onions", "parcels",
        "pencils",
        "plates", "plums", "postcards", "pots", "ropes", "roses", "sacks", "shells", "spoons", "stamps", "stones",
        "tickets", "tiles", "towels", "tulips", "turnips", "walnuts",
    ];

    private static readonly string[] Places =
    [
        "bakery", "school", "library", "harbour", "mill", "farm", "museum", "hospital", "inn", "theatre", "workshop",
        "market hall", "post office", "garden", "monastery", "brewery",
    ];

    private static readonly string[] Sum =
    [
        "The {place} bought {a} red {items} and {b} blue ones. Together that makes {=r} {items} for the coming year.",
        "{name} put {a} {items} into the first box and {b} into the second. The two boxes hold {=r} {items} in all.",
        "There were {a} {items} in the cellar of the {place} before the cart came with {b} more. Now there are {=r} "
            + "of them.",
        "{name} had saved {a} {items} and was given another {b} by a neighbour, which brings the number up to {=r} at "
            + "last.",
        "On the first morning {a} visitors came to the {place}, on the second {b}. Over both days it counted {=r} "
            + "visitors.",
        "We walked {a} steps to the {place} and {b} steps home again. The pedometer of {name} showed {=r} steps that "
            + "night.",
        "A pole of {a} centimetres was joined to one of {b} centimetres. The new pole at the {place} measures {=r} "
            + "centimetres.",
        "{name} sold {a} {items} before noon and {b} after it, so the stall sold {=r} {items} on that day.",
        "The older wing of the {place} has {a} windows and the new wing has {b}. The cleaners have to wash {=r} "
            + "windows.",
        "After the storm {name} found {a} broken {items} in the yard and {b} behind the barn, a loss of {=r} {items}.",
    ];

    private static readonly string[] Difference =
    [
        "The {place} owned {a} {items}, but {b} of them were lost in the move. It has {=r} {items} left for the "
            + "winter.",
        "{name} baked {a} rolls for the feast and the guests ate {b} of them. In the basket there remain {=r} rolls.",
        "Of the {a} seats in the {place}, {b} were taken when the bell rang. That left {=r} seats empty.",
        "{name} carried {a} {items} to market and came home with {b}. So the customers had taken {=r} {items}.",
        "The rope was {a} metres long until {name} cut off {b} metres for the boat. What is left is {=r} metres of "
            + "rope.",
        "This year the {place} counted {a} guests, against {b} the year before. That is a rise of {=r} guests.",
        "A sack holds {a} beans. When {b} of them have been planted by {name}, there are {=r} beans still in the sack.",
        "{name} must read {a} pages and has finished {b} of them already. There are still {=r} pages to go.",
        "The tower stands {a} steps high. At step {b} {name} stopped to rest, with {=r} steps yet to climb.",
        "The {place} ordered {a} {items} and only {b} arrived. The driver still owes it {=r} {items}.",
    ];

    private static readonly string[] Product =
    [
        "The {place} keeps {a} crates in its store, with {b} {items} in every crate. Altogether they hold {=r} "
            + "{items}.",
        "{name} laid {a} rows of stones with {b} stones to the row. The finished path has {=r} stones in it.",
        "Each of the {a} workers at the {place} carried {b} {items} up the stairs. The attic now holds {=r} {items}.",
        "A ticket to the {place} costs {a} crowns. For a party of {b} people the price comes to {=r} crowns.",
        "{name} rides {a} kilometres a day. Over {b} days the wheel of the bicycle has covered {=r} kilometres.",
        "One shelf takes {a} books, and the {place} has put up {b} such shelves. There is room for {=r} books.",
        "The hens of {name} lay {a} eggs a week. After {b} weeks the kitchen has received {=r} eggs from them.",
        "Every page of the album shows {a} stamps and there are {b} full pages. The album of {name} contains {=r} "
            + "stamps.",
        "A crew of {b} rowers made {a} strokes each before they reached the {place}. As a crew they made {=r} strokes.",
    ];

    private static readonly string[] Quotient =
    [
        "The {place} shared {a} {items} evenly among {b} families. Every family went home with {=r} {items}.",
        "{name} packed {a} {items} into {b} baskets, the same number in each. One basket holds {=r} {items}.",
        "A journey of {a} kilometres took {name} {b} days. On an average day that meant {=r} kilometres.",
        "There are {a} pupils at the school and {b} classrooms, all equally full. In one classroom sit {=r} pupils.",
        "The bill came to {a} crowns for the {b} friends who dined at the inn. Each of them paid {=r} crowns.",
        "{name} planted {a} {items} in {b} equal rows behind the {place}. That gave {=r} {items} to a row.",
        "The {place} needs {a} litres of oil for {b} weeks. Its lamps burn {=r} litres in a single week.",
        "With {a} {items} to deliver in {b} trips, the cart of {name} was loaded with {=r} {items} each time.",
    ];

    private static readonly (string Template, char First, char Second)[] ThreeNumbers =
    [
        ("{name} picked {a} {items} at dawn, {b} at noon and {c} at dusk. The three rounds gave {=r} {items}.",
            '+', '+'),
        ("The {place} lent out {a} books in spring, {b} in summer and {c} in autumn. Up to the first snow it lent {=r} "
            + "books.", '+', '+'),
        ("{name} had {a} {items}, found {b} more and gave {c} to the {place}. After that {name} owned {=r} {items}.",
            '+', '-'),
        ("The {place} filled {a} trays with {b} {items} each and sold {c} {items} at once. Behind the counter are {=r} "
            + "{items}.", '*', '-'),
        ("{name} tied {a} bundles of {b} {items} and had {c} loose ones over. In the shed lie {=r} {items}.", '*', '+'),
    ];

    public QuickstartText Next(Side side, string id)
    {
        var (template, numbers, expression, result) = Draw(side);
        var values = new Dictionary<string, string>
        {
            ["name"] = template.Contains("{name}") ? names.FirstName(side) : "",
            ["items"] = random.Of(Items),
            ["place"] = random.Of(Places),
            ["a"] = Number(numbers[0]),
            ["b"] = Number(numbers[1]),
            ["c"] = numbers.Count > 2 ? Number(numbers[2]) : "",
            ["r"] = result,
        };
        var (text, prompt, answer) = TextTemplate.Fill(template, values);
        return new(new Document(id, text), TextKind.Arithmetic, prompt, answer) { Expression = expression };
    }

    private (string Template, IReadOnlyList<int> Numbers, string Expression, string Result) Draw(Side side)
    {
        // Of the numbers of one text no two may stand together on the other side either, the result included:
        // 58 + 37 = 95 in training tells too much about 95 - 37.
        while (true)
        {
            int kind = random.Next(100);
            if (kind < 12)
            {
                var (template, first, second) = random.Of(ThreeNumbers);
                bool product = first == '*';
                int a = random.Next(11, product ? 60 : 300), b = random.Next(3, product ? 30 : 200);
                int between = product ? a * b : a + b, c = random.Next(4, Math.Min(between, 200));
                int result = second == '+' ? between + c : between - c;
                if (IsClear(side, a, b, c, result))
                    return (template, [a, b, c], $"{a} {first} {b} {second} {c}", Number(result));
                continue;
            }
            var drawn = (kind % 4) switch
            {
                0 => Pair(Sum, '+', random.Next(12, 490), random.Next(12, 490)),
                1 => Pair(Difference, '-', random.Next(60, 960), random.Next(11, 480)),
                2 => Pair(Product, '*', random.Next(11, 99), random.Next(3, 40)),
                _ => Division(),
            };
            if (IsClear(side, drawn.A, drawn.B, drawn.Rounded))
                return (drawn.Template, [drawn.A, drawn.B], drawn.Expression, drawn.Result);
        }
    }

    private (string Template, int A, int B, int Rounded, string Expression, string Result) Pair(
        string[] templates, char sign, int a, int b)
    {
        int result = sign switch { '+' => a + b, '-' => a - b, _ => a * b };
        return (random.Of(templates), a, b, result, $"{a} {sign} {b}", Number(result));
    }

    private (string Template, int A, int B, int Rounded, string Expression, string Result) Division()
    {
        if (random.Next(8) > 0)
        {
            int divisor = random.Next(3, 40), quotient = random.Next(4, 97);
            return (random.Of(Quotient), divisor * quotient, divisor, quotient, $"{divisor * quotient} / {divisor}",
                Number(quotient));
        }
        // Only amounts that can be parted: kilometres, crowns, litres. 1000 · a / b ending in 5 would be a tie.
        int a = random.Next(60, 990), b = random.Next(3, 30);
        string template = random.Of<string>([Quotient[2], Quotient[4], Quotient[6]]);
        if (a % b == 0 || (1000L * a) % b == 0 && 1000L * a / b % 10 == 5)
            return (template, a, b, 0, "", "");
        decimal quotient2 = Math.Round((decimal)a / b, 2);
        return (template, a, b, (int)quotient2, $"{a} / {b}", quotient2.ToString("0.00", CultureInfo.InvariantCulture));
    }

    /// <summary>Distinct positive numbers, every two of which stand on this side.</summary>
    private static bool IsClear(Side side, params int[] numbers) =>
        numbers.All(n => n > 1) && numbers.Distinct().Count() == numbers.Length && Split.AllOn(side, numbers);

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
