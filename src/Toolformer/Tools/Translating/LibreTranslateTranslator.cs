using System.Text.Json;
using Toolformer.Tools.Outbound;

namespace Toolformer.Tools.Translating;

/// <summary>Translates by a server that speaks LibreTranslate's protocol: POST /translate.</summary>
/// <param name="server">Its address, such as https://translate.example.org/.</param>
/// <param name="key">The key that the server may ask for.</param>
public sealed class LibreTranslateTranslator(OutboundHttp http, Uri server, string? key = null) : Translator
{
    private readonly Uri _address = new(server.AbsoluteUri.TrimEnd('/') + "/translate");

    /// <summary>The server finds the language itself.</summary>
    public override bool FindsSource => true;

    /// <summary>Any that it may have: what it has not, it says when asked.</summary>
    public override bool CanTranslate(string source, string target) => LanguageCodes.Find(source) is not null;

    public override async ValueTask<ToolResult> TranslateAsync(
        string text, string? source, string target, CancellationToken cancellation)
    {
        var fields = new Dictionary<string, string>
        {
            ["q"] = text,
            ["source"] = source ?? "auto",
            ["target"] = target,
            ["format"] = "text",
        };
        if (key is not null)
            fields["api_key"] = key;
        var answer = await http.SendAsync(
            OutboundRequest.Post(_address, JsonSerializer.SerializeToElement(fields)), cancellation);
        var (json, error) = answer.ReadJson();
        if (error is not null)
            return ToolResult.Failure(Reason(answer) is { } reason ? $"{error} It says: {reason}" : error,
                answer.IsTransient);
        return Field(json, "translatedText") is { } translated && !string.IsNullOrWhiteSpace(translated)
            ? ToolResult.Success(translated)
            : ToolResult.Failure($"{_address} answered without a translation.");
    }

    /// <summary>What a server says of why it refuses.</summary>
    private static string? Reason(OutboundAnswer answer) =>
        (answer with { Error = null }).ReadJson() is { Error: null, Json: var json } ? Field(json, "error") : null;

    private static string? Field(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value)
            && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}

/// <summary>
/// {"kind": "libretranslate", "url": "https://translate.example.org", "key": "${LIBRETRANSLATE_KEY}"}; the host must
/// stand under "hosts".
/// </summary>
public sealed class LibreTranslateKind : TranslationKind
{
    private sealed record Settings : TranslationOptions
    {
        public required string Url { get; init; }
        public string? Key { get; init; }
    }

    public override string Kind => "libretranslate";

    public override ValueTask<IReadOnlyList<Tool>> OpenAsync(ToolSettings settings, CancellationToken cancellation)
    {
        var options = settings.Read<Settings>();
        if (!Uri.TryCreate(options.Url, UriKind.Absolute, out var server))
            throw settings.Bad($"'{options.Url}' is no address.", "Write it whole: https://translate.example.org");
        if (settings.Http.Hosts.Refusal(server) is { } refusal)
            throw settings.Bad($"'{options.Url}' can't be asked: {refusal}.", "Name its host under \"hosts\".");
        string? key = options.Key is null ? null : settings.Reveal(options.Key);
        return new(Make(settings, options, new LibreTranslateTranslator(settings.Http, server, key)));
    }
}
