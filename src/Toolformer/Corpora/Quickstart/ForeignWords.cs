using Toolformer.Tools.Translating;

namespace Toolformer.Corpora.Quickstart;

/// <summary>Texts that mention a Spanish word and then say it in English. No word stands on both sides.</summary>
internal sealed class ForeignWords(Random random, InventedNames names)
{
    /// <summary>Nouns with their article. What their English says is not guessed from the spelling.</summary>
    private static readonly (string Spanish, string English)[] Nouns =
        [.. """
        la abeja bee,el abrigo coat,el aceite oil,la aguja needle,el ajo garlic,la alfombra carpet,la almohada pillow
        el anillo ring,el arroz rice,la avena oats,el barco ship,la barba beard,el bosque forest,la botella bottle
        el buey ox,la bufanda scarf,el caballo horse,la cabra goat,la cadena chain,la caja box,la calabaza pumpkin
        la calle street,la cama bed,la camisa shirt,la campana bell,el caracol snail,la carta letter,la casa house
        la cebolla onion,la ceniza ash,el cerdo pig,la cereza cherry,la cerveza beer,el ciervo deer,la ciruela plum
        el clavo nail,la cocina kitchen,el codo elbow,la concha shell,el conejo rabbit,la corbata tie,el cordero lamb
        la cuchara spoon,el cuchillo knife,la cuerda rope,el cuervo raven,la deuda debt,el diente tooth,el dedo finger
        la escalera ladder,la escoba broom,el espejo mirror,la espuma foam,la estrella star,la falda skirt
        la fresa strawberry,el fuego fire,la gallina hen,el ganso goose,el gato cat,la gota drop,el grillo cricket
        el guante glove,el haba bean,la harina flour,el helado ice cream,la hierba grass,el hierro iron,la hoja leaf
        el hombro shoulder,la hormiga ant,el hueso bone,el huevo egg,el humo smoke,la isla island,el jabón soap
        el jamón ham,el jardín garden,la jaula cage,el juguete toy,el ladrillo brick,el lago lake,la lana wool
        la leche milk,la lechuga lettuce,la lechuza owl,la leña firewood,el libro book,la llave key,la lluvia rain
        el lobo wolf,la luna moon,la madera wood,la maleta suitcase,la manta blanket,la mantequilla butter
        la manzana apple,el mar sea,la mariposa butterfly,el martillo hammer,la mejilla cheek,la mesa table
        la miel honey,el molino mill,la mosca fly,la muñeca doll,el muro wall,la naranja orange,la niebla fog
        el nido nest,la nieve snow,la nube cloud,la nuez walnut,el ojo eye,la olla pot,la oreja ear,el oso bear
        la oveja sheep,el pájaro bird,la pala shovel,el pan bread,el paraguas umbrella,la pared inner wall
        el pato duck,el peine comb,el pepino cucumber,la pera pear,el perro dog,el pez fish,la piedra stone
        la pimienta pepper,la pluma feather,el pozo well,la puerta door,el puente bridge,el queso cheese,la rana frog
        el ratón mouse,la red net,el reloj clock,la rodilla knee,la rueda wheel,el sapo toad,la seda silk
        la semilla seed,la servilleta napkin,la seta mushroom,la silla chair,la sombra shadow,el sombrero hat
        el sueño dream,el suelo floor,el tambor drum,la tarta cake,el techo ceiling,el tejado roof
        la tijera pair of scissors
        la tinta ink,la tiza chalk,el tornillo screw,la tortuga turtle,el trigo wheat,la uva grape,la vaca cow
        el vaso drinking glass,la vela candle,la ventana window,el vestido dress,el viento wind,el yeso plaster
        el zapato shoe,la zanahoria carrot,el zorro fox
        """.Split(['\n', ','], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(line => line.Split(' ', 3)).Select(p => ($"{p[0]} {p[1]}", p[2]))];

    private static readonly string[] Texts =
    [
        "{name} pointed at the picture and said {f}, which means {=m}, and everybody clapped.",
        "The sign on the wall of the {town} inn reads {f}, in English {=m}, above a small painting.",
        "In the letter from {town} there was a word that nobody knew: {f}, or {=m}, written in red.",
        "The teacher of {name} wrote {f} on the board. It is the word for {=m}, and it was soon copied.",
        "{name} asked the cook in {town} for {f}, that is {=m}, and got it at once.",
        "The song that {name} sang in {town} is about {f}, about {=m}, and about a long journey.",
        "On the label it said {f}. {name} looked it up: {=m}, of course.",
        "The first word that {name} learned in {town} was {f}. It means {=m}, and it was useful.",
        "A child in {town} held up a card with {f} on it. {name} guessed that it stands for {=m} and was right.",
        "The old map of {town} has a place called after {f}. Its name comes from {=m}, says {name}.",
        "{name} keeps calling it {f}. We call it {=m} and laugh.",
        "The title of the book is {f}. Translated it is {=m}, and {name} has read it twice.",
    ];

    /// <summary>All words with and without their article, in a fixed order.</summary>
    public static IReadOnlyList<GlossaryEntry> Glossary { get; } =
        [.. Nouns.SelectMany(n => new GlossaryEntry[]
        {
            new(n.Spanish.Split(' ', 2)[1], n.English), new(n.Spanish, $"the {n.English}"),
        })];

    public QuickstartText Next(Side side, string id)
    {
        (string Spanish, string English) noun;
        do
            noun = random.Of(Nouns);
        while (Split.Of(noun.Spanish) != side);
        bool article = random.Next(3) == 0;
        string word = article ? noun.Spanish : noun.Spanish.Split(' ', 2)[1];
        var (text, prompt, answer) = TextTemplate.Fill(random.Of(Texts), new Dictionary<string, string>
        {
            ["name"] = names.FirstName(side),
            ["town"] = names.Place(side),
            ["f"] = word,
            ["m"] = article ? $"the {noun.English}" : noun.English,
        });
        return new(new Document(id, text), TextKind.Foreign, prompt, answer);
    }
}
