using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using Toolformer.Markup;
using Toolformer.Tests.Fakes;
using Toolformer.Tools.Arguments;

namespace Toolformer.Tests.Tools.Arguments;

/// <summary>A call's text input and the named arguments of a schema are the same thing, written twice.</summary>
public class SignatureTests
{
    private static readonly Signature Weather = SignatureOf("""
        {"type": "object", "required": ["city", "days"], "properties": {
          "city": {"type": "string"}, "days": {"type": "integer"}, "metric": {"type": "boolean"},
          "parts": {"type": "array", "items": {"type": "string"}}, "unit": {"enum": ["celsius", "fahrenheit"]},
          "near": {"type": "object", "properties": {"lat": {"type": "number"}, "tags": {"type": "array"}}}}}
        """);

    private static readonly Signature Search = SignatureOf("""
        {"type": "object", "required": ["query"],
         "properties": {"query": {"type": "string"}, "limit": {"type": ["integer", "null"]}}}
        """);

    private static Signature SignatureOf(string schema) =>
        Signature.Of(JsonSerializer.Deserialize<JsonElement>(schema));

    [Theory]
    [InlineData("city=Paris, days=3", """{"city": "Paris", "days": 3}""")]
    [InlineData("days = 3,city = Paris", """{"city": "Paris", "days": 3}""")]
    [InlineData("Paris, 3", """{"city": "Paris", "days": 3}""")]
    [InlineData("Paris, 3, true", """{"city": "Paris", "days": 3, "metric": true}""")]
    [InlineData("Paris, days=3", """{"city": "Paris", "days": 3}""")]
    [InlineData("city=Paris, France, days=3", """{"city": "Paris, France", "days": 3}""")]
    [InlineData("city=\"a, days=1\", days=3", """{"city": "a, days=1", "days": 3}""")]
    [InlineData("city=x, days=-3, unit=Celsius", """{"city": "x", "days": -3, "unit": "celsius"}""")]
    [InlineData("city=x, days=3, parts=(rain, \"sun, wind\")",
        """{"city": "x", "days": 3, "parts": ["rain", "sun, wind"]}""")]
    [InlineData("city=x, days=3, parts=rain, sun, metric=FALSE",
        """{"city": "x", "days": 3, "parts": ["rain", "sun"], "metric": false}""")]
    [InlineData("{\"days\": 3, \"city\": \"Paris, France\"}", """{"city": "Paris, France", "days": 3}""")]
    [InlineData("city=x, days=3, parts=()", """{"city": "x", "days": 3, "parts": []}""")]
    [InlineData("city=x, days=3, near={\"lat\": 1.50, \"tags\": (1, \"a\", null)}",
        """{"city": "x", "days": 3, "near": {"lat": 1.50, "tags": [1, "a", null]}}""")]
    public void Several_values_are_named_or_in_order(string input, string arguments) =>
        AssertParses(Weather, input, arguments);

    [Theory]
    [InlineData("cats, dogs (and others)", """{"query": "cats, dogs (and others)"}""")]
    [InlineData("a = b", """{"query": "a = b"}""")]
    [InlineData("\"A\" or \"B\"", """{"query": "\"A\" or \"B\""}""")]
    [InlineData("cats and dogs, limit=3", """{"query": "cats and dogs", "limit": 3}""")]
    [InlineData("query=cats, limit=null", """{"query": "cats", "limit": null}""")]
    [InlineData("query=\"- \\u005bx\\u005d\\n\"", """{"query": "- [x]\n"}""")]
    public void The_only_value_that_is_needed_needs_no_name(string input, string arguments) =>
        AssertParses(Search, input, arguments);

    [Theory]
    [InlineData("", "lacks city")]
    [InlineData("Paris", "lacks days")]
    [InlineData("Paris, soon", "'soon' is no whole number")]
    [InlineData("Paris, 3.5", "'3.5' is no whole number")]
    [InlineData("city=x, city=y, days=1", "city is given twice")]
    [InlineData("citty=x, days=1", "Did you mean city")]
    [InlineData("city=x, days=1, unit=kelvin", "celsius, fahrenheit")]
    [InlineData("city=x, days=1, metric=perhaps", "neither true nor false")]
    [InlineData("city=x, days=1, parts=(a", "not closed")]
    [InlineData("{\"city\": \"x\", \"days\": \"soon\"}", "days")]
    [InlineData("city=x, days=1, near=here", "no object")]
    [InlineData("city=x, days=1, near={\"a\": 1, \"a\": 2}", "there twice")]
    public void What_is_wrong_is_said(string input, string reason) =>
        Assert.Contains(reason, Weather.Parse(input).Error);

    [Fact]
    public void Deep_and_long_inputs_are_refused()
    {
        string deep = "x, 1, near={\"a\": " + new string('(', 50_000);
        Assert.Contains("nested", Weather.Parse("city=" + deep[..9] + "0, " + deep[6..]).Error ?? "nested");
        Assert.Contains("nested", Weather.Parse("city=x, days=1, near={\"a\": " + new string('(', 50_000)).Error);
        Assert.Contains("characters", Weather.Parse(new string('x', 200_000)).Error);
    }

    [Fact]
    public void No_parameter_takes_no_input()
    {
        var none = SignatureOf("""{"type": "object", "properties": {}}""");
        Assert.Empty(none.Parse("").Arguments!);
        Assert.Contains("takes no input", none.Parse("x").Error);
        Assert.Equal("", none.Print([]));
    }

    [Theory]
    [InlineData("""{"query": "Who wrote Faust?"}""", "Who wrote Faust?")]
    [InlineData("""{"query": "Who wrote Faust?", "limit": 2}""", "Who wrote Faust?, limit=2")]
    [InlineData("""{"query": "limit=2"}""", "query=limit=2")]
    [InlineData("""{"query": "x, limit=2"}""", "query=\"x, limit=2\"")]
    [InlineData("""{"query": "a [b] -> c\n"}""", "query=\"a \\u005bb\\u005d -\\u003e c\\n\"")]
    [InlineData("""{"query": ""}""", "query=\"\"")]
    [InlineData("""{"query": "'quoted'"}""", "query='quoted'")]
    public void Arguments_are_written_as_plainly_as_they_can_be(string arguments, string input) =>
        Assert.Equal(input, Search.Print(JsonNode.Parse(arguments)!.AsObject()));

    [Theory]
    [InlineData("""{}""", "missing")]
    [InlineData("""{"query": 5}""", "query")]
    [InlineData("""{"query": "x", "limits": 5}""", "Did you mean limit?")]
    public void Arguments_that_are_not_of_the_schema_are_refused(string arguments, string reason) =>
        Assert.Contains(reason, Assert.Throws<ArgumentException>(() =>
            Search.Print(JsonNode.Parse(arguments)!.AsObject())).Message);

    [Fact]
    public void A_schema_that_leads_in_a_circle_ends()
    {
        var signature = SignatureOf("""
            {"type": "object", "required": ["a"],
             "properties": {"a": {"$ref": "#/$defs/n"}, "b": {"$ref": "#/$defs/x"}},
             "$defs": {"n": {"type": "object", "properties": {"n": {"$ref": "#/$defs/n"}}}, "x": {"$ref": "#/$defs/x"}}}
            """);
        Assert.Null(signature.Parse("a={\"n\": {\"n\": {}}}, b=1").Error);
    }

    [Fact]
    public void What_is_printed_is_read_back_and_printed_the_same() =>
        Schemas.SelectMany(s => s.Arguments.Select(a => (s.Signature, a))).Sample(pair =>
        {
            var (signature, json) = pair;
            var arguments = JsonNode.Parse(json)!.AsObject();
            string input = signature.Print(arguments);
            Assert.True(CallSyntax.IsInput(input), input);
            Assert.Equal(input, CallSyntax.NormaliseInput(input));
            var call = new ApiCall("T", input);
            Assert.Equal(call, CallSyntax.Find("x" + CallSyntax.Print(call)).Single().Call);
            var (read, error) = signature.Parse(input);
            Assert.True(error is null, $"{error}\n{input}\n{json}");
            Assert.True(JsonNode.DeepEquals(arguments, read), $"{json}\n{input}\n{read?.ToJsonString()}");
            Assert.Equal(input, signature.Print(read!));
        }, iter: 3000);

    [Fact]
    public void What_can_be_read_is_printed_and_read_back() =>
        Gen.Select(Schemas, Gen.Char["abcity=,() {}\":\\1-5.tru'dsn "].Array[0, 40]).Sample((schema, characters) =>
        {
            var (arguments, error) = schema.Signature.Parse(new string(characters));
            if (error is not null)
                return;
            var again = schema.Signature.Parse(schema.Signature.Print(arguments!)).Arguments;
            Assert.True(JsonNode.DeepEquals(arguments, again));
        }, iter: 3000);

    [Fact]
    public void Any_text_is_read_or_refused() =>
        Gen.Select(Schemas, Gen.String).Sample((schema, text) => schema.Signature.Parse(text) is var p
            && (p.Arguments is null) != (p.Error is null));

    [Fact]
    public void What_follows_the_pattern_is_well_formed() =>
        Gen.Select(Schemas, Gen.Int).Sample((schema, seed) =>
        {
            string input = schema.Signature.Pattern().Draw(new Random(seed));
            Assert.True(CallSyntax.IsInput(input), input);
            var (_, error) = schema.Signature.Parse(CallSyntax.NormaliseInput(input));
            Assert.True(error is null, $"{input}\n{error}\n{schema.Signature.Schema}");
        }, iter: 3000);

    private static void AssertParses(Signature signature, string input, string arguments)
    {
        var (read, error) = signature.Parse(input);
        Assert.Null(error);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(arguments), read), read!.ToJsonString());
        Assert.True(JsonNode.DeepEquals(read, signature.Parse(signature.Print(read)).Arguments));
    }

    private static Gen<string> OneOf(params string[] texts) => Gen.Int[0, texts.Length - 1].Select(i => texts[i]);

    private static readonly Gen<string> Texts = Gen.OneOf(
        Gen.String[Gen.Char["ab =,()[]{}\"'\\->\n\r\t1.\u202e\u2028é😀"], 0, 12].Select(Whole),
        OneOf("null", "true", "5", "name=x", "a", "a, b=1", "(x)", "{}", "\"q\"", "'q'", "“q”", "-", "->"));

    // Half of a pair can't stand in JSON.
    private static string Whole(string text) => string.Concat(text.EnumerateRunes().Select(r => r.ToString()));

    private static readonly Gen<string> Numbers = Gen.OneOf(
        Gen.Int.Select(i => $"{i}"), OneOf("0", "-1", "1.50", "2.5e-3", "12345678901234567890"));

    private static Gen<string> Value(string type) => type switch
    {
        "string" => Texts.Select(t => JsonSerializer.Serialize(t)),
        "integer" => Gen.Int.Select(i => $"{i}"),
        "number" => Numbers,
        "boolean" => OneOf("true", "false"),
        "choice" => OneOf("\"red\"", "\"dark, blue\"", "\"(x)\""),
        "list" => Value("string").Array[0, 3].Select(v => $"[{string.Join(",", v)}]"),
        "lists" => Value("list").Array[0, 3].Select(v => $"[{string.Join(",", v)}]"),
        "nullable" => Gen.OneOf(Gen.Const("null"), Value("string")),
        "object" => Gen.Select(Texts, Value("any")).Select((n, v) => $"{{{JsonSerializer.Serialize(n)}: {v}}}"),
        _ => Gen.OneOf(Value("string"), Numbers, OneOf("true", "null", "{}", "[]", "[[1],\"a\"]"),
            Value("list")),
    };

    private static string SchemaOf(string type) => type switch
    {
        "choice" => """{"enum": ["red", "dark, blue", "(x)"]}""",
        "list" => """{"type": "array", "items": {"type": "string"}}""",
        "lists" => """{"type": "array", "items": {"type": "array", "items": {"type": "string"}}}""",
        "nullable" => """{"anyOf": [{"type": "string"}, {"type": "null"}]}""",
        "any" => "{}",
        "object" => """{"type": "object", "properties": {"x y": {"type": "string"}, "n": {"type": "number"}}}""",
        _ => $$"""{"type": "{{type}}"}""",
    };

    /// <summary>Signatures of one to four parameters of any types, and arguments for them as JSON.</summary>
    private static readonly Gen<(Signature Signature, Gen<string> Arguments)> Schemas =
        Gen.Select(
            OneOf("string", "integer", "number", "boolean", "choice", "list", "lists", "nullable", "object",
                "any").Array[1, 4],
            Gen.Bool.Array[4]).Select((types, required) =>
        {
            string[] names = ["a", "name", "b[0]", "city-2"];
            string properties = string.Join(", ", types.Select((t, i) => $"\"{names[i]}\": {SchemaOf(t)}"));
            var needed = names.Take(types.Length).Where((_, i) => required[i]).ToList();
            var signature = SignatureOf($$"""
                {"type": "object", "properties": { {{properties}} }, "required": {{JsonSerializer.Serialize(needed)}}}
                """);
            var all = types.Select((t, i) => Gen.Select(Value(t), Gen.Bool).Select((v, given) =>
                required[i] || given ? $"\"{names[i]}\": {v}" : null)).ToArray();
            var arguments = all.Aggregate(Gen.Const(""), (sofar, one) => Gen.Select(sofar, one).Select((s, o) =>
                o is null ? s : s.Length == 0 ? o : $"{s}, {o}")).Select(s => $"{{{s}}}");
            return (signature, arguments);
        });
}
