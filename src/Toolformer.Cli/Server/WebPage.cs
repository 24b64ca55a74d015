using System.Reflection;
using Microsoft.AspNetCore.Http;

namespace Toolformer.Cli.Server;

/// <summary>The web page: files of wwwroot that lie in the program, served as they are.</summary>
internal static class WebPage
{
    /// <summary>Under their paths on the server.</summary>
    public static readonly IReadOnlyDictionary<string, string> Files = new Dictionary<string, string>
    {
        ["/"] = "index.html",
        ["/page.css"] = "page.css",
        ["/page.js"] = "page.js",
        ["/text.js"] = "text.js",
        ["/strip.js"] = "strip.js",
        ["/writing.js"] = "writing.js",
        ["/kept.js"] = "kept.js",
        ["/snippets.js"] = "snippets.js",
    };

    // Only these files run, only this server is asked, and no text can become markup (trusted types).
    private const string Policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        + "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        + "require-trusted-types-for 'script'; trusted-types 'none'";

    /// <summary>Sends a file that lies in the program.</summary>
    /// <exception cref="ApiException">It does not.</exception>
    public static async Task SendAsync(HttpContext http, string name)
    {
        await using var resource = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)
            ?? throw new ApiException(404, $"This build has no {name}.", code: "not_found");
        var response = http.Response;
        response.ContentType = Path.GetExtension(name) switch
        {
            ".html" => "text/html; charset=utf-8",
            ".css" => "text/css; charset=utf-8",
            ".js" => "text/javascript; charset=utf-8",
            _ => "application/json",
        };
        response.ContentLength = resource.Length;
        response.Headers.ContentSecurityPolicy = Policy;
        response.Headers["Referrer-Policy"] = "no-referrer";
        // The program may be another one tomorrow.
        response.Headers.CacheControl = "no-cache";
        await resource.CopyToAsync(response.Body, http.RequestAborted);
    }
}
