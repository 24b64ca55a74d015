namespace Toolformer.Torch.Tokenizers;

/// <summary>What BERT's tokenizers have in common, and the oldest of their files, a token per line.</summary>
internal static class Bert
{
    /// <summary>White space goes, each punctuation character is a word.</summary>
    public static IReadOnlyList<SplitStep> Splits { get; } =
        [new(@"\s+", SplitBehavior.Removed), new(@"[!-/:-@\[-`{-~\p{P}]")];

    public static IEnumerable<Normalizer> Normalizers(bool clean, bool spacedChinese, bool withoutAccents, bool lower)
    {
        if (clean)
            yield return CharacterNormalizer.Clean;
        if (spacedChinese)
            yield return CharacterNormalizer.SpacedChinese;
        if (withoutAccents)
        {
            yield return new UnicodeNormalizer(compose: false, compatible: false);
            yield return CharacterNormalizer.WithoutNonSpacingMarks;
        }
        if (lower)
            yield return CharacterNormalizer.Lowercase;
    }

    /// <summary>A WordPiece model over some tokens; all else is for the caller to say.</summary>
    public static TokenizerParts Words(Dictionary<string, int> tokens, string mark, int longestWord, int unknown)
    {
        CharacterTrie beginnings = new(), continuations = new();
        foreach ((string token, int id) in tokens)
        {
            beginnings.Add(token, id);
            if (mark.Length == 0 || (token.StartsWith(mark, StringComparison.Ordinal) && token.Length > mark.Length))
                continuations.Add(token[mark.Length..], id);
        }
        return new TokenizerParts
        {
            Spellings = [],
            Source = "",
            Model = new WordPiece(beginnings, continuations, longestWord) { Unknown = unknown },
            Bytes = TokenBytes.WordPiece(mark, clean: true),
        };
    }

    /// <summary>Reads <c>vocab.txt</c>; how texts are normalised is said in <c>tokenizer_config.json</c>.</summary>
    /// <exception cref="InvalidDataException">The vocabulary has not the tokens that BERT needs.</exception>
    public static TokenizerParts Read(string file, string text, TokenizerConfig config)
    {
        var tokens = new TokenizerFiles.TokenList(file);
        string[] lines = text.Split('\n');
        int count = lines[^1].Length == 0 ? lines.Length - 1 : lines.Length;
        for (int id = 0; id < count; id++)
            tokens.Add(lines[id].TrimEnd('\r'), id);
        var added = config.Added.ToList();
        foreach (string role in (string[])["unk", "sep", "pad", "cls", "mask"])
        {
            string content = config.Text(role + "_token") ?? $"[{role.ToUpperInvariant()}]";
            if (tokens.Find(content) is { } id && !added.Any(t => t.Id == id))
                added.Add(new AddedToken(id, content, Special: true));
        }
        foreach (AddedToken token in added)
            tokens.AddUnlessThere(token.Content, token.Id);
        string[] spellings = tokens.Spellings();
        var ids = TokenizerParts.Ids(spellings, file);
        int unknown = Role("unk"), start = Role("cls"), separator = Role("sep");
        bool lower = config.Flag("do_lower_case") ?? true;
        FramePart Mark(int id, int type) => new(FrameSlot.Tokens, [id], type);
        FramePart first = new(FrameSlot.First, [], 0);
        return Words(TokenizerParts.WithoutAdded(ids, added), "##", 100, unknown) with
        {
            Spellings = spellings,
            AddedTokens = added,
            Normalizer = Normalizer.InTurn([.. Normalizers(clean: true,
                config.Flag("tokenize_chinese_chars") ?? true, config.Flag("strip_accents") ?? lower, lower)]),
            PreTokenizer = new PreTokenizer(Splits),
            Frame = new TextFrame(
                [Mark(start, 0), first, Mark(separator, 0)],
                [Mark(start, 0), first, Mark(separator, 0), new(FrameSlot.Second, [], 1), Mark(separator, 1)]),
            Source = file,
        };

        int Role(string role)
        {
            string content = config.Text(role + "_token") ?? $"[{role.ToUpperInvariant()}]";
            return ids.TryGetValue(content, out int id)
                ? id
                : throw TokenizerFiles.Malformed(file, $"There is no token \"{content}\" in {spellings.Length} lines.");
        }
    }
}
