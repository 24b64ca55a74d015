namespace Toolformer.Tests;

public class SpellingTests
{
    private static readonly string[] Known = ["WikiSearch", "Calendar", "Calculator"];

    [Theory]
    [InlineData("Calclator", "Calculator")]
    [InlineData("calendar", "Calendar")]
    [InlineData("wiki_search", "WikiSearch")]
    [InlineData("Weather", null)]
    [InlineData("", null)]
    public void The_nearest_name_is_suggested(string written, string? nearest) =>
        Assert.Equal(nearest, Spelling.Nearest(written, Known));

    [Fact]
    public void The_message_lists_what_exists() => Assert.Equal(
        "There is no tool 'Calclator'. There are: Calculator, Calendar, WikiSearch. Did you mean Calculator?",
        Spelling.Unknown("tool", "Calclator", Known));

    [Fact]
    public void A_name_of_a_megabyte_is_shown_in_part() =>
        Assert.True(Spelling.Unknown("tool", new string('x', 1_000_000), Known).Length < 200);
}
