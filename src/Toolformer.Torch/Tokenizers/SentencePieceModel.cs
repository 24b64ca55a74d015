using System.Text;

namespace Toolformer.Torch.Tokenizers;

/// <summary>What SentencePiece's <c>.model</c> files hold, as far as encoding and decoding need it.</summary>
internal sealed record SentencePieceModel
{
    // The largest vocabularies in use have about 260,000 pieces.
    private const int MostPieces = 1 << 22, LongestPiece = 512;

    public required IReadOnlyList<SentencePiece> Pieces { get; init; }
    public required bool IsUnigram { get; init; }
    public required bool ByteFallback { get; init; }

    /// <summary>The id of the piece that begins a text; −1: none.</summary>
    public required int Beginning { get; init; }

    /// <summary>The id of the piece that ends a text; −1: none.</summary>
    public required int End { get; init; }

    public required CharacterMap? Map { get; init; }
    public required bool AddsPrefix { get; init; }
    public required bool JoinsSpaces { get; init; }
    public required bool EscapesSpaces { get; init; }

    /// <summary>Reads a message of the type sentencepiece.ModelProto.</summary>
    /// <exception cref="FormatException">The bytes are something else, or what can't be encoded with.</exception>
    public static SentencePieceModel Parse(ReadOnlySpan<byte> bytes)
    {
        var pieces = new List<SentencePiece>();
        ulong type = 1;
        bool byteFallback = false, prefix = true, join = true, escape = true;
        int beginning = 1, end = 2;
        CharacterMap? map = null;
        var message = new ProtobufReader(bytes);
        while (message.Read())
        {
            var inner = new ProtobufReader(message.Bytes);
            switch (message.Field)
            {
                case 1 when pieces.Count == MostPieces:
                    throw new FormatException($"There are more than {MostPieces:N0} pieces.");
                case 1:
                    pieces.Add(Piece(inner));
                    break;
                case 2: // trainer_spec
                    while (inner.Read())
                    {
                        switch (inner.Field)
                        {
                            case 3:
                                type = inner.Number;
                                break;
                            case 24 when inner.Number != 0:
                                throw new FormatException("treat_whitespace_as_suffix is true; it can be read false.");
                            case 35:
                                byteFallback = inner.Number != 0;
                                break;
                            case 41:
                                beginning = (int)inner.Number;
                                break;
                            case 42:
                                end = (int)inner.Number;
                                break;
                        }
                    }
                    break;
                case 3: // normalizer_spec
                    while (inner.Read())
                    {
                        switch (inner.Field)
                        {
                            case 2:
                                map = inner.Bytes.IsEmpty ? null : new CharacterMap(inner.Bytes);
                                break;
                            case 3:
                                prefix = inner.Number != 0;
                                break;
                            case 4:
                                join = inner.Number != 0;
                                break;
                            case 5:
                                escape = inner.Number != 0;
                                break;
                        }
                    }
                    break;
                case 5: // denormalizer_spec
                    while (inner.Read())
                    {
                        if (inner.Field == 2 && !inner.Bytes.IsEmpty)
                            throw new FormatException("The denormalizer has a character map; it can be read without.");
                    }
                    break;
            }
        }
        if (type is not (1 or 2))
            throw new FormatException($"model_type is {type}; what can be read is 1 (unigram) and 2 (BPE).");
        if (pieces.Count == 0)
            throw new FormatException("There are no pieces in it.");
        return new SentencePieceModel
        {
            Pieces = pieces,
            IsUnigram = type == 1,
            ByteFallback = byteFallback,
            Beginning = beginning,
            End = end,
            Map = map,
            AddsPrefix = prefix,
            JoinsSpaces = join,
            EscapesSpaces = escape,
        };
    }

    private static SentencePiece Piece(ProtobufReader message)
    {
        string text = "";
        float score = 0;
        ulong kind = 1;
        while (message.Read())
        {
            switch (message.Field)
            {
                case 1 when message.Bytes.Length > LongestPiece:
                    throw new FormatException($"A piece has {message.Bytes.Length} bytes.");
                case 1:
                    text = Encoding.UTF8.GetString(message.Bytes);
                    break;
                case 2:
                    score = float.IsFinite(message.Float)
                        ? message.Float
                        : throw new FormatException($"The piece \"{text}\" has the score {message.Float}.");
                    break;
                case 3:
                    kind = message.Number;
                    break;
            }
        }
        return kind is >= 1 and <= 6
            ? new SentencePiece(text, score, (PieceKind)kind)
            : throw new FormatException($"The piece \"{text}\" is of the type {kind}; there are 1 to 6.");
    }
}

/// <summary>A piece of a SentencePiece vocabulary.</summary>
internal readonly record struct SentencePiece(string Text, float Score, PieceKind Kind);

/// <summary>What a piece is for; the numbers are those in the files.</summary>
internal enum PieceKind
{
    /// <summary>Text.</summary>
    Normal = 1,

    /// <summary>What no piece writes.</summary>
    Unknown = 2,

    /// <summary>A mark that is no text.</summary>
    Control = 3,

    /// <summary>Text that is always a piece of its own.</summary>
    UserDefined = 4,

    /// <summary>In the list only.</summary>
    Unused = 5,

    /// <summary>A byte, "&lt;0x0A&gt;".</summary>
    Byte = 6,
}
