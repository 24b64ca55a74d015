using System.Globalization;
using Toolformer.Evaluation;

namespace Toolformer.Tests.Evaluation;

public class ScoringTests
{
    [Theory]
    [InlineData(" 1,250 apples", "1250")]
    [InlineData(" $12.50.", "12.5")]
    [InlineData(" 95.", "95")]
    [InlineData(" 12, not 13", "12")]
    [InlineData(" -4 degrees", "-4")]
    [InlineData(" −4", "-4")]
    [InlineData(" -$4", "-4")]
    [InlineData(" $-4", "-4")]
    [InlineData(" 7-2", "7")]
    [InlineData(" .5", "0.5")]
    [InlineData("... 5", "5")]
    [InlineData(" 50%", "50")]
    [InlineData(" 1,234,567.89", "1234567.89")]
    [InlineData(" 1,23", "1")]
    [InlineData(" many", null)]
    [InlineData("", null)]
    public void The_first_number_counts(string prediction, string? expected) =>
        Assert.Equal(Parse(expected), Scoring.FirstNumber(prediction));

    [Theory]
    [InlineData(" 5+3=8", "8")]
    [InlineData(" 5 + 3 = $8.", "8")]
    [InlineData("The correct answer is 5+3=8.", "8")]
    [InlineData(" 5 + 3 = 8, and 8 - 1 = 7", "8")]
    [InlineData(" 3 - 5 = -2", "-2")]
    [InlineData(" 9 =", "9")]
    public void Where_an_equation_is_written_the_number_after_its_equals_sign_counts(
        string prediction, string expected) =>
        Assert.Equal(Parse(expected), Scoring.FirstNumber(prediction));

    [Theory]
    [InlineData(" 5.67", "5.666666666666667", true)]
    [InlineData(" 5.66", "5.666666666666667", false)]
    [InlineData(" 0.17", "0.165", true)]
    [InlineData(" 8.00", "8", true)]
    [InlineData(" 8.001", "8", false)]
    [InlineData(" 9999999999999999999999999999999999999999", "8", false)]
    public void Whole_answers_must_be_exact_and_others_right_to_two_decimals(
        string prediction, string answer, bool right) =>
        Assert.Equal(right, Scoring.NumberIs(prediction, Parse(answer)!.Value));

    [Theory]
    [InlineData(" a quiet Thursday, of course", "Thursday", true)]
    [InlineData(" the day after that is Thursday", "Thursday", false)]
    [InlineData(" Mayor Thursdays of London", "Thursday", false)]
    [InlineData(" March 9, and it rained", "March 9", true)]
    [InlineData(" March 19, and it rained", "March 9", false)]
    [InlineData(" the U.S. Army", "US army", true)]
    [InlineData(" The", "the", true)]
    [InlineData("", "Thursday", false)]
    [InlineData(" anything", "", false)]
    public void The_answer_must_stand_as_whole_words_within_the_first_five(
        string prediction, string answer, bool right) =>
        Assert.Equal(right, Scoring.FirstWordsContain(prediction, 5, [answer]));

    [Fact]
    public void Question_answering_looks_at_twenty_words_and_one_right_answer_is_enough()
    {
        string nineteen = string.Join(' ', Enumerable.Repeat("word", 19));
        Assert.True(Scoring.FirstWordsContain($"{nineteen} Paris", 20, ["Rome", "Paris"]));
        Assert.False(Scoring.FirstWordsContain($"{nineteen} word Paris", 20, ["Rome", "Paris"]));
    }

    [Theory]
    [InlineData(" one two three four five six", true)]
    [InlineData(" The one, two - three four five six seven", true)]
    [InlineData(" one two three four five", false)]
    [InlineData(" so one two three four five six", false)]
    public void With_an_answer_of_more_words_than_count_a_prediction_must_begin(string prediction, bool right) =>
        Assert.Equal(right, Scoring.FirstWordsContain(prediction, 5, ["one two - three four five six"]));

    [Theory]
    [InlineData("---", " ---.", true)]
    [InlineData(")", " (as said)", false)]
    [InlineData("/", " a / is", true)]
    [InlineData("", " .", false)]
    public void An_answer_of_nothing_but_marks_must_be_a_word(string answer, string prediction, bool right) =>
        Assert.Equal(right, Scoring.FirstWordsContain(prediction, 5, [answer]));

    [Theory]
    [InlineData("是Paris。", "Paris", true)]
    [InlineData("是。Paris城", "Paris", true)]
    [InlineData("一二三四五Paris", "Paris", false)] // five characters count as five words
    [InlineData("在北京大学", "北京", true)]
    [InlineData("เมืองParis", "Paris", true)]
    [InlineData("ที่Paris", "Paris", true)]
    [InlineData("दिल्ली, भारत।", "दिल्ली", true)]
    [InlineData("هي باريس؟", "باريس", true)]
    [InlineData("Hydro\u00ADgen\u200E", "Hydrogen", true)]
    [InlineData("14\u00A0May 512", "14 May", true)]
    public void Words_are_found_in_scripts_that_have_no_spaces_and_marks_that_nobody_sees_do_not_count(
        string prediction, string answer, bool right) =>
        Assert.Equal(right, Scoring.FirstWordsContain(prediction, 5, [answer]));

    [Theory]
    [InlineData("The  U.S. Army!", "us army")]
    [InlineData("Knight's-Head", "knightshead")]
    [InlineData("A café\n", "café")]
    public void Texts_are_compared_without_case_punctuation_and_articles(string text, string expected) =>
        Assert.Equal(expected, Scoring.Normalise(text));

    private static decimal? Parse(string? number) =>
        number is null ? null : decimal.Parse(number, CultureInfo.InvariantCulture);
}
