using Toolformer.Tests.Fakes;
using Toolformer.Tools;

namespace Toolformer.Tests.Tools;

public class CalendarTests
{
    [Theory]
    [InlineData(2017, 3, 9, "Today is Thursday, March 9, 2017.")]
    [InlineData(2023, 1, 30, "Today is Monday, January 30, 2023.")]
    [InlineData(2020, 2, 29, "Today is Saturday, February 29, 2020.")]
    public async Task The_clock_tells_the_day(int year, int month, int day, string answer)
    {
        var clock = new ManualTime(new(year, month, day, 23, 59, 0, TimeSpan.Zero));
        Assert.Equal(answer, (await new Calendar().CallAsync("", new(clock), default)).Text);
    }

    [Fact]
    public async Task The_day_of_a_document_comes_first()
    {
        async Task<string?> Ask(Document document) =>
            (await new Calendar().CallAsync("", new(new ManualTime()) { Document = document }, default)).Text;

        var dated = new Document("a", "x") { Date = new(2013, 4, 19), Url = "http://x.example/2011/06/25/" };
        Assert.Equal("Today is Friday, April 19, 2013.", await Ask(dated));
        Assert.Equal("Today is Saturday, June 25, 2011.", await Ask(dated with { Date = null }));
        Assert.Equal("Today is Thursday, March 9, 2017.", await Ask(dated with { Date = null, Url = null }));
    }

    [Fact]
    public void Documents_without_a_day_are_not_worth_annotating()
    {
        var calendar = new Calendar();
        Assert.False(calendar.IsWorthAnnotating(new("a", "x")));
        Assert.False(calendar.IsWorthAnnotating(new("a", "x") { Url = "http://x.example/about" }));
        Assert.True(calendar.IsWorthAnnotating(new("a", "x") { Url = "http://x.example/2011/06/25/" }));
        Assert.True(calendar.IsWorthAnnotating(new("a", "x") { Date = new(2011, 6, 25) }));
    }

    [Fact]
    public async Task An_input_is_refused()
    {
        var result = await new Calendar().CallAsync("tomorrow", new(new ManualTime()), default);
        Assert.Contains("takes no input", result.Error);
    }
}
