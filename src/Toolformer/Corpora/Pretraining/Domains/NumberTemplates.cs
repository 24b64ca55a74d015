namespace Toolformer.Corpora.Pretraining.Domains;

/// <summary>Sentences in which one number follows from two others; <c>{r}</c> is the marked result.</summary>
internal static class NumberTemplates
{
    /// <param name="Kind">+ - * / as usual, m mean, &gt; larger, &lt; smaller, % a percent of b.</param>
    /// <param name="Plain">Templates for whole numbers of any size.</param>
    /// <param name="Other">Templates for one style (index of NumberDomain.Style: 1 grouped, 2 money, 3 decimals, 4
    /// years, 5 small).</param>
    public sealed record Operation(
        char Kind, string Purpose, string[] Questions, string[] Plain, (int Style, string Text)[] Other)
    {
        public (string Template, int Style) Pick(Random random)
        {
            if (Other.Length > 0 && random.Chance(0.35))
            {
                var (style, text) = random.Of(Other);
                return (text, style);
            }
            return (random.Of(Plain), 0);
        }
    }

    private static readonly Operation Sum = new('+', "adds two numbers",
        ["How many are {a} and {b} together?", "What do {a} and {b} make?", "What is the total of {a} and {b}?",
            "{a} and {b}, how many in all?"],
        [
            "The mill ground {a} sacks on {day} and {b} on {day2}, which makes <{r}> in all.",
            "{first} has {a} {s thing} and {first2} has {b}. Together they have <{r}> {s thing}.",
            "There were {a} {s job} and {b} {s job2} in the hall, so <{r}> people heard the speech.",
            "The {job} sold {a} {s thing} in the morning and {b} in the afternoon, a total of <{r}>.",
            "After finding {b} more {s thing}, {first}, who had {a}, owned <{r}>.",
            "{a} {quality} {s thing} and {b} {quality2} ones stood there, <{r}> {s thing} altogether.",
            "{^day} brought {a} guests, {day2} brought {b}: <{r}> guests in two days.",
            "The first box holds {a} {s thing}, the second {b}. That is <{r}> {s thing}.",
            "{first} read {a} pages before lunch and {b} after it. By night it was <{r}> pages.",
            "If you put {a} {s thing} next to {b} others you get <{r}>.",
            "We walked {a} miles to {place} and then {b} miles to {place2}, <{r}> miles in total.",
            "The {spot} had {a} {s thing}. Then {a job} brought {b}. Now there are <{r}> {s thing} there.",
            "How many {s thing} are there? {a} here and {b} there, so <{r}>.",
            "With {a} votes from {place} and {b} from {place2}, {person} won <{r}> votes.",
            "The team scored {a} points at first and {b} later, and ended with <{r}> points.",
            "{she} picked {a} {s thing} and her {relative} gave her {b}. She has <{r}> {s thing} now.",
            "{he} planted {a} trees this year and {b} last year. The answer is <{r}> trees.",
            "The herd counts {a} cows and {b} calves, or <{r}> animals.",
            "Class A has {a} pupils, class B has {b}, both have <{r}>.",
            "{a} and {b} make <{r}>.", "The sum of {a} and {b} is <{r}>.",
        ],
        [
            (5, "{first} is {a} years old. In {b} years {first} will be <{r}> years old."),
            (5, "{first} was {a} when they met. That was {b} years ago, so {first} is <{r}> now."),
            (1, "{place} has {a} people and {place2} has {b}, so both have <{r}> people."),
            (1, "The harvest rose from {a} tons by {b} tons to <{r}> tons."),
            (1, "The museum saw {a} visitors in {month} and {b} in {month2}, <{r}> in both months."),
            (2, "The {thing} costs ${a} and the {thing2} ${b}. Together they cost $<{r}>."),
            (2, "{first} paid ${a} for {stuff} and ${b} for {stuff2}, which came to $<{r}>."),
            (2, "With ${b} for the delivery the bill of ${a} became $<{r}>."),
            (3, "One {thing} weighs {a} pounds, the other {b}; on the scale they show <{r}> pounds."),
            (3, "It rained {a} inches in {month} and {b} inches in {month2}, or <{r}> inches."),
            (4, "{person} was born in {a} and died {b} years later, in <{r}>."),
            (4, "The {spot} of {place} was begun in {a}. It took {b} years and was finished in <{r}>."),
            (4, "Founded in {a}, the club celebrated its {b} years in <{r}>."),
        ]);

    private static readonly Operation Difference = new('-', "takes one number from another",
        ["How many are left of {a} without {b}?", "How much more is {a} than {b}?", "What remains of {a} after {b}?",
            "How far apart are {a} and {b}?"],
        [
            "{first} had {a} {s thing} and gave {b} to {first2}. There are <{r}> left.",
            "Of the {a} {s thing} in the {spot}, {b} were broken, so only <{r}> could be used.",
            "The {job} baked {a} rolls. By noon {b} were sold and <{r}> remained.",
            "{a} {s job} came and {b} went home early, which left <{r}> of them.",
            "{place} has {a} bridges, {place2} only {b}. That is <{r}> fewer.",
            "The book has {a} pages. {first} has read {b}, so <{r}> pages are still to go.",
            "Out of {a} seats {b} are taken and <{r}> are free.",
            "{he} needs {a} {s thing} but has {b}. He must find <{r}> more.",
            "The tower is {a} feet high, the church {b}: a difference of <{r}> feet.",
            "There were {a} birds on the fence. When {b} flew away, <{r}> birds stayed.",
            "She lost {b} of her {a} {s thing} and kept <{r}>.",
            "{first} scored {a} points, {first2} {b}. {first} won by <{r}> points.",
            "The train had {a} passengers until {b} got off at {place}. Then it had <{r}>.",
            "Take {b} from {a} and you get <{r}>.", "The difference between {a} and {b} is <{r}>.",
            "From {a} {s thing} the {job} removed {b}; <{r}> {s thing} were left in the {spot}.",
            "How many {s thing} does {she} have left? She ate {b} of {a}. The answer is <{r}>.",
            "The store opened with {a} {s thing} on {day}. It sold {b}, so it closed with <{r}>.",
        ],
        [
            (5, "{he} is {a} years old and his {relative} is {b}, <{r}> years younger."),
            (5, "Lunch is in {a} minutes. After {b} minutes of waiting there are <{r}> minutes to go."),
            (1, "{place} lost {b} of its {a} inhabitants in the war and kept <{r}>."),
            (1, "The company owed ${a}, paid ${b} and still owes $<{r}>."),
            (1, "The first count was {a}, the second {b}, which is <{r}> less."),
            (2, "{first} had ${a}. The {thing} cost ${b}, so $<{r}> was left."),
            (2, "The price fell by ${b} from ${a} to $<{r}>."),
            (3, "The rope was {a} yards long. After {b} yards were cut off it measured <{r}> yards."),
            (3, "{a} tons came in and {b} tons went out; <{r}> tons are in store."),
            (4, "The war began in {b} and ended in {a}, after <{r}> years."),
            (4, "{person} led the guild from {b} to {a}, for <{r}> years."),
            (4, "It was built in {b} and burned in {a}. It had stood for <{r}> years."),
        ]);

    private static readonly Operation Product = new('*', "multiplies two numbers",
        ["How many are {a} groups of {b}?", "What is {a} times {b}?", "{b} in each of {a}, how many is that?"],
        [
            "There are {a} boxes with {b} {s thing} each, so <{r}> {s thing} in all.",
                        "Each of the {a} {s job} carried {b} {s thing}, which makes <{r}>.",
            "The garden has {a} rows of {b} trees, or <{r}> trees.",
            "{a} weeks with {b} lessons a week are <{r}> lessons.",
            "Every shelf holds {b} books and there are {a} shelves. The room has <{r}> books.",
            "A bus takes {b} people. {a} buses take <{r}>.",
            "{first} sold {a} bags of {b} {s thing}: <{r}> {s thing}.",
            "If one {thing} weighs {a} grams then {b} of them weigh <{r}> grams.",
            "The floor is {a} feet by {b} feet, an area of <{r}> square feet.",
            "{a} times {b} is <{r}>.", "The product of {a} and {b} is <{r}>.",
            "She runs {a} laps every day. After {b} days she has run <{r}> laps.",
            "{a} teams of {b} players came to {place}. The answer is <{r}> players.",
        ],
        [
            (5, "{first} works {a} hours a week. In {b} weeks that is <{r}> hours."),
            (2, "The {thing} costs ${a}. For {b} of them {first} paid $<{r}>."),
            (2, "At ${a} an hour, {b} hours bring $<{r}>."),
            (1, "{b} ships with {a} barrels each brought <{r}> barrels."),
        ]);

    private static readonly Operation Quotient = new('/', "divides one number by another",
        ["How many times does {b} go into {a}?", "What is {a} shared among {b}?", "How many per head are {a} for {b}?"],
        [
            "{first} shared {a} {s thing} among {b} friends. Each got <{r}>.",
            "{a} {s thing} in {b} equal boxes are <{r}> a box.",
            "The {a} pages were read in {b} days, about <{r}> pages a day.",
            "They drove {a} miles in {b} hours, which is <{r}> miles an hour.",
            "The {job} cut {a} inches of cloth into {b} pieces of <{r}> inches.",
            "{a} pupils sit at {b} tables, <{r}> to a table.",
            "In {b} matches the team scored {a} goals, an average of <{r}> per match.",
            "{a} divided by {b} is <{r}>.", "{a} shared by {b} gives <{r}>.",
            "With {a} beds in {b} rooms, the hotel has <{r}> beds in every room.",
            "A pack of {b} {s thing} is needed per person, so {a} are enough for <{r}> people.",
        ],
        [
            (2, "The bill of ${a} was split by {b} people, who paid $<{r}> each."),
            (2, "{b} {s thing} cost ${a}, so one costs $<{r}>."),
            (1, "{place} spent ${a} in {b} months, or $<{r}> a month."),
        ]);

    /// <summary>The four in the order of the symbol sets.</summary>
    public static readonly Operation[] Basic = [Sum, Difference, Product, Quotient];

    public static readonly Operation[] Operations =
    [
        Sum, Sum, Difference, Difference, Product, Quotient,
        new('m', "gives the mean of two numbers",
            ["What lies halfway between {a} and {b}?", "What is the mean of {a} and {b}?"],
            [
                "{first} scored {a} and {b} in two tests, <{r}> on average.",
                "The two {s thing} weigh {a} and {b} pounds, a mean of <{r}> pounds.",
                "Halfway between {a} and {b} lies <{r}>.",
                "It was {a} degrees in {place} and {b} in {place2}; the mean is <{r}> degrees.",
            ],
            [(2, "Prices of ${a} and ${b} give a mean price of $<{r}>."),
                (3, "Lengths of {a} and {b} have a mean of <{r}>.")]),
        new('>', "picks the larger of two numbers",
            ["Which is larger, {a} or {b}?", "What is the most of {a} and {b}?"],
            [
                "{first} offered {a} coins, {first2} {b}. The higher offer was <{r}>.",
                "Of {a} and {b} the larger is <{r}>.",
                "{place} counted {a} {s thing} and {place2} {b}, so the record is <{r}>.",
                "One tower has {a} steps and the other {b}. The taller one has <{r}> steps.",
            ],
            [(1, "The two estimates were {a} and {b}. The larger was <{r}>."),
                (2, "Between ${a} and ${b} the dearer is $<{r}>.")]),
        new('<', "picks the smaller of two numbers",
            ["Which is smaller, {a} or {b}?", "What is the least of {a} and {b}?"],
            [
                "One road is {a} miles and the other {b}. The shorter one is <{r}> miles.",
                "Of {a} and {b} the smaller is <{r}>.",
                "{first} needed {a} minutes, {first2} {b}. The winner needed <{r}>.",
            ],
            [(2, "The {thing} costs ${a} here and ${b} there. The better price is $<{r}>."),
                (3, "Times of {a} and {b} seconds: the best is <{r}>.")]),
        new('%', "takes a percentage of a number", ["How much is {a} percent of {b}?", "What are {a} percent of {b}?"],
            [
                "Of the {b} voters {a} percent stayed at home, that is <{r}>.",
                "{a} percent of {b} is <{r}>.",
                "The {job} lost {a}% of {b} {s thing}, or <{r}>.",
                "{place} has {b} houses and {a}% of them, <{r}>, are made of {material}.",
            ],
            []),
    ];
}
