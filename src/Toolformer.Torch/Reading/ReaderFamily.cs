namespace Toolformer.Torch.Reading;

/// <summary>
/// A family of encoders for extractive question answering: what its config.json means and how its files name the
/// parameters. One file each.
/// </summary>
public abstract class ReaderFamily
{
    /// <summary>The `model_type` of config.json.</summary>
    public abstract string ModelType { get; }

    /// <exception cref="InvalidDataException">A setting that the network does not have.</exception>
    public abstract ReaderShape ReadShape(ModelConfig config);

    /// <summary>The names that a parameter may have in the family's files; the first that is there counts.</summary>
    public abstract IReadOnlyList<string> NamesInFile(string parameter);

    /// <summary>The family with this `model_type`.</summary>
    /// <param name="source">Where it was read, for the message.</param>
    public static ReaderFamily Named(string modelType, string source)
    {
        var all = Catalog.Find<ReaderFamily>();
        return all.FirstOrDefault(f => f.ModelType == modelType) ?? throw new InvalidDataException(
            $"model_type '{modelType}' is no family of extractive readers that this version can run.\n  in {source}\n"
            + $"  Available: {string.Join(", ", all.Select(f => f.ModelType).Order())}.");
    }
}
