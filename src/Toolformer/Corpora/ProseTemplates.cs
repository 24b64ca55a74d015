namespace Toolformer.Corpora;

/// <summary>Sentences of <see cref="NumberProse"/>.</summary>
internal static class ProseTemplates
{
    public static readonly string[] Openers =
    [
        "It was {day}.", "School was over.", "{^month} was cold that year.", "The {spot} was full.", "Summer had begun.",
        "The {job} was {mood}.", "There was a sale at the {spot}.", "{first} likes {s thing}.", "The class went to the {spot}.",
        "It rained all day.", "The holidays began on {day}.", "{first} and {first2} work in the {spot}.",
    ];

    /// <summary>Problems by the kind of sum (see NumberProse.Numbers); the numbers are {a}, {b}, {c}.</summary>
    public static readonly (char Kind, string Text)[] Problems =
    [
        ('+', "{she} has {a} {s thing}. Her {relative} gives her {b} more. How many {s thing} does {she} have?"),
        ('+', "There are {a} {s thing} in the {spot} and {b} in the {spot2}. How many {s thing} are there in total?"),
        ('+', "{he} collected {a} {s thing} on {day} and {b} on {day2}. How many did he collect in all?"),
        ('+', "The {job} used {a} pounds of {stuff} and {b} pounds of {stuff2}. How many pounds is that altogether?"),
        ('+', "{a} boys and {b} girls are in the {spot}. How many children are there?"),
        ('+', "{he} spent ${a} on {a thing} and ${b} on {a thing2}. How much money did he spend?"),
        ('+', "After selling {a} {s thing}, the {job} still has {b}. How many {s thing} were there at first?"),
        ('+', "{first} is {b} years older than {first2}, who is {a}. How old is {first}?"),
        ('+', "{she} drove {a} miles before noon and {b} miles after it. How far did she drive?"),
        ('+', "Some {s thing} were in the drawer. {he} took {a} out and {b} were left. How many were there to start with?"),
        ('+', "{^a job} served {a} people at lunch and {b} at dinner. How many people were served that day?"),
        ('+', "This week {she} swam {a} laps. Last week she swam {b}. What is the total?"),
        ('-', "{she} had {a} {s thing}. She gave {b} to {first2}. How many {s thing} does she have left?"),
        ('-', "There were {a} {s thing} on the shelf. {he} took {b} of them. How many are on the shelf now?"),
        ('-', "{first} has {a} {s thing} and {first2} has {b}. How many more does {first} have?"),
        ('-', "{he} needs ${a} for {a quality} {thing}. He has saved ${b}. How much more money does he need?"),
        ('-', "A rope is {a} feet long. The {job} cuts off {b} feet. How long is the rest?"),
        ('-', "Of {a} {s thing}, {b} are {colour} and the others are {colour2}. How many are {colour2}?"),
        ('-', "{she} picked {b} {s thing}. Together with her {relative} she has {a}. How many did her {relative} pick?"),
        ('-', "The {spot} sold {a} tickets this year and {b} last year. How many more were sold this year?"),
        ('-', "{a} birds sat in a tree and {b} flew away. How many birds stayed?"),
        ('-', "{he} read {b} of the {a} pages of a book. How many pages must he still read?"),
        ('-', "Before the storm there were {a} trees. Now {b} are standing. How many trees fell?"),
        ('-', "{first} weighs {a} pounds and {first2} weighs {b} pounds. What is the difference?"),
        ('-', "{she} made {a} cakes and sold {b}. How many cakes would she still have?"),
        ('*', "There are {b} boxes. Each box has {a} {s thing}. How many {s thing} are there in all?"),
        ('*', "{she} bought {b} packs of {s thing} with {a} in each pack. How many did she buy?"),
        ('*', "One {thing} costs ${a}. How much do {b} {s thing} cost?"),
        ('*', "{he} earns ${a} an hour. How much does he earn in {b} hours?"),
        ('*', "{first} walks {a} miles each day. How many miles is that in {b} days?"),
        ('*', "The {spot} has {b} rows with {a} seats in each row. How many seats does it have?"),
        ('*', "Every {job} carries {a} {s thing}. How many can {b} {job}s carry?"),
        ('*', "{first} has {a} {s thing}. {first2} has {b} times as many. How many {s thing} does {first2} have?"),
        ('/', "{she} shares {a} {s thing} equally among {b} friends. How many does each friend get?"),
        ('/', "{a} {s thing} are put into bags of {b}. How many bags are needed?"),
        ('/', "{b} {s thing} cost ${a}. How much does one {thing} cost?"),
        ('/', "{he} drove {a} miles in {b} hours. How many miles did he drive per hour?"),
        ('/', "The {job} plants {a} trees in {b} rows. How many trees are in each row?"),
        ('/', "A {thing} has {a} parts in {b} equal groups. How large is a group?"),
        ('/', "{first} earned ${a} in {b} days. How much is that per day?"),
        ('t', "{she} has {a} {colour} {s thing}, {b} {colour2} ones and {c} {colour3} ones. How many {s thing} does she have?"),
        ('t', "On {day} {a} people came, on {day2} {b}, and on {day3} {c}. How many came in all?"),
        ('t', "A {thing} costs ${a}, a {thing2} ${b} and a {thing3} ${c}. What do they cost together?"),
        ('l', "{he} had ${a}. He spent ${b} on {stuff} and ${c} on {a thing}. How much money is left?"),
        ('l', "The {job} had {a} {s thing}, sold {b} in the morning and {c} in the afternoon. How many were not sold?"),
        ('l', "There were {a} people on the bus. {b} got off at the {spot} and {c} at the {spot2}. How many stayed on?"),
        ('x', "{she} bought {b} boxes with {a} {s thing} each and found {c} more. How many {s thing} does she have now?"),
        ('x', "{he} works {b} days for ${a} a day and gets ${c} extra. How much does he get?"),
        ('y', "In each of {c} rooms there are {a} chairs and {b} stools. How many seats are there?"),
        ('y', "{first} does {a} sums in the morning and {b} at night. How many sums is that in {c} days?"),
        ('z', "{she} had ${a} and bought {b} {s thing} for ${c} each. How much is left?"),
        ('z', "Of {a} {s thing} the {job} filled {b} boxes with {c} each. How many {s thing} remained?"),
    ];

    /// <summary>Sentences of one story: the slots keep their words from sentence to sentence.</summary>
    public static readonly string[] Story =
    [
        "{she} lived with her {relative} near the {spot}.", "One {day} she found {a quality} {thing} in the {spot}.",
        "{she} was {mood} when she saw it.", "Her {relative} said, \"That {thing} is very {quality}.\"",
        "\"Where did you get the {thing}?\" asked {he}.", "{he} wanted to buy the {thing} for {some} dollars.",
        "But {she} did not want to sell it.", "They went to the {spot} together.", "On the way they met {a mood2} {job}.",
        "The {job} had lost {few} {s thing2}.", "\"Please help me,\" said the {job}.", "So {she} and {he} looked everywhere.",
        "They looked under the {thing3} and behind the {thing4}.", "After {few2} hours they found them in the {spot2}.",
        "The {job} thanked them and gave them {stuff}.", "At {clock} they went home.", "It was already dark, but {she} was not afraid.",
        "That night {he} could not sleep.", "The next morning the {thing} was gone.", "{she} looked at {he} and laughed.",
        "\"I gave it to my {relative2},\" said {he}.", "In the end everyone was {mood3}.", "She washed her hands and ate {stuff2}.",
        "{he} put on his {colour} hat and opened the door.", "The phone rang {few3} times.", "{she} sent a message to {first}.",
        "{first} answered at once.", "The car would not start, so they took the bus.", "They watched a film about {a nature}.",
        "{he} likes {science}, but {she} likes {science2}.", "At school the teacher asked about the {nature}.",
        "Nobody knew the answer except {she}.", "{he} scored {few4} goals on {day2}.", "Then they ate pizza and drank {stuff3}.",
        "The computer was broken, and {he} repaired it.", "{she} took a photo of the {thing}.", "It cost {some2} dollars.",
        "\"You are right,\" {she} said.", "\"I am sorry,\" said {he}.", "They promised to meet again in {month}.",
        "{he} is {some3} years old and works as {a job2}.", "{she} wants to become {a job3}.", "The baby slept in the {colour2} bed.",
        "The doctor told {he} to drink more water.", "They counted {few5} stars above the {spot}.", "The cat sat on the {thing3}.",
    ];

    /// <summary>Reports with dates and places; each stands alone.</summary>
    public static readonly string[] Dated =
    [
        "On {date}, {year}, {person} arrived in {place}.", "{person} was born on {date}, {year}, in {place}.",
        "The {spot} of {place} was opened in {year}.", "In {month} {year} the {job}s of {place} went on strike.",
        "{place} lies {some} miles north of {place2}.", "From {year} on, {person} taught {science} in {place}.",
        "The {day} market in {place} begins at {clock}.", "{place} has about {many} inhabitants.", "The {nature} near {place} is {many} feet high.",
        "The concert takes place on {day}, {date}, at {clock} in the {spot}.", "{person} and {person2} married in {month} {year}.",
        "The train from {place} to {place2} leaves every day at {clock}.", "The shop is closed on {day} and {day2}.",
        "The film was shown in {few} cinemas in {month}.", "In {year} {place} won the cup for the first time.",
        "The company moved from {place} to {place2} in {year} and hired {many} workers.", "{person} died at the age of {some}.",
        "The museum is open from {month} to {month2}.", "On {day} it will be {some} degrees in {place} and {some2} in {place2}.",
        "The king visited {place} on {date} and stayed for {few} days.", "Over {many} people live on the island of {place}.",
        "Today the {spot} is used as {a spot2}.", "The word comes from the name of {person}, {a job} from {place}.",
        "{person} has written {few} books on {science}.", "The president spoke in {place} on {date}, {year}.",
        "Last {day} the {job}s met in {place}.", "The {material} bridge was built by {person} in {year}.",
        "Next year the games will be held in {place}.", "The population of {place} grew by {few} percent.",
        "The first school in {place} had {few} teachers and {some} pupils.", "She left {place} for {place2} in the spring of {year}.",
    ];
}
