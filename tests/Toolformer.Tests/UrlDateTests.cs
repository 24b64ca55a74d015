namespace Toolformer.Tests;

public class UrlDateTests
{
    [Theory]
    [InlineData("https://news.example/2017/03/09/title.html", "2017-03-09")]
    [InlineData("https://news.example/2017/3/9/title", "2017-03-09")]
    [InlineData("http://blog.example/archive/2013-04-19-easter", "2013-04-19")]
    [InlineData("http://blog.example/2013_04_19.html", "2013-04-19")]
    [InlineData("http://blog.example/2013.04.19", "2013-04-19")]
    [InlineData("http://paper.example/a/20110625.htm", "2011-06-25")]
    [InlineData("http://paper.example/2011/0625/story", "2011-06-25")]
    [InlineData("http://paper.example/2011/jun/25/story", "2011-06-25")]
    [InlineData("http://paper.example/2011/September/5/story", "2011-09-05")]
    [InlineData("http://paper.example/read?date=2016-02-29", "2016-02-29")]
    [InlineData("paper.example/1999/12/31", "1999-12-31")]
    [InlineData("http://paper.example/2011/99/99/2012/01/02", "2012-01-02")]
    public void The_day_of_an_address_is_found(string url, string date) =>
        Assert.Equal(DateOnly.Parse(date), UrlDate.Find(url));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("https://news.example/2017/03/title.html")]
    [InlineData("https://news.example/2017/02/30/title.html")]
    [InlineData("https://news.example/2017/13/01/title.html")]
    [InlineData("https://news.example/09-03-2017")]
    [InlineData("https://news.example/2017-03/09")]
    [InlineData("https://news.example/id/1201703091")]
    [InlineData("https://news.example/3017/03/09/")]
    [InlineData("https://2017-03-09.example")]
    [InlineData("https://2017-03-09.example/about")]
    public void An_address_without_a_full_and_real_day_has_none(string? url) => Assert.Null(UrlDate.Find(url));
}
