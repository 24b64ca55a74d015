namespace Toolformer.Torch.Tokenizers;

/// <summary>
/// Tokenizers from a SentencePiece <c>.model</c> file, with the ids that the model's family gives the pieces and the
/// tokens that it adds to them.
/// </summary>
internal static class SentencePieceFile
{
    // NLLB's own vocabulary, whose weights have the languages before <mask>; see Nllb.
    private const int ReleasedNllbPieces = 256_000;

    public static IReadOnlyList<string> Names { get; } =
        ["tokenizer.model", "sentencepiece.bpe.model", "spiece.model", "sentencepiece.model"];

    /// <summary>The file of a folder; null: there is none.</summary>
    public static string? In(string folder) =>
        Names.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    /// <exception cref="InvalidDataException">The file is malformed or of a kind that can't be read.</exception>
    public static TokenizerParts Read(string file, TokenizerConfig config)
    {
        SentencePieceModel model;
        try
        {
            model = SentencePieceModel.Parse(TokenizerFiles.ReadBytes(file));
        }
        catch (FormatException e)
        {
            throw TokenizerFiles.Malformed(file, $"This can't be read as a SentencePiece model: {e.Message}", e);
        }
        // The folders of families that arose from fairseq have this name for the file.
        string ids = Path.Combine(Path.GetDirectoryName(file)!, "vocab.json");
        string family = config.Class
            ?? (Path.GetFileName(file) != Names[1] ? "" : File.Exists(ids) ? "M2M100Tokenizer" : "NllbTokenizer");
        return family switch
        {
            "" or "LlamaTokenizer" or "CodeLlamaTokenizer" or "GemmaTokenizer" or "T5Tokenizer"
                or "PreTrainedTokenizer" => Plain(model, file, config, family),
            "NllbTokenizer" => Nllb(model, file, config),
            "M2M100Tokenizer" => M2M100(model, ids, config),
            "XLMRobertaTokenizer" => Fairseq(model, file, config, ["<mask>"]),
            _ => throw new InvalidDataException(
                $"The tokenizer_class is \"{family}\"; what can be read from {Path.GetFileName(file)} is "
                + "LlamaTokenizer, CodeLlamaTokenizer, GemmaTokenizer, T5Tokenizer, NllbTokenizer, M2M100Tokenizer and "
                + "XLMRobertaTokenizer. In "
                + $"{config.File}. Put the model's tokenizer.json beside it, or use another model."),
        };
    }

    private static TokenizerParts Plain(SentencePieceModel model, string file, TokenizerConfig config, string family)
    {
        bool llama = family is "LlamaTokenizer" or "CodeLlamaTokenizer" or "GemmaTokenizer"
            || (family == "" && Path.GetFileName(file) == Names[0]);
        int[] before = (config.Flag("add_bos_token") ?? llama) && model.Beginning >= 0 ? [model.Beginning] : [];
        int[] after = (config.Flag("add_eos_token") ?? family == "T5Tokenizer") && model.End >= 0 ? [model.End] : [];
        FramePart Fixed(int[] ids) => new(FrameSlot.Tokens, ids, 0);
        FramePart first = new(FrameSlot.First, [], 0), second = new(FrameSlot.Second, [], 0);
        return Build(model, file, config.Added, config) with
        {
            Frame = new TextFrame(
                [Fixed(before), first, Fixed(after)],
                [Fixed(before), first, Fixed(after), Fixed(before), second, Fixed(after)]),
        };
    }

    /// <summary>
    /// NLLB's tokens: fairseq's ids, then the languages. The reference puts &lt;mask&gt; before the languages where no
    /// file says otherwise; the weights that were released have it after them.
    /// </summary>
    private static TokenizerParts Nllb(SentencePieceModel model, string file, TokenizerConfig config)
    {
        IReadOnlyList<string> languages = LanguageTokens.Nllb;
        return Fairseq(model, file, config, model.Pieces.Count == ReleasedNllbPieces
            ? [.. languages, "<mask>"]
            : ["<mask>", .. languages]);
    }

    /// <summary>M2M-100's tokens: the ids are those of a file of their own, and the languages follow.</summary>
    private static TokenizerParts M2M100(SentencePieceModel model, string file, TokenizerConfig config)
    {
        var tokens = new TokenizerFiles.TokenList(file);
        TokenizerJson.Parse(file, TokenizerFiles.ReadText(file), tokens.Add);
        var pieces = model.Pieces.Where(p => p.Kind == PieceKind.Normal).DistinctBy(p => p.Text)
            .ToDictionary(p => p.Text, StringComparer.Ordinal);
        SentencePiece[] byId = [.. tokens.Spellings().Select(token =>
            pieces.TryGetValue(token, out var piece) ? piece : new SentencePiece(token, 0, token switch
            {
                "<unk>" => PieceKind.Unknown,
                "<s>" or "<pad>" or "</s>" => PieceKind.Control,
                _ => PieceKind.Unused,
            }))];
        IReadOnlyList<AddedToken> languages = config.Added.Count > 0
            ? config.Added
            : [.. LanguageTokens.M2M100.Select((code, i) => new AddedToken(byId.Length + i, code, Special: true))];
        return Build(model with { Pieces = byId }, file, languages, config);
    }

    /// <summary>fairseq's ids: its own four marks first, then the pieces without SentencePiece's three.</summary>
    private static TokenizerParts Fairseq(
        SentencePieceModel model, string file, TokenizerConfig config, IReadOnlyList<string> more)
    {
        string[] marks = [.. model.Pieces.Take(3).Select(p => p.Text)];
        if (!marks.SequenceEqual(["<unk>", "<s>", "</s>"]))
            throw TokenizerFiles.Malformed(file, $"The first pieces are \"{string.Join("\", \"", marks)}\" and not "
                + "\"<unk>\", \"<s>\", \"</s>\", in whose places fairseq's ids have others.");
        SentencePieceModel shifted = model with
        {
            Beginning = 0,
            End = 2,
            Pieces = [new("<s>", 0, PieceKind.Control), new("<pad>", 0, PieceKind.Control),
                new("</s>", 0, PieceKind.Control), new("<unk>", 0, PieceKind.Unknown), .. model.Pieces.Skip(3)],
        };
        int next = shifted.Pieces.Count;
        IReadOnlyList<AddedToken> added = config.Added.Count > 0
            ? config.Added
            : [.. more.Select((token, i) =>
                new AddedToken(next + i, token, Special: true, StripLeft: token == "<mask>"))];
        FramePart start = new(FrameSlot.Tokens, [0], 0), end = new(FrameSlot.Tokens, [2], 0);
        FramePart first = new(FrameSlot.First, [], 0), second = new(FrameSlot.Second, [], 0);
        return Build(shifted, file, added, config) with
        {
            Frame = new TextFrame([start, first, end], [start, first, end, end, second, end]),
        };
    }

    private static TokenizerParts Build(
        SentencePieceModel model, string file, IReadOnlyList<AddedToken> more, TokenizerConfig config)
    {
        var pieces = model.Pieces;
        var tokens = new TokenizerFiles.TokenList(file);
        var added = new List<AddedToken>();
        for (int id = 0; id < pieces.Count; id++)
        {
            tokens.Add(pieces[id].Text, id);
            if (pieces[id].Kind is PieceKind.Control or PieceKind.Unknown && pieces[id].Text.Length > 0
                && !more.Any(t => t.Id == id))
                added.Add(new AddedToken(id, pieces[id].Text, Special: true));
        }
        foreach (AddedToken token in more)
            tokens.AddUnlessThere(token.Content, token.Id);
        string[] spellings = tokens.Spellings();

        var userDefined = new CharacterTrie();
        for (int id = 0; id < pieces.Count; id++)
        {
            if (pieces[id].Kind == PieceKind.UserDefined && pieces[id].Text.Length > 0)
                userDefined.Add(pieces[id].Text, id);
        }
        int? unknown = Enumerable.Range(0, pieces.Count).Where(id => pieces[id].Kind == PieceKind.Unknown)
            .Select(id => (int?)id).FirstOrDefault();
        int[]? byteTokens = model.ByteFallback ? TokenizerParts.ByteTokens(TokenizerParts.Ids(spellings, file)) : null;
        if (model.ByteFallback && byteTokens is null)
            throw TokenizerFiles.Malformed(file, "It falls back to bytes, but not all 256 have a piece.");

        bool prefix = config.Flag("add_prefix_space") ?? model.AddsPrefix;
        LeadingSpace leading = model.JoinsSpaces ? LeadingSpace.DroppedUntilText
            : model.AddsPrefix ? LeadingSpace.DroppedOnce
            : LeadingSpace.Kept;
        return new TokenizerParts
        {
            Spellings = spellings,
            AddedTokens = [.. added, .. more],
            Normalizer = new SentencePieceNormalizer
            {
                Map = model.Map,
                UserDefined = userDefined,
                Prefix = !prefix ? Prepending.Never
                    : config.Flag("legacy") == false ? Prepending.First
                    : Prepending.Always,
                JoinsSpaces = model.JoinsSpaces,
                EscapesSpaces = model.EscapesSpaces,
            },
            PreTokenizer = TokenizerParts.BeforeSpaces(pieces.Select(p => p.Text)) ?? new PreTokenizer(),
            Model = model.IsUnigram ? OfUnigram(pieces, unknown, byteTokens)
                : OfPairs(pieces, userDefined, unknown, byteTokens),
            FusesUnknownAcrossWords = true,
            Bytes = TokenBytes.Pieces([("▁", " ")], pieces.Any(p => p.Kind == PieceKind.Byte), leading),
            Source = file,
        };
    }

    private static CharacterBpe OfPairs(
        IReadOnlyList<SentencePiece> pieces, CharacterTrie userDefined, int? unknown, int[]? byteTokens)
    {
        var (merger, characters) = CharacterBpe.ByScores(
            [.. pieces.Select(p => p.Text)], [.. pieces.Select(p => p.Score)],
            id => pieces[id].Kind == PieceKind.Normal);
        return new CharacterBpe(merger, characters, pieces.Count, userDefined, wholeWords: null)
        {
            Unknown = unknown,
            ByteTokens = byteTokens,
            FusesUnknown = true,
        };
    }

    private static Unigram OfUnigram(IReadOnlyList<SentencePiece> pieces, int? unknown, int[]? byteTokens)
    {
        var trie = new CharacterTrie();
        var scores = new float[pieces.Count];
        float[] normal = [.. pieces.Where(p => p.Kind == PieceKind.Normal).Select(p => p.Score)];
        float lowest = normal.DefaultIfEmpty().Min(), highest = normal.DefaultIfEmpty().Max();
        for (int id = 0; id < pieces.Count; id++)
        {
            if (pieces[id].Kind is not (PieceKind.Normal or PieceKind.UserDefined) || pieces[id].Text.Length == 0)
                continue;
            trie.Add(pieces[id].Text, id);
            // A user-defined piece wins over whatever else could be written in its place.
            scores[id] = pieces[id].Kind == PieceKind.Normal
                ? pieces[id].Score
                : System.Text.Encoding.UTF8.GetByteCount(pieces[id].Text) * highest - 0.1f;
        }
        return new Unigram(trie, scores, lowest - Unigram.UnknownPenalty)
        {
            Unknown = unknown,
            ByteTokens = byteTokens,
            FusesUnknown = true,
        };
    }
}
