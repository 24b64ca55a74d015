using System.Text.Json;
using Toolformer.Tools.Arguments;

namespace Toolformer.Tools.Outbound;

/// <summary>What of an answer is a tool's result: by JSON pointers, or the whole of a short text or of JSON.</summary>
/// <param name="pointers">None: the whole answer. Several: their texts, with commas between them.</param>
public sealed class AnswerSelection(IReadOnlyList<string> pointers)
{
    /// <summary>The pointer that is none; null: all are.</summary>
    public string? Fault => pointers.FirstOrDefault(p => !JsonPointer.IsPointer(p));

    public ToolResult Select(OutboundAnswer answer)
    {
        if (answer.Error is not null)
            return answer.Failure();
        bool isJson = answer.ContentType.Length == 0 || answer.ContentType == "application/json"
            || answer.ContentType.EndsWith("+json", StringComparison.Ordinal);
        if (pointers.Count == 0 && !isJson)
            return answer.ContentType is "text/html" || !answer.ContentType.StartsWith("text/")
                ? ToolResult.Failure($"The answer is {answer.ContentType}, not JSON or plain text.")
                : Result(answer.Body);
        var (json, error) = answer.ReadJson();
        if (error is not null)
            return ToolResult.Failure(error);
        if (pointers.Count == 0)
            return Result(JsonPointer.Text(json));
        var found = pointers.Select(p => JsonPointer.Find(json, p)).ToList();
        return found.Any(f => f is not null)
            ? Result(string.Join(", ", found.OfType<JsonElement>().Select(JsonPointer.Text)))
            : ToolResult.Failure($"The answer has nothing at {string.Join(" or ", pointers)}.");
    }

    private static ToolResult Result(string text) => string.IsNullOrWhiteSpace(text)
        ? ToolResult.Failure("The answer is empty.")
        : ToolResult.Success(text);
}
