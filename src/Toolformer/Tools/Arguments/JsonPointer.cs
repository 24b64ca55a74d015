using System.Globalization;
using System.Text.Json;

namespace Toolformer.Tools.Arguments;

/// <summary>JSON pointers (RFC 6901): "/current/values/0".</summary>
public static class JsonPointer
{
    /// <summary>Whether a text is a pointer: empty, or beginning with a slash.</summary>
    public static bool IsPointer(string text) => text.Length == 0 || text[0] == '/';

    /// <summary>What a pointer leads to; null: nothing.</summary>
    public static JsonElement? Find(JsonElement root, string pointer)
    {
        if (!IsPointer(pointer))
            return null;
        foreach (string part in pointer.Split('/').Skip(1))
        {
            string name = part.Replace("~1", "/").Replace("~0", "~");
            if (root.ValueKind == JsonValueKind.Object && root.TryGetProperty(name, out var value))
                root = value;
            else if (root.ValueKind == JsonValueKind.Array
                && int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int index)
                && index < root.GetArrayLength())
                root = root[index];
            else
                return null;
        }
        return root;
    }

    /// <summary>A value as people read it: a text without quotes, anything else as JSON.</summary>
    public static string Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Null or JsonValueKind.Undefined => "",
        _ => value.GetRawText(),
    };
}
