using System.Net;

namespace Toolformer.Tools.Outbound;

/// <summary>
/// The hosts that requests may go to, as a tools file names them: "api.example.org" (ports 80 and 443),
/// "localhost:8080", "127.0.0.1:5000", "[::1]:5000". An address that is not public is allowed only where that very
/// address is named, so that no name can lead there, whatever it resolves to.
/// </summary>
public sealed class AllowedHosts
{
    private const string Local = "localhost";

    private static readonly int[] UsualPorts = [80, 443];

    /// <summary>What is not the public internet (IANA's special-purpose registries), multicast included.</summary>
    private static readonly IPNetwork[] NotPublic =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
            "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
            "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "::/96", "64:ff9b:1::/48", "100::/64", "2001::/23",
            "2001:db8::/32", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
        }.Select(range => IPNetwork.Parse(range)),
    ];

    private readonly HashSet<(string Host, int Port)> _hosts = [];

    /// <exception cref="ArgumentException">An entry is no host, or more than a host and a port.</exception>
    public AllowedHosts(IEnumerable<string> hosts)
    {
        foreach (string entry in hosts)
        {
            if (!Uri.TryCreate("http://" + entry, UriKind.Absolute, out var parsed) || parsed.IdnHost.Length == 0
                || parsed.PathAndQuery != "/" || parsed.UserInfo != "" || parsed.Fragment != ""
                || entry.IndexOfAny(['/', '?', '#', '@', '*', '\\', ' ']) >= 0)
                throw new ArgumentException($"'{entry}' is no host: write a name or an address and, where it is "
                    + "neither 80 nor 443, the port, such as \"api.example.org\" or \"localhost:8080\".",
                    nameof(hosts));
            bool hasPort = entry.LastIndexOf(':') > entry.LastIndexOf(']');
            foreach (int port in hasPort ? [parsed.Port] : UsualPorts)
                _hosts.Add((HostOf(parsed), port));
        }
        Names = [.. _hosts.Select(h => UsualPorts.Contains(h.Port) ? h.Host : $"{h.Host}:{h.Port}").Distinct()];
    }

    /// <summary>The hosts, for messages.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Why a request may not go to an address of the web; null: it may.</summary>
    public string? Refusal(Uri address)
    {
        if (!address.IsAbsoluteUri)
            return "the address is not absolute";
        if (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps)
            return $"only http and https are allowed, not {Shown(address.Scheme)}:";
        if (address.UserInfo != "")
            return "an address with a user's name or password in it is not allowed";
        if (_hosts.Contains((HostOf(address), address.Port)))
            return null;
        string port = address.IsDefaultPort ? "" : $":{address.Port}";
        return $"the host {Shown(HostOf(address))}{port} is not among those that the tools file allows "
            + $"({(Names.Count == 0 ? "none" : string.Join(", ", Names))})";
    }

    /// <summary>
    /// Whether a connection for a host may go to an address that its name resolved to: a public one, one that is named
    /// itself, or the loopback for "localhost" where that is named.
    /// </summary>
    public bool MayConnect(string host, int port, IPAddress address) =>
        IsPublic(address)
        || _hosts.Contains((Text(address), port))
        || (host == Local && IPAddress.IsLoopback(address) && _hosts.Contains((Local, port)));

    /// <summary>Whether a host is, by its writing, no public one: a redirect may not lead there.</summary>
    public static bool IsInternal(Uri address) => HostOf(address) is var host && (host == Local
        || host.EndsWith("." + Local, StringComparison.Ordinal)
        || (IPAddress.TryParse(host, out var ip) && !IsPublic(ip)));

    /// <summary>Whether an address is one of the public internet; those with an IPv4 address inside by that.</summary>
    public static bool IsPublic(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            return IsPublic(address.MapToIPv4());
        byte[] bytes = address.GetAddressBytes();
        if (bytes.Length == 16)
        {
            if (bytes is [0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, ..]) // NAT64
                return IsPublic(new IPAddress(bytes.AsSpan(12)));
            if (bytes is [0x20, 0x02, ..]) // 6to4
                return IsPublic(new IPAddress(bytes.AsSpan(2, 4)));
        }
        return !NotPublic.Any(range => range.Contains(address));
    }

    /// <summary>The host in lower case, as ASCII, without the dot of the root and without brackets.</summary>
    internal static string HostOf(Uri address)
    {
        string host = address.IdnHost.TrimEnd('.').ToLowerInvariant();
        return IPAddress.TryParse(host, out var ip) ? Text(ip) : host;
    }

    private static string Text(IPAddress address) =>
        (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString();

    private static string Shown(string text) => text.Length <= 60 ? text : text[..60] + "…";
}
