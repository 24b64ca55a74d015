using System.Text.Json;
using System.Text.RegularExpressions;
using static Toolformer.Torch.Tokenizers.TokenizerJson;

namespace Toolformer.Torch.Tokenizers;

/// <summary>
/// What stands around the model in a <c>tokenizer.json</c>: normalizer, pre_tokenizer, post_processor and decoder.
/// </summary>
internal sealed class TokenizerJsonSteps
{
    // The characters that the reference's library calls punctuation, and its words.
    private const string Punctuation = @"[!-/:-@\[-`{-~\p{P}]", WordCharacter = @"\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}";

    private readonly string _file;
    private readonly List<SplitStep> _splits = [];
    private readonly List<Normalizer> _spacing = [];
    private bool _wordsOnly;

    public TokenizerJsonSteps(string file, JsonElement root)
    {
        _file = file;
        if (Step(root, "normalizer") is { } normalizer)
        {
            var steps = new List<Normalizer>();
            AddNormalizer(normalizer, steps);
            Normalizer = Tokenizers.Normalizer.InTurn(steps);
        }
        if (Step(root, "pre_tokenizer") is { } preTokenizer)
            AddPreTokenizer(preTokenizer);
        Spacing = Tokenizers.Normalizer.InTurn(_spacing);
        if (Step(root, "post_processor") is { } processor)
            AddFrame(processor);
        if (Step(root, "decoder") is { } decoder)
            Bytes = IsByteLevel ? CheckByteLevel(decoder) : Decoder(decoder);
    }

    public Normalizer? Normalizer { get; }
    public Normalizer? Spacing { get; }
    public IReadOnlyList<SplitStep> Splits => _splits;
    public TextFrame Frame { get; private set; } = TextFrame.None;

    /// <summary>What the decoder says; null: it says nothing that the model does not.</summary>
    public TokenBytes? Bytes { get; }

    /// <summary>Whether the pre-tokenizer spells words in the byte alphabet.</summary>
    public bool IsByteLevel { get; private set; }

    private void AddNormalizer(JsonElement step, List<Normalizer> steps)
    {
        switch (Text(step, "type"))
        {
            case "Sequence":
                foreach (JsonElement inner in step.GetProperty("normalizers").EnumerateArray())
                    AddNormalizer(inner, steps);
                break;
            case "NFC" or "NFD" or "NFKC" or "NFKD":
                string form = Text(step, "type")!;
                steps.Add(new UnicodeNormalizer(compose: form[^1] == 'C', compatible: form.Length == 4));
                break;
            case "Lowercase":
                steps.Add(CharacterNormalizer.Lowercase);
                break;
            case "StripAccents":
                steps.Add(CharacterNormalizer.WithoutMarks);
                break;
            case "Strip":
                steps.Add(new TrimmingNormalizer(Flag(step, "strip_left"), Flag(step, "strip_right")));
                break;
            case "Prepend":
                steps.Add(new PrependingNormalizer(Short(step, "prepend"), Prepending.Always, unless: null));
                break;
            case "Replace":
                steps.Add(new ReplacingNormalizer(PreTokenizer.Compile(Pattern(step)), Short(step, "content")));
                break;
            case "Precompiled":
                byte[] map = step.GetProperty("precompiled_charsmap").GetBytesFromBase64();
                if (map.Length > 0)
                    steps.Add(new SentencePieceNormalizer { Map = new CharacterMap(map), EscapesSpaces = false });
                break;
            case "BertNormalizer":
                bool lower = Flag(step, "lowercase", otherwise: true);
                steps.AddRange(Bert.Normalizers(Flag(step, "clean_text", otherwise: true),
                    Flag(step, "handle_chinese_chars", otherwise: true),
                    Flag(step, "strip_accents", otherwise: lower), lower));
                break;
            case var type:
                throw Unsupported(_file, "normalizer.type", $"\"{type}\"", "Sequence, NFC, NFD, NFKC, NFKD, Lowercase, "
                    + "StripAccents, Strip, Prepend, Replace, Precompiled and BertNormalizer");
        }
    }

    private void AddPreTokenizer(JsonElement step)
    {
        string? type = Text(step, "type");
        switch (type)
        {
            case "Sequence":
                foreach (JsonElement inner in step.GetProperty("pretokenizers").EnumerateArray())
                    AddPreTokenizer(inner);
                break;
            case "ByteLevel":
                if (Flag(step, "add_prefix_space"))
                {
                    if (_splits.Count > 0)
                        throw Unsupported(_file, "pre_tokenizer", "ByteLevel with add_prefix_space after other steps",
                            "that as the first step");
                    _spacing.Add(new PrependingNormalizer(" ", Prepending.Always, char.IsWhiteSpace));
                }
                if (Flag(step, "use_regex", otherwise: true))
                    _splits.Add(new SplitStep(PreTokenizer.Gpt2Pattern));
                IsByteLevel = true;
                break;
            case "Digits":
                _splits.Add(new SplitStep(Flag(step, "individual_digits") ? @"\p{N}" : @"\p{N}+"));
                break;
            case "Split":
                _splits.Add(new SplitStep(Pattern(step), Behavior(step), Flag(step, "invert")));
                break;
            case "Punctuation":
                _splits.Add(new SplitStep(Punctuation, Behavior(step)));
                break;
            case "Whitespace":
                _splits.Add(new SplitStep(
                    $"[{WordCharacter}]+|[^{WordCharacter}\\s]+", SplitBehavior.Removed, Invert: true));
                break;
            case "WhitespaceSplit":
                _splits.Add(new SplitStep(@"\s+", SplitBehavior.Removed));
                _wordsOnly = _splits.Count == 1;
                return;
            case "BertPreTokenizer":
                _splits.AddRange(Bert.Splits);
                break;
            case "Metaspace":
                AddMetaspace(step);
                break;
            default:
                throw Unsupported(_file, "pre_tokenizer.type", $"\"{type}\"", "Sequence, ByteLevel, Split, Digits, "
                    + "Punctuation, Whitespace, WhitespaceSplit, BertPreTokenizer and Metaspace");
        }
        _wordsOnly = false;
    }

    private void AddMetaspace(JsonElement step)
    {
        string mark = Text(step, "replacement") ?? "▁";
        if (mark.Length != 1)
            throw Unsupported(_file, "pre_tokenizer.replacement", $"\"{mark}\"", "one character");
        Prepending prepending = Text(step, "prepend_scheme") switch
        {
            "always" => Prepending.Always,
            "first" => Prepending.First,
            "never" => Prepending.Never,
            null => Flag(step, "add_prefix_space", otherwise: true) ? Prepending.Always : Prepending.Never,
            var other => throw Unsupported(
                _file, "pre_tokenizer.prepend_scheme", $"\"{other}\"", "always, first and never"),
        };
        if (_wordsOnly && prepending == Prepending.Always)
        {
            _splits.Clear();
            _spacing.Add(new MarkedWordsNormalizer(mark[0]));
        }
        else if (_splits.Count > 0)
            throw Unsupported(_file, "pre_tokenizer", "Metaspace after other steps",
                "Metaspace first, or after WhitespaceSplit with prepend_scheme always");
        else
        {
            _spacing.Add(new CharacterNormalizer(rune => rune.Value == ' ' ? mark : null));
            _spacing.Add(new PrependingNormalizer(mark, prepending, c => c == mark[0]));
        }
        if (Flag(step, "split", otherwise: true))
            _splits.Add(new SplitStep(Regex.Escape(mark), SplitBehavior.MergedWithNext));
    }

    private void AddFrame(JsonElement step)
    {
        switch (Text(step, "type"))
        {
            case "Sequence":
                foreach (JsonElement inner in step.GetProperty("processors").EnumerateArray())
                    AddFrame(inner);
                break;
            case "ByteLevel":
                break; // about offsets only
            case "TemplateProcessing":
                JsonElement tokens = step.GetProperty("special_tokens");
                Frame = new TextFrame(Template(step.GetProperty("single"), tokens),
                    Template(step.GetProperty("pair"), tokens));
                break;
            case "BertProcessing" or "RobertaProcessing":
                bool bert = Text(step, "type") == "BertProcessing";
                FramePart Mark(string name, int type) =>
                    new(FrameSlot.Tokens, [step.GetProperty(name)[1].GetInt32()], bert ? type : 0);
                var first = new FramePart(FrameSlot.First, [], 0);
                var second = new FramePart(FrameSlot.Second, [], bert ? 1 : 0);
                Frame = new TextFrame(
                    [Mark("cls", 0), first, Mark("sep", 0)],
                    [Mark("cls", 0), first, Mark("sep", 0), .. bert ? [] : (FramePart[])[Mark("sep", 0)], second,
                        Mark("sep", 1)]);
                break;
            case var type:
                throw Unsupported(_file, "post_processor.type", $"\"{type}\"",
                    "Sequence, ByteLevel, TemplateProcessing, BertProcessing and RobertaProcessing");
        }
    }

    private static FramePart[] Template(JsonElement template, JsonElement tokens) =>
        [.. template.EnumerateArray().Select(part =>
        {
            if (part.TryGetProperty("Sequence", out JsonElement text))
            {
                FrameSlot slot = text.GetProperty("id").GetString() == "A" ? FrameSlot.First : FrameSlot.Second;
                return new FramePart(slot, [], text.GetProperty("type_id").GetInt32());
            }
            JsonElement special = part.GetProperty("SpecialToken");
            JsonElement ids = tokens.GetProperty(special.GetProperty("id").GetString() ?? "").GetProperty("ids");
            return new FramePart(FrameSlot.Tokens, [.. ids.EnumerateArray().Select(i => i.GetInt32())],
                special.GetProperty("type_id").GetInt32());
        })];

    private TokenBytes? CheckByteLevel(JsonElement decoder) => Text(decoder, "type") == "ByteLevel"
        ? null
        : throw Unsupported(_file, "decoder.type", $"\"{Text(decoder, "type")}\" with a ByteLevel pre_tokenizer",
            "ByteLevel");

    private TokenBytes Decoder(JsonElement decoder)
    {
        var replacements = new List<(string, string)>();
        bool bytes = false;
        var leading = LeadingSpace.Kept;
        TokenBytes? words = null;
        Add(decoder);
        return words ?? TokenBytes.Pieces(replacements, bytes, leading);

        void Add(JsonElement step)
        {
            switch (Text(step, "type"))
            {
                case "Sequence":
                    foreach (JsonElement inner in step.GetProperty("decoders").EnumerateArray())
                        Add(inner);
                    break;
                case "Replace" when Text(step.GetProperty("pattern"), "String") is { Length: > 0 } from:
                    replacements.Add((from, Short(step, "content")));
                    break;
                case "ByteFallback":
                    bytes = true;
                    break;
                case "Fuse":
                    break; // tokens are joined anyway
                case "Strip" when Text(step, "content") == " " && step.GetProperty("stop").GetInt32() == 0
                    && step.GetProperty("start").GetInt32() is 0 or 1:
                    leading = step.GetProperty("start").GetInt32() == 1 ? LeadingSpace.DroppedOnce : leading;
                    break;
                case "Metaspace" when (Text(step, "replacement") ?? "▁") is { Length: > 0 } mark:
                    replacements.Add((mark, " "));
                    bool kept = Text(step, "prepend_scheme") == "never" || (Text(step, "prepend_scheme") is null
                        && !Flag(step, "add_prefix_space", otherwise: true));
                    leading = kept ? LeadingSpace.Kept : LeadingSpace.AllOfFirstToken;
                    break;
                case "WordPiece":
                    words = TokenBytes.WordPiece(Text(step, "prefix") ?? "##", Flag(step, "cleanup", otherwise: true));
                    break;
                case var type:
                    throw Unsupported(_file, "decoder.type", $"\"{type}\" in {step.GetRawText()}",
                        "Sequence, ByteLevel, Replace of strings, ByteFallback, Fuse, Strip of one leading space, "
                        + "Metaspace and WordPiece");
            }
        }
    }

    private SplitBehavior Behavior(JsonElement step) => Text(step, "behavior") is not { } name
        ? SplitBehavior.Isolated
        : Enum.TryParse(name, out SplitBehavior behavior) && !int.TryParse(name, out _)
            ? behavior
            : throw Unsupported(_file, "pre_tokenizer.behavior", $"\"{name}\"",
                string.Join(", ", Enum.GetNames<SplitBehavior>()));

    /// <summary>What is put into texts again and again: a file must not make them thousands of times as long.</summary>
    private static string Short(JsonElement step, string name) => Text(step, name) is var text
        && text is null or { Length: <= 100 }
            ? text ?? ""
            : throw new FormatException($"The \"{name}\" of a step has {text.Length} characters.");

    private static string Pattern(JsonElement step)
    {
        JsonElement pattern = step.GetProperty("pattern");
        return Text(pattern, "Regex")
            ?? Regex.Escape(Text(pattern, "String") ?? throw new FormatException("A step has no pattern."));
    }

    private static JsonElement? Step(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out JsonElement step) && step.ValueKind != JsonValueKind.Null ? step : null;
}
