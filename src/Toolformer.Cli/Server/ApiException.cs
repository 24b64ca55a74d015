using System.Text.Json.Nodes;

namespace Toolformer.Cli.Server;

/// <summary>A request that can't be served, in the shape in which OpenAI's clients expect errors.</summary>
/// <param name="status">Of HTTP.</param>
/// <param name="parameter">The field of the request that it is about.</param>
/// <param name="code">A word for programs.</param>
public sealed class ApiException(int status, string message, string? parameter = null, string? code = null)
    : Exception(message)
{
    public int Status => status;

    public string? Code => code;

    /// <summary>Seconds after which to come again.</summary>
    public int? RetryAfter { get; init; }

    public static ApiException Bad(string message, string? parameter = null, string? code = null) =>
        new(400, message, parameter, code);

    public JsonObject Body() => new()
    {
        ["error"] = new JsonObject
        {
            ["message"] = Message,
            ["type"] = status switch
            {
                401 => "authentication_error",
                403 => "permission_error",
                429 => "rate_limit_error",
                >= 500 => "server_error",
                _ => "invalid_request_error",
            },
            ["param"] = parameter,
            ["code"] = code,
        },
    };
}
