using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Toolformer.Tools.Outbound;

/// <summary>
/// YAML as JSON, with YAML 1.2's core schema. Aliases are copied, and all nodes counted, so that no short document
/// becomes a large one.
/// </summary>
public static partial class YamlDocument
{
    private const int MaxNodes = 300_000, MaxDepth = 60;

    /// <summary>The first document of a text.</summary>
    /// <exception cref="FormatException">No YAML, or more than is read; the message says why.</exception>
    public static JsonNode? Parse(string text)
    {
        try
        {
            var parser = new Parser(new StringReader(text));
            parser.Consume<StreamStart>();
            if (!parser.TryConsume<DocumentStart>(out _))
                return null;
            int nodes = 0;
            return Read(parser, [], ref nodes, 0);
        }
        catch (YamlException e)
        {
            throw new FormatException($"line {e.Start.Line}: {e.Message}", e);
        }
    }

    private static JsonNode? Read(
        IParser parser, Dictionary<AnchorName, (JsonNode? Node, int Size)> anchors, ref int nodes, int depth)
    {
        if (depth > MaxDepth)
            throw new FormatException($"nested more than {MaxDepth} deep");
        int before = nodes;
        Count(ref nodes, 1);
        if (parser.TryConsume<AnchorAlias>(out var alias))
        {
            if (!anchors.TryGetValue(alias.Value, out var known))
                throw new FormatException($"line {alias.Start.Line}: there is no &{alias.Value} before *{alias.Value}");
            Count(ref nodes, known.Size);
            return known.Node?.DeepClone();
        }
        var anchor = parser.Accept<NodeEvent>(out var head) ? head.Anchor : AnchorName.Empty;
        JsonNode? node;
        if (parser.TryConsume<Scalar>(out var scalar))
        {
            node = Value(scalar);
        }
        else if (parser.TryConsume<SequenceStart>(out _))
        {
            var list = new JsonArray();
            while (!parser.TryConsume<SequenceEnd>(out _))
                list.Add(Read(parser, anchors, ref nodes, depth + 1));
            node = list;
        }
        else
        {
            parser.Consume<MappingStart>();
            var map = new JsonObject();
            while (!parser.TryConsume<MappingEnd>(out _))
            {
                var key = parser.Consume<Scalar>();
                if (!map.TryAdd(key.Value, Read(parser, anchors, ref nodes, depth + 1)))
                    throw new FormatException($"line {key.Start.Line}: '{key.Value}' is there twice");
            }
            node = map;
        }
        if (!anchor.IsEmpty)
            anchors[anchor] = (node, nodes - before);
        return node;
    }

    private static void Count(ref int nodes, int more)
    {
        if ((nodes += more) > MaxNodes)
            throw new FormatException($"more than {MaxNodes:N0} nodes");
    }

    private static JsonNode? Value(Scalar scalar)
    {
        string text = scalar.Value;
        if (scalar.Style != ScalarStyle.Plain)
            return JsonValue.Create(text);
        return text switch
        {
            "" or "~" or "null" or "Null" or "NULL" => null,
            "true" or "True" or "TRUE" => JsonValue.Create(true),
            "false" or "False" or "FALSE" => JsonValue.Create(false),
            _ when Number().IsMatch(text) && double.TryParse(
                text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number) =>
                long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole)
                    ? JsonValue.Create(whole) : JsonValue.Create(number),
            _ => JsonValue.Create(text),
        };
    }

    [GeneratedRegex(@"^[-+]?(\d+|\d*\.\d+|\d+\.)([eE][-+]?\d+)?$", RegexOptions.CultureInvariant)]
    private static partial Regex Number();
}
