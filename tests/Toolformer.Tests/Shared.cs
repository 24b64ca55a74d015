namespace Toolformer.Tests;

/// <summary>Reference numbers and data that may lie beside the checkout; tests that need them skip without.</summary>
internal static class Shared
{
    /// <summary>The checkout's root.</summary>
    public static string Root { get; } = Ancestors(AppContext.BaseDirectory)
        .First(d => File.Exists(System.IO.Path.Combine(d, "toolformer.slnx")));

    private static readonly string? Folder = Ancestors(Root)
        .Select(d => System.IO.Path.Combine(d, "shared"))
        .FirstOrDefault(d => Directory.Exists(System.IO.Path.Combine(d, "golden")));

    public static bool Exists => Folder is not null;

    /// <summary>A path below the folder, whether it exists or not; only after <see cref="Exists"/>.</summary>
    public static string Path(params string[] parts) =>
        System.IO.Path.Combine([Folder ?? throw new InvalidOperationException("Skip unless Shared.Exists."), .. parts]);

    /// <summary>The path of a file or folder beside the checkout; skips the test where it is absent.</summary>
    public static string Need(params string[] parts)
    {
        Assert.SkipUnless(Exists && System.IO.Path.Exists(Path(parts)), $"needs ../shared/{string.Join('/', parts)}");
        return Path(parts);
    }

    private static IEnumerable<string> Ancestors(string start)
    {
        for (var d = new DirectoryInfo(start); d is not null; d = d.Parent)
            yield return d.FullName;
    }
}
