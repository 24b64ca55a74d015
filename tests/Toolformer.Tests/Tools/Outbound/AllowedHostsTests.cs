using System.Net;
using Toolformer.Tools.Outbound;

namespace Toolformer.Tests.Tools.Outbound;

public class AllowedHostsTests
{
    private static readonly AllowedHosts Hosts = new(["api.example.org", "localhost:8080", "10.1.2.3", "[::1]:5000"]);

    [Theory]
    [InlineData("http://api.example.org/x?y=1")]
    [InlineData("https://API.example.org./x")]
    [InlineData("http://localhost:8080/")]
    [InlineData("http://10.1.2.3/")]
    [InlineData("http://0x0A010203/")]
    [InlineData("http://[::1]:5000/")]
    public void What_is_named_is_allowed(string address) => Assert.Null(Hosts.Refusal(new Uri(address)));

    [Theory]
    [InlineData("http://example.org/", "example.org")]
    [InlineData("http://api.example.org.evil.test/", "evil")]
    [InlineData("http://evil.test#api.example.org", "evil")]
    [InlineData("http://api.example.org@evil.test/", "password")]
    [InlineData("http://user:word@api.example.org/", "password")]
    [InlineData("http://api.example.org:8080/", ":8080")]
    [InlineData("http://localhost/", "localhost")]
    [InlineData("http://169.254.169.254/latest", "169.254.169.254")]
    [InlineData("http://2852039166/", "169.254.169.254")]
    [InlineData("file:///etc/passwd", "file:")]
    [InlineData("ftp://api.example.org/", "ftp:")]
    [InlineData("gopher://api.example.org/", "gopher:")]
    [InlineData("x/y", "absolute")]
    public void Everything_else_is_refused_with_its_name(string address, string named) =>
        Assert.Contains(named, Hosts.Refusal(new Uri(address, UriKind.RelativeOrAbsolute)));

    [Theory]
    [InlineData("127.0.0.1"), InlineData("127.9.9.9"), InlineData("0.0.0.0"), InlineData("10.0.0.1")]
    [InlineData("172.31.255.255"), InlineData("192.168.1.1"), InlineData("169.254.169.254"), InlineData("100.64.0.1")]
    [InlineData("224.0.0.1"), InlineData("255.255.255.255"), InlineData("198.18.0.1"), InlineData("::")]
    [InlineData("::1")]
    [InlineData("fe80::1"), InlineData("fd00::1"), InlineData("ff02::1"), InlineData("::ffff:127.0.0.1")]
    [InlineData("::ffff:169.254.169.254"), InlineData("64:ff9b::a9fe:a9fe"), InlineData("2002:7f00:1::")]
    [InlineData("::127.0.0.1"), InlineData("2001:db8::1"), InlineData("fec0::1")]
    public void An_address_that_is_not_public_is_known_as_such(string address)
    {
        Assert.False(AllowedHosts.IsPublic(IPAddress.Parse(address)));
        Assert.False(Hosts.MayConnect("api.example.org", 80, IPAddress.Parse(address)));
    }

    [Theory]
    [InlineData("1.1.1.1"), InlineData("172.32.0.1"), InlineData("100.128.0.1"), InlineData("2606:4700::1111")]
    [InlineData("::ffff:1.1.1.1"), InlineData("64:ff9b::101:101"), InlineData("2002:101:101::")]
    public void A_public_address_may_be_connected_to(string address) =>
        Assert.True(Hosts.MayConnect("api.example.org", 80, IPAddress.Parse(address)));

    [Fact]
    public void A_private_address_is_allowed_where_that_very_address_is_named()
    {
        Assert.True(Hosts.MayConnect("10.1.2.3", 80, IPAddress.Parse("10.1.2.3")));
        Assert.False(Hosts.MayConnect("10.1.2.3", 8080, IPAddress.Parse("10.1.2.3")));
        Assert.True(Hosts.MayConnect("localhost", 8080, IPAddress.Loopback));
        Assert.False(Hosts.MayConnect("localhost", 80, IPAddress.Loopback));
        Assert.False(Hosts.MayConnect("localhost", 8080, IPAddress.Parse("10.0.0.1")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("http://api.example.org")]
    [InlineData("api.example.org/x")]
    [InlineData("*.example.org")]
    [InlineData("a b")]
    [InlineData("user@example.org")]
    [InlineData("example.org:99999")]
    public void What_is_no_host_is_refused_by_name(string entry) =>
        Assert.Contains($"'{entry}'", Assert.Throws<ArgumentException>(() => new AllowedHosts([entry])).Message);
}
