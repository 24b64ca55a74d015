using System.Globalization;

namespace Toolformer.Torch.Hub;

/// <summary>
/// Where models come from and where they are kept, by the environment variables that Hugging Face's own programs read.
/// No record: nothing that prints it shall print the token.
/// </summary>
public sealed class HubSettings
{
    /// <summary>The hub, or a mirror of it.</summary>
    public required Uri EndPoint { get; init; }

    /// <summary>The folder with one folder per model, shared with other programs.</summary>
    public required string CacheFolder { get; init; }

    /// <summary>Sent to <see cref="EndPoint"/> only; null: nobody is logged in.</summary>
    public string? Token { get; init; }

    /// <summary>Nothing is asked of any host.</summary>
    public bool Offline { get; init; }

    /// <summary>How long a server may be silent before the request is made anew.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Reads HF_ENDPOINT, HF_HUB_CACHE, HF_HOME, HF_TOKEN, HF_TOKEN_PATH, HF_HUB_OFFLINE, HF_HUB_DOWNLOAD_TIMEOUT and
    /// their elder names.
    /// </summary>
    /// <param name="variable">The environment.</param>
    /// <exception cref="ArgumentException">A variable has no sensible value.</exception>
    public static HubSettings FromEnvironment(Func<string, string?> variable)
    {
        string? Get(params string[] names) =>
            names.Select(variable).FirstOrDefault(value => !string.IsNullOrWhiteSpace(value))?.Trim();

        string user = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        string cache = Get("XDG_CACHE_HOME") ?? Path.Combine(Get("HOME") ?? user, ".cache");
        string home = Expand(Get("HF_HOME") ?? Path.Combine(cache, "huggingface"));
        string endPoint = Get("HF_ENDPOINT") ?? "https://huggingface.co";
        if (!Uri.TryCreate(endPoint, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https")
            || uri.UserInfo != "" || uri.Query != "")
            throw new ArgumentException("HF_ENDPOINT is no address of a hub.\n  in the environment\n"
                + "  Set it to the address of a mirror, such as https://hub.example.org, or unset it.");
        string timeout = Get("HF_HUB_DOWNLOAD_TIMEOUT") ?? "30";
        if (!double.TryParse(timeout, CultureInfo.InvariantCulture, out double seconds) || seconds is < 1 or > 3600)
            throw new ArgumentException($"HF_HUB_DOWNLOAD_TIMEOUT is '{timeout}'.\n  in the environment\n"
                + "  Set it to 1 to 3600 seconds, or unset it.");
        return new HubSettings
        {
            EndPoint = uri,
            CacheFolder = Expand(Get("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE") ?? Path.Combine(home, "hub")),
            Token = IsSet("HF_HUB_DISABLE_IMPLICIT_TOKEN")
                ? null
                : Checked(Get("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
                    ?? FromFile(Expand(Get("HF_TOKEN_PATH") ?? Path.Combine(home, "token")))),
            Offline = IsSet("HF_HUB_OFFLINE") || IsSet("TRANSFORMERS_OFFLINE"),
            Patience = TimeSpan.FromSeconds(seconds),
        };

        bool IsSet(string name) => Get(name)?.ToUpperInvariant() is "1" or "ON" or "YES" or "TRUE";

        string Expand(string path) => path == "~" || path.StartsWith("~/", StringComparison.Ordinal)
            ? user + path[1..]
            : path;
    }

    private static string? FromFile(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists || file.Length is 0 or > 4096)
            return null;
        string token = File.ReadAllText(path).Trim();
        return token == "" ? null : token;
    }

    private static string? Checked(string? token) => token is null || token.All(c => c is > ' ' and < (char)127)
        ? token
        : throw new ArgumentException("The token for the hub holds characters that no token has.\n"
            + "  in HF_TOKEN, or in the file `token` of HF_HOME\n  Set it anew; it is not shown here.");
}
