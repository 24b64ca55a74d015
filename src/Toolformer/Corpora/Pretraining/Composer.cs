using System.Collections.Frozen;
using System.Text;
using Words = Toolformer.Corpora.Pretraining.PretrainingWords;

namespace Toolformer.Corpora.Pretraining;

/// <summary>
/// Writes text from templates. <c>{kind}</c> draws a word of that kind and keeps it: the same slot later in the text
/// is the
/// same word; <c>{thing2}</c> is another one. Before the slot's name may stand <c>^</c> (capital), <c>a </c> (with its
/// article) or <c>s </c> (plural). <c>&lt;…&gt;</c> marks a span whose place is wanted: <see cref="Spans"/>.
/// </summary>
internal sealed class Composer(Random random)
{
    private static readonly FrozenDictionary<string, Func<Random, string>> Kinds =
        new Dictionary<string, Func<Random, string>>
        {
            ["thing"] = r => r.Of(Words.Things),
            ["stuff"] = r => r.Of(Words.Stuffs),
            ["job"] = r => r.Of(Words.Jobs),
            ["spot"] = r => r.Of(Words.Spots),
            ["quality"] = r => r.Of(Words.Qualities),
            ["mood"] = r => r.Of(Words.Moods),
            ["did"] = r => r.Of(Words.Doings).Past,
            ["do"] = r => r.Of(Words.Doings).Base,
            ["day"] = r => r.Of(Words.Days),
            ["month"] = r => r.Of(Words.Months),
            ["colour"] = r => r.Of(Words.Colours),
            ["material"] = r => r.Of(Words.Materials),
            ["science"] = r => r.Of(Words.Sciences),
            ["nature"] = r => r.Of(Words.Nature),
            ["relative"] = r => r.Of(Words.Relatives),
            ["idea"] = r => r.Of(Words.Ideas),
            ["she"] = r => r.Of(Words.Women),
            ["he"] = r => r.Of(Words.Men),
            ["first"] = PretrainingNames.First,
            ["surname"] = r => r.Of(Words.Surnames),
            ["person"] = PretrainingNames.Person,
            ["place"] = PretrainingNames.Place,
            ["word"] = r => PretrainingNames.Word(r, r.Between(1, 3)),
            ["name"] = r => PretrainingNames.Capital(PretrainingNames.Word(r, r.Between(1, 3))),
            ["code"] = PretrainingNames.Code,
            ["year"] = r => r.Between(1620, 2019).ToString(),
            ["few"] = r => r.Between(2, 12).ToString(),
            ["some"] = r => r.Between(10, 99).ToString(),
            ["many"] = r => r.Magnitude(100, 9999).ToString(),
            ["clock"] = r => $"{r.Between(1, 12)}:{r.Between(0, 11) * 5:00}",
            ["date"] = r => $"{r.Of(Words.Months)} {r.Between(1, 28)}",
            ["phrase"] = Phrase,
        }.ToFrozenDictionary();

    private readonly StringBuilder text = new();
    private readonly Dictionary<string, string> bound = [];
    private readonly List<(int Start, int End)> spans = [];
    private int open = -1;

    /// <summary>The marked spans so far, in order of their place.</summary>
    public IReadOnlyList<(int Start, int End)> Spans => spans;

    public int Length => text.Length;

    public override string ToString() => text.ToString();

    /// <summary>A slot's value: drawn when first asked for, or set beforehand.</summary>
    public string this[string slot]
    {
        get => bound.TryGetValue(slot, out var value) ? value : bound[slot] = Draw(slot);
        set => bound[slot] = value;
    }

    public Composer Set(string slot, string value)
    {
        bound[slot] = value;
        return this;
    }

    /// <summary>Forgets all slots, so that the next sentence speaks of other things.</summary>
    public Composer Forget()
    {
        bound.Clear();
        return this;
    }

    /// <summary>A sentence after what is there already, with a space between.</summary>
    public Composer Sentence(string template)
    {
        if (text.Length > 0) text.Append(' ');
        return Add(template);
    }

    /// <summary>A sentence that is no template.</summary>
    public void Literal(string sentence)
    {
        if (text.Length > 0) text.Append(' ');
        text.Append(sentence);
    }

    /// <summary>
    /// Puts a space before each stop, as some collections of problems have it: "left . How many ? ".
    /// </summary>
    public void SpaceStops()
    {
        for (var at = text.Length - 1; at > 0; at--)
        {
            if (!".,?".Contains(text[at]) || text[at - 1] == ' '
                || (at + 1 < text.Length && text[at + 1] != ' ')) continue;
            text.Insert(at, ' ');
            for (var i = 0; i < spans.Count; i++)
                spans[i] = (spans[i].Start >= at ? spans[i].Start + 1 : spans[i].Start,
                    spans[i].End > at ? spans[i].End + 1 : spans[i].End);
        }
    }

    public Composer Add(string template)
    {
        for (var at = 0; at < template.Length; at++)
        {
            switch (template[at])
            {
                case '<':
                    open = text.Length;
                    break;
                case '>':
                    spans.Add((open, text.Length));
                    break;
                case '{':
                    var end = template.IndexOf('}', at);
                    AddSlot(template[(at + 1)..end]);
                    at = end;
                    break;
                default:
                    text.Append(template[at]);
                    break;
            }
        }
        return this;
    }

    /// <summary>What a template comes to with the slots as they are; it is not added to the text.</summary>
    public string Express(string template)
    {
        var aside = new Composer(random);
        foreach (var (slot, value) in bound) aside.bound[slot] = value;
        aside.Add(template);
        foreach (var (slot, value) in aside.bound) bound[slot] = value;
        return aside.ToString();
    }

    private void AddSlot(string slot)
    {
        var capital = slot[0] == '^';
        if (capital) slot = slot[1..];
        var value = slot.Length < 3 || slot[1] != ' ' ? this[slot]
            : slot[0] == 'a' ? Words.WithArticle(this[slot[2..]])
            : Words.Plural(this[slot[2..]]);
        text.Append(capital ? PretrainingNames.Capital(value) : value);
    }

    private string Draw(string slot)
    {
        var kind = slot.TrimEnd('0', '1', '2', '3', '4', '5', '6', '7', '8', '9');
        var draw = Kinds[kind];
        var value = draw(random);
        for (var tries = 0; tries < 8 && bound.ContainsValue(value); tries++) value = draw(random);
        return value;
    }

    /// <summary>"the loss of the old harbour", "red salt": a phrase that can't be guessed.</summary>
    private static string Phrase(Random r) => r.Next(9) switch
    {
        0 => $"the {r.Of(Words.Ideas)} of the {Words.Plural(r.Of(Words.Jobs))}",
        1 => $"{r.Of(Words.Ideas)} and {r.Of(Words.Ideas)}",
        2 => $"the {r.Of(Words.Qualities)} {r.Of(Words.Things)}",
        3 => $"the {r.Of(Words.Colours)} {r.Of(Words.Things)}",
        4 => $"{r.Of(Words.Colours)} {r.Of(Words.Stuffs)}",
        5 => $"the {r.Of(Words.Ideas)} of {r.Of(Words.Nature)} and {r.Of(Words.Nature)}",
        6 => $"{r.Of(Words.Qualities)} {Words.Plural(r.Of(Words.Things))}",
        7 => $"the {r.Of(Words.Nature)} in {r.Of(Words.Months)}",
        _ => $"{r.Of(Words.Ideas)} without {r.Of(Words.Ideas)}",
    };
}
