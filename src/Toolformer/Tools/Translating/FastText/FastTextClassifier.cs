namespace Toolformer.Tools.Translating.FastText;

/// <summary>
/// A supervised fastText model (Joulin et al. 2017) as its `.bin` and `.ftz` files hold it, quantised and pruned ones
/// included. Gives the labels and probabilities that fastText 0.9.2 gives. Thread-safe.
/// </summary>
public sealed class FastTextClassifier
{
    /// <summary>The widest vectors that are read; those in use have 16 to 300 numbers.</summary>
    internal const int MaxWidth = 10_000;

    private const int Magic = 793_712_314, NewestVersion = 12, Supervised = 3;

    /// <summary>More labels than this sum of counts could not be told apart from a damaged file.</summary>
    private const long MaxCount = 1_000_000_000_000_000;

    private readonly FastTextDictionary _dictionary;
    private readonly FastTextMatrix _input;
    private readonly FastTextOutput _output;

    private FastTextClassifier(FastTextDictionary dictionary, FastTextMatrix input, FastTextOutput output)
    {
        _dictionary = dictionary;
        _input = input;
        _output = output;
    }

    /// <summary>The labels without their prefix, those seen most often in training first.</summary>
    public IReadOnlyList<string> Labels => [.. _dictionary.Labels.Select(l => Bare(l.Name))];

    /// <summary>Reads a file.</summary>
    /// <exception cref="InvalidDataException">It is something else, or damaged; the message says where.</exception>
    public static FastTextClassifier Load(string path)
    {
        using var file = new FastTextFile(path);
        if (file.Integer("The first number", int.MinValue, int.MaxValue) != Magic)
            throw file.Bad("It does not begin as a fastText model does");
        int version = file.Integer("The version", 11, NewestVersion);
        int width = file.Integer("The width", 1, MaxWidth);
        file.Skip(4 * sizeof(int)); // window, epochs, least count, negatives: of training only
        int sequence = file.Integer("The longest sequence of words", 0, 64);
        int loss = file.Integer("The loss", 1, 4);
        int model = file.Integer("The kind of model", 1, 3);
        int buckets = file.Integer("The number of buckets", 0, int.MaxValue);
        int minPiece = file.Integer("The shortest piece of a word", 0, 64);
        int maxPiece = file.Integer("The longest piece of a word", 0, 64);
        file.Skip(sizeof(int) + sizeof(double)); // learning rate's updates, sampling threshold
        if (model != Supervised)
            throw file.Bad("It holds word vectors, which can't tell languages");
        // Version 11 wrote a length of pieces that its classifiers did not use.
        var settings = new FastTextDictionary.Settings(sequence, buckets, minPiece, version == 11 ? 0 : maxPiece);
        if (settings.UsesHashes && buckets == 0)
            throw file.Bad("Pieces of words have no buckets");
        var dictionary = FastTextDictionary.Read(file, settings);
        bool quantised = file.Flag("Whether the input is quantised");
        if (dictionary.IsPruned && !quantised)
            throw file.Bad("Hashes were left out of a matrix that is not quantised");
        var input = FastTextMatrix.Read(file, quantised);
        var output = FastTextMatrix.Read(file, file.Flag("Whether the output is quantised") && quantised);
        if (input.Columns != width || output.Columns != width)
            throw file.Bad($"The matrices have {input.Columns:N0} and {output.Columns:N0} columns, not {width:N0}");
        if (input.Rows < dictionary.Rows || output.Rows != dictionary.Labels.Count)
            throw file.Bad($"The matrices have {input.Rows:N0} and {output.Rows:N0} rows for {dictionary.Rows:N0} "
                + $"words and hashes and {dictionary.Labels.Count:N0} labels");
        if (dictionary.Labels.Aggregate(0.0, (sum, label) => sum + label.Count) > MaxCount)
            throw file.Bad("The labels were seen more often than anything can be");
        long[] counts = [.. dictionary.Labels.Select(l => l.Count)];
        return new(dictionary, input, new FastTextOutput(output, (FastTextOutput.Kind)loss, counts));
    }

    /// <summary>The likeliest labels of a text, without prefix; none where nothing of the text is known.</summary>
    /// <param name="text">Counts as one line, whatever line breaks it has.</param>
    /// <param name="count">At most so many.</param>
    public IReadOnlyList<(string Label, double Probability)> Predict(string text, int count)
    {
        var rows = _dictionary.RowsOf(text);
        if (rows.Count == 0)
            return [];
        float[] hidden = new float[_input.Columns];
        foreach (int row in rows)
            _input.AddRow(row, hidden);
        float share = (float)(1.0 / rows.Count);
        for (int i = 0; i < hidden.Length; i++)
            hidden[i] *= share;
        return [.. _output.Predict(hidden).Where(l => float.IsFinite(l.Log)).OrderByDescending(l => l.Log).Take(count)
            .Select(l => (Bare(_dictionary.Labels[l.Label].Name), (double)MathF.Exp(l.Log)))];
    }

    private static string Bare(string label) =>
        label.StartsWith("__label__", StringComparison.Ordinal) ? label["__label__".Length..] : label;
}
