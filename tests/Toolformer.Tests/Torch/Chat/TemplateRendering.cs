using System.Text.Json;
using Toolformer.Torch.Chat.Jinja;

namespace Toolformer.Tests.Torch.Chat;

/// <summary>The conversation that renderings.jsonl was made with, and templates rendered over it.</summary>
internal static class TemplateRendering
{
    private static readonly string Variables =
        """
        {
          "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "  What is <b>2+2</b>?\n"},
            {"role": "assistant", "content": "It is 4."}
          ],
          "tools": [{"type": "function", "function": {"name": "get_weather", "description": "The \"weather\"",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"},
              "days": {"type": "integer", "default": 3}}, "required": ["city"]}}}],
          "bos_token": "<s>", "eos_token": "</s>", "add_generation_prompt": true,
          "numbers": [3, 1, 2], "empty": [], "word": "Zürich 😀!", "nothing": null, "half": 2.5,
          "dict": {"b": 1, "a": {"x": [true, null, "q'\""]}}, "text": "one two  three\nfour\n"
        }
        """;

    /// <summary>Renders over the conversation, in the morning of 6 July 2024.</summary>
    /// <param name="change">Changes the JSON of the variables first.</param>
    public static MarkedText Render(string template, Func<string, string>? change = null)
    {
        using var json = JsonDocument.Parse(change?.Invoke(Variables) ?? Variables);
        return JinjaTemplate.Parse(template).Render(
            json.RootElement.EnumerateObject().Select(v => (v.Name, Values.Of(v.Value))), new Morning());
    }

    public static string Text(string template) => Render(template).Text;

    private sealed class Morning : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

        public override DateTimeOffset GetUtcNow() => new(2024, 7, 6, 9, 5, 3, TimeSpan.Zero);
    }
}
