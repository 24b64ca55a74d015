using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Toolformer.Torch.Architectures;

/// <summary>
/// A model family: what its config.json means, and how its files name and lay out the decoder's parameters.
/// One file per family under Architectures/.
/// </summary>
public abstract partial class Architecture
{
    /// <summary>The `model_type` of config.json.</summary>
    public abstract string ModelType { get; }

    /// <summary>A prefix that some checkpoints of the family leave out, such as "transformer.".</summary>
    public abstract string OptionalPrefix { get; }

    /// <summary>Whether texts of this family start with a token of their own by convention.</summary>
    public abstract bool StartsWithBeginningOfText { get; }

    /// <summary>
    /// What the family's files call the decoder's parameters: "#" stands for the layer's number, a part of a layer is
    /// named without its ".weight" or ".bias", and "qkv" may be three names.
    /// </summary>
    protected abstract IReadOnlyDictionary<string, string[]> Names { get; }

    /// <summary>Whether the matrices of the layers are stored as (in, out).</summary>
    protected virtual bool StoresTransposed => false;

    /// <summary>Whether "qkv" is stored head by head, each with its query, key and value.</summary>
    protected virtual bool StoresHeadByHead => false;

    /// <exception cref="InvalidDataException">A setting that the decoder does not have.</exception>
    public abstract DecoderShape ReadShape(ModelConfig config);

    /// <summary>The config.json of a shape that <see cref="ReadShape"/> gave, without token ids and type.</summary>
    public abstract JsonObject WriteConfig(DecoderShape shape);

    /// <summary>The tensors of the family's files that a decoder parameter consists of, in the order of rows.</summary>
    public IReadOnlyList<StoredTensor> Locate(string parameter, DecoderShape shape)
    {
        var match = LayerParameter().Match(parameter);
        if (!match.Success)
            return [new StoredTensor(Names[parameter][0], 0, null)];
        string part = match.Groups["part"].Value, kind = match.Groups["kind"].Value;
        string[] names = [.. Names[part].Select(n => $"{n.Replace("#", match.Groups["layer"].Value)}.{kind}")];
        bool transposed = StoresTransposed && kind == "weight" && !part.StartsWith("norm", StringComparison.Ordinal);
        if (names.Length == 1)
        {
            int heads = part == "qkv" && StoresHeadByHead ? shape.Heads : 0;
            return [new StoredTensor(names[0], 0, null) { Transposed = transposed, HeadByHead = heads }];
        }
        int start = 0;
        return [.. names.Zip([shape.QueryWidth, shape.KeyWidth, shape.KeyWidth], (name, rows) =>
        {
            start += rows;
            return new StoredTensor(name, start - rows, rows) { Transposed = transposed };
        })];
    }

    /// <summary>The family with this `model_type`.</summary>
    /// <param name="source">Where it was read, for the message.</param>
    public static Architecture Named(string modelType, string source)
    {
        var all = Catalog.Find<Architecture>();
        return all.FirstOrDefault(a => a.ModelType == modelType) ?? throw new InvalidDataException(
            $"model_type '{modelType}' is not a family that this version can run.\n  in {source}\n"
            + $"  Available: {string.Join(", ", all.Select(a => a.ModelType).Order())}.");
    }

    [GeneratedRegex(@"^layers\.(?<layer>\d+)\.(?<part>\w+)\.(?<kind>weight|bias)$")]
    private static partial Regex LayerParameter();
}
