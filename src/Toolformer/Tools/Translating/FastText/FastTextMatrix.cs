namespace Toolformer.Tools.Translating.FastText;

/// <summary>A matrix of which rows are added up or multiplied with a vector.</summary>
internal abstract class FastTextMatrix
{
    public abstract long Rows { get; }

    public abstract int Columns { get; }

    public abstract void AddRow(long row, Span<float> sum);

    public abstract float Dot(long row, ReadOnlySpan<float> vector);

    public static FastTextMatrix Read(FastTextFile file, bool quantised) =>
        quantised ? QuantisedMatrix.Read(file) : DenseMatrix.Read(file);
}

/// <summary>Rows of floats.</summary>
internal sealed class DenseMatrix : FastTextMatrix
{
    private readonly float[] _values;

    private DenseMatrix(long rows, int columns, float[] values)
    {
        Rows = rows;
        Columns = columns;
        _values = values;
    }

    public override long Rows { get; }

    public override int Columns { get; }

    public static DenseMatrix Read(FastTextFile file)
    {
        long rows = file.Long("The number of a matrix's rows", 1, int.MaxValue);
        int columns = (int)file.Long("The number of a matrix's columns", 1, FastTextClassifier.MaxWidth);
        return new(rows, columns, file.Floats("A matrix", rows * columns));
    }

    public override void AddRow(long row, Span<float> sum)
    {
        var values = _values.AsSpan((int)(row * Columns), Columns);
        for (int i = 0; i < values.Length; i++)
            sum[i] += values[i];
    }

    public override float Dot(long row, ReadOnlySpan<float> vector)
    {
        var values = _values.AsSpan((int)(row * Columns), Columns);
        float sum = 0;
        for (int i = 0; i < values.Length; i++)
            sum += values[i] * vector[i];
        return sum;
    }
}

/// <summary>
/// Rows that are cut into pieces, each of which is stored as the number of one of 256 centroids (product quantisation,
/// Jégou et al. 2011); a row's length may be stored apart in the same way.
/// </summary>
internal sealed class QuantisedMatrix : FastTextMatrix
{
    private readonly byte[] _codes;
    private readonly Quantiser _quantiser;
    private readonly byte[]? _lengthCodes;
    private readonly Quantiser? _lengths;

    private QuantisedMatrix(
        long rows, int columns, byte[] codes, Quantiser quantiser, byte[]? lengthCodes, Quantiser? lengths)
    {
        Rows = rows;
        Columns = columns;
        _codes = codes;
        _quantiser = quantiser;
        _lengthCodes = lengthCodes;
        _lengths = lengths;
    }

    public override long Rows { get; }

    public override int Columns { get; }

    public static QuantisedMatrix Read(FastTextFile file)
    {
        bool lengthsApart = file.Flag("Whether lengths are quantised");
        long rows = file.Long("The number of a matrix's rows", 1, int.MaxValue);
        int columns = (int)file.Long("The number of a matrix's columns", 1, FastTextClassifier.MaxWidth);
        int size = file.Integer("The number of codes", 1, int.MaxValue);
        byte[] codes = file.Codes("The codes of a matrix", size);
        var quantiser = Quantiser.Read(file);
        if (quantiser.Width != columns || (long)quantiser.Pieces * rows != size)
            throw file.Bad($"A matrix of {rows:N0} rows and {columns:N0} columns has {size:N0} codes for pieces "
                + $"of rows of {quantiser.Width:N0}");
        if (!lengthsApart)
            return new(rows, columns, codes, quantiser, null, null);
        byte[] lengthCodes = file.Codes("The codes of the rows' lengths", rows);
        var lengths = Quantiser.Read(file);
        return lengths.Width == 1
            ? new(rows, columns, codes, quantiser, lengthCodes, lengths)
            : throw file.Bad($"The rows' lengths have {lengths.Width:N0} numbers each instead of one");
    }

    public override void AddRow(long row, Span<float> sum)
    {
        float length = Length(row);
        var codes = Codes(row);
        for (int piece = 0; piece < codes.Length; piece++)
        {
            var centroid = _quantiser.Centroid(piece, codes[piece]);
            var part = sum[(piece * _quantiser.PieceWidth)..];
            for (int i = 0; i < centroid.Length; i++)
                part[i] += length * centroid[i];
        }
    }

    public override float Dot(long row, ReadOnlySpan<float> vector)
    {
        float sum = 0;
        var codes = Codes(row);
        for (int piece = 0; piece < codes.Length; piece++)
        {
            var centroid = _quantiser.Centroid(piece, codes[piece]);
            var part = vector[(piece * _quantiser.PieceWidth)..];
            for (int i = 0; i < centroid.Length; i++)
                sum += part[i] * centroid[i];
        }
        return sum * Length(row);
    }

    private ReadOnlySpan<byte> Codes(long row) =>
        _codes.AsSpan((int)(row * _quantiser.Pieces), _quantiser.Pieces);

    private float Length(long row) => _lengths is null ? 1 : _lengths.Centroid(0, _lengthCodes![row])[0];

    /// <summary>The centroids: for each piece 256, the last piece possibly narrower.</summary>
    private sealed record Quantiser(int Width, int Pieces, int PieceWidth, int LastWidth, float[] Centroids)
    {
        private const int PerPiece = 256;

        public static Quantiser Read(FastTextFile file)
        {
            int width = file.Integer("The width of what is quantised", 1, FastTextClassifier.MaxWidth);
            int pieces = file.Integer("The number of pieces", 1, width);
            int pieceWidth = file.Integer("The width of a piece", 1, width);
            int lastWidth = file.Integer("The width of the last piece", 1, pieceWidth);
            if ((pieces - 1) * (long)pieceWidth + lastWidth != width)
                throw file.Bad($"{pieces:N0} pieces of {pieceWidth:N0}, the last of {lastWidth:N0}, "
                    + $"make no {width:N0}");
            return new(width, pieces, pieceWidth, lastWidth, file.Floats("The centroids", (long)width * PerPiece));
        }

        public ReadOnlySpan<float> Centroid(int piece, byte code)
        {
            int width = piece == Pieces - 1 ? LastWidth : PieceWidth;
            return Centroids.AsSpan(piece * PerPiece * PieceWidth + code * width, width);
        }
    }
}
