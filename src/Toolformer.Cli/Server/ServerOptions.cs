using System.Net;

namespace Toolformer.Cli.Server;

/// <summary>Where the server listens, and how much it takes from anybody.</summary>
public sealed record ServerOptions
{
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>0: any that is free.</summary>
    public int Port { get; init; } = 8080;

    /// <summary>What the model is called in requests.</summary>
    public required string ModelName { get; init; }

    /// <summary>Who may ask; null: everybody who reaches the address, which is then the loopback.</summary>
    public ApiKeys? Keys { get; init; }

    /// <summary>Longest body of a request, in bytes.</summary>
    public long MaxBody { get; init; } = 4 << 20;

    /// <summary>Most texts that one request may ask for: prompts times n.</summary>
    public int MaxTexts { get; init; } = 128;

    /// <summary>Most tools that a request may bring along.</summary>
    public int MaxTools { get; init; } = 64;

    /// <summary>Most connections at once; more are closed at once.</summary>
    public int MaxConnections { get; init; } = 1024;

    /// <summary>Longest time of a request.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Longest time for a request's head, and grace before a slow body or reader is cut off.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long texts that were begun may go on when the server is stopped.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(30);

    public bool IsLoopback => IPAddress.IsLoopback(Address);

    /// <exception cref="ArgumentException">Anybody in the network could ask.</exception>
    public void Check()
    {
        if (!IsLoopback && Keys is null)
            throw new ArgumentException($"On {Address} anybody who reaches this machine could use the server.\n"
                + "  in the arguments\n  Make a key with `toolformer serve --create-key NAME --keys FILE` and give "
                + "--keys FILE, or leave out --host.");
    }
}
