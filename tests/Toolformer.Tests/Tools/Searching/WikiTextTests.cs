using CsCheck;
using Toolformer.Tools.Searching;

namespace Toolformer.Tests.Tools.Searching;

public class WikiTextTests
{
    [Theory]
    [InlineData("'''Zorn''' is a ''small'' lake.", "Zorn is a small lake.")]
    [InlineData("It lies in [[Velim]] near the [[Ost (river)|river Ost]]s.", "It lies in Velim near the river Osts.")]
    [InlineData("Deep.<ref>p. 3</ref> Cold.<ref name=\"a\" /> Old.<ref name=b>{{cite|x}}</ref>", "Deep. Cold. Old.")]
    [InlineData("{{Infobox lake|name=Zorn|area={{convert|3|km2}}}}It is long.", "It is long.")]
    [InlineData("Of {{convert|12|km|mi}} and {{convert|2|to|3|km|mi}}.", "Of 12 km and 2 to 3 km.")]
    [InlineData("Called {{lang|fr|Lac de Zorn}} ({{lang-de|Zornsee}}).", "Called Lac de Zorn (Zornsee).")]
    [InlineData("Zorn ({{IPA|zɔʁn}}) and Ost ({{x}}; born 1900) flow.", "Zorn and Ost (born 1900) flow.")]
    [InlineData("[[File:Zorn.jpg|thumb|The [[lake]] in winter]]It freezes.", "It freezes.")]
    [InlineData("See [http://example.org/x the survey] and [http://example.org].", "See the survey and .")]
    [InlineData("Fish&nbsp;&amp;&ndash;eels &lt;b&gt; &unknown;", "Fish &–eels <b> &unknown;")]
    [InlineData("A<!-- hidden [[ --> b <nowiki>[[c]]</nowiki> d<br/>e", "A b [[c]] d\ne")]
    [InlineData("x < y and y > z", "x < y and y > z")]
    [InlineData("__NOTOC__Text", "Text")]
    [InlineData("* one\n* two\n# three", "one\ntwo\nthree")]
    [InlineData("a\n{| class=\"wikitable\"\n! h\n|-\n| {{x|\n|}}\n| cell\n|}\nb", "a\nb")]
    [InlineData("[[Category:Lakes]][[de:Zorn]][[:Category:Lakes]] end", "Category:Lakes end")]
    [InlineData("E = <math>mc^2 \\{</math> holds", "E = holds")]
    public void Markup_leaves_its_words(string wikitext, string text) =>
        Assert.Equal(text, string.Join('\n', WikiText.Read(wikitext).Select(s => s.Text)));

    [Fact]
    public void Headings_part_the_sections_and_empty_ones_are_left_out()
    {
        var sections = WikiText.Read(
            "Intro.\n== History ==\n=== Early ''years'' ===\nLong ago.\n==Empty==\n\n==Now==\nHere.");
        Assert.Equal(
            [(null, "Intro."), ("Early years", "Long ago."), ("Now", "Here.")],
            sections.Select(s => (s.Heading, s.Text)));
    }

    [Theory]
    [InlineData("Text {{never closed | [[link]] and on", "Text never closed | link and on")]
    [InlineData("Text [[never closed and on", "Text never closed and on")]
    [InlineData("Closed }} twice ]] and |} on", "Closed }} twice ]] and |} on")]
    [InlineData("<ref>never closed and on", "never closed and on")]
    [InlineData("{{a [[b}} c]] d", "c]] d")]
    public void Broken_markup_loses_no_more_than_itself(string wikitext, string text) =>
        Assert.Equal(text, Assert.Single(WikiText.Read(wikitext)).Text);

    [Fact]
    public void Any_text_is_read() => Gen.Char["[]{}|<>='&;/!-*#\n abREF:"].Array[0, 200].Sample(text =>
        WikiText.Read(new string(text)) is not null);

    [Theory]
    [InlineData("{{")]
    [InlineData("{{nowrap|a")]
    [InlineData("[[")]
    [InlineData("[http://a ")]
    [InlineData("<ref>")]
    [InlineData("<!-")]
    [InlineData("\n{|")]
    [InlineData("&")]
    [InlineData("<b")]
    [InlineData("''''")]
    [InlineData("(;")]
    public void Nothing_but_openings_is_read_in_linear_time(string opening)
    {
        // Quadratic work on so much would not end within the test run.
        string much = string.Concat(Enumerable.Repeat(opening, 500_000 / opening.Length));
        Assert.NotNull(WikiText.Read(much + string.Concat(Enumerable.Repeat("}}]]", 50_000))));
    }

    [Theory]
    [InlineData("\"")]
    [InlineData(".")]
    [InlineData(". \"")]
    [InlineData(" ")]
    [InlineData("a.")]
    public void Nothing_but_ends_of_sentences_is_cut_in_linear_time(string end) =>
        Assert.NotNull(PassageText.Split(string.Concat(Enumerable.Repeat(end, 500_000))));

    [Fact]
    public void Passages_have_about_a_hundred_words_and_end_with_sentences()
    {
        string text = string.Join(' ', Enumerable.Range(0, 60).Select(i =>
            $"Sentence {i} has exactly nine words in it now."));
        var passages = PassageText.Split(text);
        Assert.All(passages, p => Assert.InRange(Sentences.Words(p).Length, 25, PassageText.MaxWords));
        Assert.All(passages, p => Assert.EndsWith("now.", p));
        Assert.Equal(text, string.Join(' ', passages));
        Assert.Equal(3, PassageText.Split(string.Join(' ', Enumerable.Repeat("word", 300))).Count);
    }
}
