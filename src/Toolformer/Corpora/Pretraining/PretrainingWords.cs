namespace Toolformer.Corpora.Pretraining;

/// <summary>Everyday English words for generated text: nouns, verbs, qualities, places and people.</summary>
internal static partial class PretrainingWords
{
    private static string[] List(string words) =>
        words.Split(default(char[]), StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Things that are counted, bought, given away and lost; singular.</summary>
    public static readonly string[] Things = List("""
        apple pear plum cherry lemon orange banana peach melon grape mango fig date nut walnut almond berry strawberry
        potato tomato onion carrot pepper pumpkin cabbage turnip radish bean pea mushroom olive egg loaf roll bun cake
        cookie biscuit muffin pie pancake waffle sandwich sausage burger pizza taco noodle cracker candy lollipop sweet
        chocolate caramel jam jar bottle can tin box bag sack basket bucket barrel crate carton packet parcel envelope
        letter postcard stamp coin ticket token badge button ribbon bead ring necklace bracelet brooch pin needle thread
        ball balloon kite doll puppet puzzle top marble card game toy bear robot rocket drum flute horn bell whistle
        guitar violin piano record poster painting photo picture frame mirror clock watch lamp candle lantern torch bulb
        battery cable plug switch screen phone camera radio speaker printer laptop tablet keyboard mouse chair stool
        bench table desk shelf cupboard drawer bed pillow blanket sheet towel curtain carpet mat rug cushion broom mop
        brush comb sponge soap cup mug glass plate bowl spoon fork knife pan pot kettle tray lid napkin hat cap scarf
        glove mitten sock shoe boot sandal slipper shirt blouse dress skirt coat jacket sweater vest belt tie apron
        umbrella purse wallet backpack suitcase book notebook magazine newspaper comic map diary pencil pen crayon
        marker eraser ruler folder sticker stone pebble shell leaf acorn feather flower rose tulip daisy lily sunflower
        seed bulb bush tree branch log plank board brick tile nail screw bolt hammer saw drill wrench ladder rope chain
        hook net rod bait tent bicycle scooter wagon cart truck bus van car train boat ship ferry canoe raft plane
        helicopter tractor wheel tyre engine pipe hose pump tank fan heater stove oven fridge freezer toaster blender
        cow goat sheep lamb pig horse pony donkey hen duck goose turkey rabbit hamster cat dog kitten puppy parrot
        canary fish turtle frog lizard snake bee ant beetle butterfly spider snail squirrel fox deer owl eagle sparrow
        swan gull crab lobster shrimp oyster whale seal penguin camel elephant lion tiger monkey page chapter poem song
        story lesson question medal trophy prize flag sign fence gate door window room house hut tower bridge garden
        """);

    /// <summary>What comes in amounts: "{n} litres of {stuff}".</summary>
    public static readonly string[] Stuffs = List("""
        milk water juice tea coffee soup oil vinegar honey syrup sauce cream butter cheese yoghurt flour sugar salt rice
        wheat corn barley oats hay straw sand gravel clay cement paint glue ink wool cotton silk leather timber coal
        petrol diesel wax soap salmon beef pork ham bacon chicken bread dough pasta popcorn spice cocoa ice snow compost
        """);

    /// <summary>People by their work; singular.</summary>
    public static readonly string[] Jobs = List("""
        baker butcher farmer gardener fisherman teacher doctor nurse dentist plumber carpenter painter driver pilot
        sailor
        captain soldier officer judge lawyer banker clerk cashier waiter cook chef tailor weaver potter smith miner
        mason
        roofer electrician mechanic engineer builder architect designer writer poet singer dancer actor musician drummer
        photographer librarian scientist chemist biologist astronomer historian student pupil coach referee swimmer
        runner
        cyclist climber guide ranger shepherd beekeeper florist jeweller barber hairdresser postman courier porter guard
        mayor minister senator governor ambassador editor journalist printer publisher merchant trader grocer brewer
        miller shopkeeper innkeeper gatekeeper caretaker janitor cleaner secretary manager director owner tenant
        neighbour
        """);

    /// <summary>Ordinary places in a town.</summary>
    public static readonly string[] Spots = List("""
        market park school library museum theatre cinema station harbour airport hospital church castle palace tower
        bridge square garden zoo farm barn mill bakery butchery pharmacy bank office factory workshop warehouse garage
        stadium gym pool beach lake river forest hill valley island village camp hotel inn restaurant cafe kitchen
        cellar
        attic playground classroom gallery shop store supermarket fair festival orchard vineyard quarry mine lighthouse
        """);

    /// <summary>Qualities of things.</summary>
    public static readonly string[] Qualities = List("""
        red blue green yellow white black brown grey purple pink orange golden silver bright dark pale big small large
        little tiny huge long short tall wide narrow thick thin heavy light old new young ancient modern clean dirty wet
        dry hot cold warm cool soft hard smooth rough sharp round square flat empty full broken fresh ripe sweet sour
        bitter salty plain fancy cheap expensive rare common strange simple useful lovely ugly quiet loud fast slow
        strong
        weak wooden iron copper glass paper plastic leather woollen striped spotted painted carved folded polished rusty
        """);

    /// <summary>Moods and manners of people.</summary>
    public static readonly string[] Moods = List("""
        happy sad tired hungry thirsty proud angry calm busy lazy brave shy kind clever curious careful careless patient
        cheerful gloomy nervous excited bored lonely grateful polite rude honest generous greedy stubborn sleepy worried
        surprised pleased hopeful jealous confident confused serious funny gentle friendly eager anxious relieved
        """);

    /// <summary>Verbs as (base, past) pairs that take a thing: "carry carried".</summary>
    public static readonly (string Base, string Past)[] Doings = Pairs("""
        carry carried clean cleaned paint painted repair repaired sell sold buy bought find found lose lost wash washed
        count counted collect collected bring brought move moved borrow borrowed lend lent hide hid open opened close
        closed build built break broke draw drew check checked choose chose drop dropped pick picked keep kept send sent
        pack packed order ordered return returned store stored share shared weigh weighed measure measured make made
        admire admired inspect inspected polish polished deliver delivered label labelled examine examined show showed
        """);

    private static (string, string)[] Pairs(string words) =>
        List(words).Chunk(2).Select(pair => (pair[0], pair[1])).ToArray();

    public static readonly string[] Days =
        List("Monday Tuesday Wednesday Thursday Friday Saturday Sunday");

    public static readonly string[] Months =
        List("January February March April May June July August September October November December");

    public static readonly string[] Colours = List("""
        red blue green yellow white black brown grey purple pink orange gold silver violet crimson scarlet turquoise
        ivory amber copper bronze lilac maroon olive navy teal beige cream
        """);

    public static readonly string[] Materials =
        List("wood stone iron copper brass glass clay marble granite oak pine cedar bronze tin slate silver bone felt");

    public static readonly string[] Sciences = List("""
        chemistry physics biology geology astronomy botany history grammar geometry algebra medicine law music painting
        economics philosophy zoology geography poetry logic archaeology engineering navigation farming cooking weaving
        """);

    /// <summary>Natural things for descriptive sentences.</summary>
    public static readonly string[] Nature = List("""
        river lake sea ocean bay coast cliff mountain hill valley plain desert forest wood meadow field marsh island
        cave
        glacier volcano waterfall stream pond spring storm wind rain snow hail fog frost thunder rainbow sunrise sunset
        moon star comet planet cloud tide wave shore harbour canyon ridge peak gorge delta lagoon reef dune prairie
        """);

    public static readonly string[] Relatives = List("""
        mother father sister brother aunt uncle cousin grandmother grandfather daughter son niece nephew wife husband
        friend neighbour teacher classmate colleague roommate partner boss
        """);

    /// <summary>Rarer nouns, for phrases that can't be guessed.</summary>
    public static readonly string[] Ideas = List("""
        peace war freedom justice courage wisdom patience honour memory hope faith fear anger joy sorrow luck fortune
        harvest trade hunger winter summer autumn night dawn silence thunder youth age health wealth poverty duty law
        order friendship loyalty labour victory defeat exile return voyage promise mercy pride beauty truth glory
        knowledge sacrifice blood soil fire water sky rain sun moon iron salt bread wine grain timber wool fishing
        sailing hunting farming mining weaving mourning dancing learning healing building forgiveness independence
        """);

    /// <summary>Opposites: each pair both ways.</summary>
    public static readonly (string Base, string Past)[] Opposites = Pairs("""
        hot cold big small old young new old early late fast slow high low long short wide narrow thick thin heavy light
        hard soft wet dry full empty rich poor strong weak happy sad loud quiet bright dark clean dirty sweet sour deep
        shallow rough smooth sharp blunt near far open closed true false right wrong first last up down left right
        inside
        outside begin end buy sell give take win lose push pull arrive depart laugh cry remember forget love hate
        friend enemy day night summer winter north south east west king queen brother sister husband wife question
        answer
        import export increase decrease ancient modern public private guilty innocent brave cowardly generous greedy
        """);

    /// <summary>Irregular plurals.</summary>
    public static readonly (string Base, string Past)[] Irregular = Pairs("""
        goose geese mouse mice foot feet tooth teeth child children man men woman women ox oxen leaf leaves knife knives
        wife wives loaf loaves shelf shelves wolf wolves half halves thief thieves calf calves sheep sheep fish fish
        deer deer potato potatoes tomato tomatoes hero heroes person people fisherman fishermen postman postmen shrimp
        shrimp life lives self selves scarf scarves echo echoes torpedo torpedoes mosquito mosquitoes hoof hooves
        salmon salmon
        """);

    private static readonly Dictionary<string, string> IrregularPlurals =
        Irregular.ToDictionary(pair => pair.Base, pair => pair.Past);

    /// <summary>"box" → "boxes", "cherry" → "cherries", "goose" → "geese".</summary>
    public static string Plural(string noun)
    {
        if (IrregularPlurals.TryGetValue(noun, out var irregular)) return irregular;
        if (noun.EndsWith('y') && !"aeiou".Contains(noun[^2])) return noun[..^1] + "ies";
        return noun.EndsWith('s') || noun.EndsWith('x') || noun.EndsWith('z')
            || noun.EndsWith("ch", StringComparison.Ordinal)
            || noun.EndsWith("sh", StringComparison.Ordinal) ? noun + "es" : noun + "s";
    }

    /// <summary>"a lamp", "an egg"; words that begin with a sounded u or y are not in the lists.</summary>
    public static string WithArticle(string phrase) =>
        phrase.Length > 0 && "aeiouAEIOU".Contains(phrase[0])
            && !phrase.StartsWith("use", StringComparison.Ordinal)
                && !phrase.StartsWith("one", StringComparison.Ordinal)
                ? "an " + phrase : "a " + phrase;
}
