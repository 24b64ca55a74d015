using Toolformer.Torch.Chat.Jinja;

namespace Toolformer.Tests.Torch.Chat;

/// <summary>A template is a program that came with a model: it must end, and reach nothing.</summary>
public class HostileTemplateTests
{
    private const string Doubling = "{% set ns = namespace(x=['a']) %}{% for i in range(100) %}"
        + "{% set ns.x = [ns.x, ns.x] %}{% endfor %}";

    public static TheoryData<string> Endless() =>
    [
        "{{ range(10 ** 12) | list }}",
        "{{ range(-9223372036854775807, 9223372036854775807) | length }}",
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% set ns = namespace(s='ab') %}{% for i in range(99) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
        "{% set ns = namespace(s='ab') %}{% for i in range(99) %}{% set ns.s = ns.s.replace('a', ns.s) %}{% endfor %}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(99) %}{% set ns.l = ns.l + ns.l %}{% endfor %}",
        "{{ 'a' * 10 ** 15 }}",
        "{{ [1] * 10 ** 15 }}",
        "{% macro f(n) %}{{ f(n + 1) }}{% endmacro %}{{ f(0) }}",
        "{% macro f(n) %}{{ f(n) }}{{ f(n) }}{% endmacro %}{{ f(0) }}",
        Doubling + "{{ ns.x | tojson }}",
        Doubling + "{{ ns.x }}",
        Doubling + "{{ ns.x == [ns.x[0], ns.x[1] + []] }}",
        Doubling + "{{ ns.x < [ns.x[0], ns.x[1] + []] }}",
        "{% set ns = namespace(x=[]) %}{% for i in range(999999) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}",
        "{% set ns = namespace(s='x') %}{% for i in range(99) %}{% set ns.s = ns.s | indent(1000, first=true) %}"
            + "{% set ns.s = ns.s ~ '\\n' ~ ns.s %}{% endfor %}",
        "{{ 9223372036854775807 + 1 }}",
        "{{ 10 ** 99 }}",
    ];

    [Theory]
    [MemberData(nameof(Endless))]
    public void A_template_that_would_not_end_or_fill_the_memory_is_stopped(string template) =>
        Assert.Throws<TemplateException>(() => TemplateRendering.Text(template));

    [Theory]
    [InlineData("(", ")")]
    [InlineData("[", "]")]
    [InlineData("not ", "")]
    [InlineData("-", "")]
    [InlineData("1 if 1 else ", "")]
    public void A_template_nested_too_deeply_is_refused(string open, string close)
    {
        string deep = string.Concat(Enumerable.Repeat(open, 200_000)) + "1"
            + string.Concat(Enumerable.Repeat(close, 200_000));
        Assert.Throws<TemplateException>(() => TemplateRendering.Text("{{ " + deep + " }}"));
    }

    [Fact]
    public void Long_chains_and_deep_tags_are_refused_or_done()
    {
        Assert.Throws<TemplateException>(() => TemplateRendering.Text(
            string.Concat(Enumerable.Repeat("{% if true %}", 200_000))));
        Assert.Throws<TemplateException>(() => TemplateRendering.Text(
            "{{ 1" + string.Concat(Enumerable.Repeat(" + 1", 500_000)) + " }}"));
        Assert.Equal(100_000, TemplateRendering.Text(
            "{{ 'a'" + string.Concat(Enumerable.Repeat(" ~ 'a'", 99_999)) + " }}").Length);
    }

    [Theory]
    [InlineData("{{ ''.__class__ }}")]
    [InlineData("{{ messages.Items }}")]
    [InlineData("{{ messages.GetType }}")]
    [InlineData("{{ word.Text }}")]
    [InlineData("{{ word.Length }}")]
    [InlineData("{{ range.Call }}")]
    public void Nothing_of_the_program_can_be_reached(string template) =>
        Assert.Equal("", TemplateRendering.Text(template));

    [Fact]
    public void A_long_conversation_is_no_hostile_one()
    {
        string words = new('x', 1000);
        string[] turns = [.. Enumerable.Range(0, 3000).Select(i =>
            $$"""{"role": "user", "content": "{{words}} {{i}}"}""")];
        string json = $$"""{"messages": [{{string.Join(',', turns)}}]}""";
        var text = TemplateRendering.Render("{% for m in messages %}{{ '<' + m.role + '>' + m.content | trim + '\\n' }}"
            + "{% endfor %}", _ => json);
        Assert.True(text.Length > 3_000_000);
    }
}
