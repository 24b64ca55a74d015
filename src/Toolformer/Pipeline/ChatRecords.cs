using System.Text.Json.Serialization;

namespace Toolformer.Pipeline;

/// <summary>A line of an exported dataset.</summary>
public sealed class ExportedLine
{
    [JsonPropertyName("id")]
    public string Id { get; set; } = "";

    [JsonPropertyName("text")]
    public string? Text { get; set; }

    [JsonPropertyName("messages")]
    public List<ChatMessage>? Messages { get; set; }

    [JsonPropertyName("tools")]
    public List<ChatTool>? Tools { get; set; }
}

/// <summary>A turn of a conversation, as chat templates take it.</summary>
public sealed class ChatMessage
{
    /// <summary>user, assistant or tool.</summary>
    [JsonPropertyName("role")]
    public string Role { get; set; } = "";

    [JsonPropertyName("content")]
    public string Content { get; set; } = "";

    /// <summary>What the assistant calls.</summary>
    [JsonPropertyName("tool_calls")]
    public List<ChatToolCall>? ToolCalls { get; set; }

    /// <summary>The tool that answers.</summary>
    [JsonPropertyName("name")]
    public string? Name { get; set; }

    /// <summary>The call that is answered.</summary>
    [JsonPropertyName("tool_call_id")]
    public string? ToolCallId { get; set; }
}

/// <summary>A call in a conversation.</summary>
public sealed class ChatToolCall
{
    [JsonPropertyName("id")]
    public string Id { get; set; } = "";

    [JsonPropertyName("type")]
    public string Type { get; set; } = "function";

    [JsonPropertyName("function")]
    public ChatCall Function { get; set; } = new();
}

/// <summary>The function that is called, and with what.</summary>
public sealed class ChatCall
{
    [JsonPropertyName("name")]
    public string Name { get; set; } = "";

    [JsonPropertyName("arguments")]
    public ChatArguments Arguments { get; set; } = new();
}

/// <summary>A tool takes one text.</summary>
public sealed class ChatArguments
{
    [JsonPropertyName("input")]
    public string Input { get; set; } = "";
}

/// <summary>A tool as chat templates describe it to a model: a function with a JSON schema.</summary>
public sealed class ChatTool
{
    [JsonPropertyName("type")]
    public string Type { get; set; } = "function";

    [JsonPropertyName("function")]
    public ChatFunction Function { get; set; } = new();
}

/// <summary>A function of one text.</summary>
public sealed class ChatFunction
{
    [JsonPropertyName("name")]
    public string Name { get; set; } = "";

    [JsonPropertyName("description")]
    public string Description { get; set; } = "";

    [JsonPropertyName("parameters")]
    public ChatParameters Parameters { get; set; } = new();
}

/// <summary>The schema of an object with one field, "input".</summary>
public sealed class ChatParameters
{
    [JsonPropertyName("type")]
    public string Type { get; set; } = "object";

    [JsonPropertyName("properties")]
    public ChatProperties Properties { get; set; } = new();

    [JsonPropertyName("required")]
    public List<string> Required { get; set; } = [];
}

/// <summary>Its field.</summary>
public sealed class ChatProperties
{
    [JsonPropertyName("input")]
    public ChatSchema Input { get; set; } = new();
}

/// <summary>The schema of a text.</summary>
public sealed class ChatSchema
{
    [JsonPropertyName("type")]
    public string Type { get; set; } = "string";
}
