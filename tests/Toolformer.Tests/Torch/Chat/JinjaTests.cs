using Toolformer.Torch.Chat.Jinja;

namespace Toolformer.Tests.Torch.Chat;

/// <summary>
/// Every line of renderings.jsonl is a template and what Jinja 3.1.6 makes of it, in the sandbox and with the settings
/// that Hugging Face's transformers uses; "refused" where that raises an error.
/// </summary>
public class JinjaTests
{
    private sealed record Example(string About, string Template, string? Text = null, bool Refused = false);

    private static IEnumerable<Example> All => JsonLines.Read<Example>(
        Path.Combine(Shared.Root, "tests", "Toolformer.Tests", "Torch", "Chat", "renderings.jsonl"));

    public static TheoryData<string, string> Rendered() =>
        [.. All.Where(e => !e.Refused).Select(e => (e.Template, e.Text!))];

    public static TheoryData<string> Refused() => [.. All.Where(e => e.Refused).Select(e => e.Template)];

    [Theory]
    [MemberData(nameof(Rendered))]
    public void A_template_writes_what_the_reference_writes(string template, string text) =>
        Assert.Equal(text, TemplateRendering.Text(template));

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_the_reference_refuses_is_refused_with_its_place(string template)
    {
        var refusal = Assert.Throws<TemplateException>(() => TemplateRendering.Text(template));
        Assert.NotNull(refusal.Place);
        Assert.InRange(refusal.Place.Value.Column, 1, template.Length + 1);
    }

    [Theory]
    [InlineData("a\n{{ 'x' }}\n  {{ nothing.field + 1 }}", 3, 20)]
    [InlineData("{% if true %}\n\n  {% for x in 3 %}{% endfor %}\n{% endif %}", 3, 3)]
    [InlineData("{# a\ncomment #}{{ 'a' |\n nope }}", 3, 2)]
    public void A_fault_is_told_with_line_and_column(string template, int line, int column)
    {
        var fault = Assert.Throws<TemplateException>(() => TemplateRendering.Text(template));
        Assert.Equal(new Place(line, column), fault.Place);
    }

    [Fact]
    public void Every_filter_and_test_that_is_there_is_among_the_examples()
    {
        string written = string.Concat(All.Select(e => e.Template));
        string all = Assert.Throws<TemplateException>(() => JinjaTemplate.Parse("{{ 1 | nope }}")).Message
            + Assert.Throws<TemplateException>(() => JinjaTemplate.Parse("{{ 1 is nope }}")).Message;
        foreach (string name in all.Split("There are: ").Skip(1).SelectMany(names => names.Split('.')[0].Split(", ")))
            Assert.Matches($@"\b{name}\b", written);
    }

    [Fact]
    public void Words_of_the_conversation_stay_marked_whatever_a_template_does_with_them()
    {
        // Every word of the conversation is in Greek, no word of a template is.
        static string Greek(string json) => json
            .Replace("Be brief.", "βραχυς").Replace("What is <b>2+2</b>?", "τι; <ἐ>")
            .Replace("It is 4.", "τεσσαρα").Replace("Zürich 😀!", "Ζυριχη!")
            .Replace("one two  three\\nfour", "ἑν δυο\\nτρια").Replace("\"city\"", "\"πολις\"").Replace("q'", "κ'");
        foreach (var example in All.Where(e => !e.Refused))
        {
            var text = TemplateRendering.Render(example.Template, Greek);
            Assert.All(text.Runs().Where(r => !r.IsMarked), run => Assert.DoesNotContain(
                text.Text[run.Start..run.End], c => c is >= '\u0370' and <= '\u03ff' or >= '\u1f00' and <= '\u1fff'));
        }
        Assert.Contains("πολις", TemplateRendering.Render("{{ tools | tojson }}", Greek).Text);
    }

    [Fact]
    public void Values_of_the_template_are_not_marked() =>
        Assert.DoesNotContain(
            TemplateRendering.Render("{{ '<' ~ '[' ~ 'a b'.split()[1] | upper }}").Runs(), r => r.IsMarked);
}
