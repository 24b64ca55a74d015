using System.Text;
using CsCheck;
using Toolformer.Markup;
using Toolformer.Modeling;
using Toolformer.Torch.Tokenizers;

namespace Toolformer.Tests.Torch;

public sealed class SentencePieceTests : IDisposable
{
    private static readonly (string, float, int)[] Pieces =
    [
        .. PieceModel.Bytes, ("▁", -2, 1), ("a", -3, 1), ("b", -3, 1), ("▁a", -2.5f, 1), ("ab", -3, 1), ("▁[", -4, 1),
        ("▁▁", -1, 1), ("é", -5, 1), ("日", -5, 1), ("]", -6, 1), ("[", -6, 1), ("▁->", -6, 1), ("-", -7, 1),
        (">", -7, 1), ("->", -6.5f, 1), ("<x>", 0, 4), ("T", -6, 1), ("(", -6, 1), (")", -6, 1),
    ];

    private static readonly Gen<string> Texts = Gen.OneOf(
        Gen.OneOf(" ", "  ", "a", "b", "ab", "é", "e\u0301", "日", "😀", "<x>", "<s>", "<0x41>", " [", "]", " ->", "\n",
            "\0", "\uD83D", "\uDE00", "ﬁ", "Å", "½", "\u00A0", "\u3000").Array[0, 10].Select(string.Concat),
        Gen.String[0, 12]);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("pieces");

    private int _models;

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void With_bytes_to_fall_back_to_every_text_reads_back_as_it_was(bool pairs)
    {
        Tokenizer tokenizer = Load(PieceModel.Write(Pieces, pairs, byteFallback: true));
        Texts.Sample(text =>
        {
            string wellFormed = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)).Replace('▁', ' ');
            var tokens = tokenizer.Encode(text);
            Assert.Equal(wellFormed, tokenizer.Decode(tokens.Select(t => t.Id)));
            AssertSpans(text, tokens, whole: true);
            AssertStreams(tokenizer, [.. tokens.Select(t => t.Id)]);
            var more = tokenizer.EncodeContinuation(text).Select(t => t.Id);
            Assert.Equal(wellFormed, tokenizer.DecodeContinuation(more));
        });
    }

    [Theory]
    [InlineData("spiece.model")]
    [InlineData("test_sentencepiece.model")]
    [InlineData("test_sentencepiece_bpe.model")]
    [InlineData("test_sentencepiece_with_bytefallback.model")]
    public void Whatever_the_text_its_tokens_come_in_order_and_stream_as_they_read(string name)
    {
        Tokenizer tokenizer = Load(File.ReadAllBytes(Shared.Need("data", "tokenizers", "hf_fixtures", name)));
        Texts.Sample(text =>
        {
            var tokens = tokenizer.Encode(text);
            AssertSpans(text, tokens, whole: false);
            AssertStreams(tokenizer, [.. tokens.Select(t => t.Id)]);
        });
    }

    [Fact]
    public void Any_tokens_stream_as_they_read()
    {
        Tokenizer tokenizer = Load(PieceModel.Write(Pieces, byteFallback: true));
        Tokenizer joining = Load(PieceModel.Write(Pieces, byteFallback: true, joinSpaces: true));
        Gen.OneOf(Gen.Int[0, tokenizer.VocabularySize - 1], Gen.OneOf(3 + 256, 3 + 256 + 6, 3 + 0xF0, 3 + 0x9F, 1))
            .Array[0, 8].Sample(ids =>
            {
                AssertStreams(tokenizer, ids);
                AssertStreams(joining, ids);
            });
    }

    [Fact]
    public void The_space_before_a_first_word_is_of_the_vocabulary_and_not_of_the_text()
    {
        Tokenizer tokenizer = Load(PieceModel.Write(Pieces, pairs: true, byteFallback: true));
        Assert.Equal(["▁a", "b"], Spellings(tokenizer, "ab"));
        Assert.Equal("ab", tokenizer.Decode(tokenizer.Encode("ab").Select(t => t.Id)));
        Assert.Equal(["ab"], tokenizer.EncodeContinuation("ab").Select(t => tokenizer.Spelling(t.Id)));
        Assert.Equal([new Token(tokenizer.Find("▁a")!.Value, 0, 1), new Token(tokenizer.Find("b")!.Value, 1, 2)],
            tokenizer.Encode("ab"));
        int mark = tokenizer.Find("▁a")!.Value;
        Assert.Equal(" a", Encoding.UTF8.GetString(tokenizer.Bytes(mark)));
    }

    [Fact]
    public void A_piece_that_the_user_defined_stays_whole_whatever_stands_around_it()
    {
        foreach (bool pairs in (bool[])[true, false])
        {
            Tokenizer tokenizer = Load(PieceModel.Write(Pieces, pairs, byteFallback: true));
            Assert.Equal(["▁a", "<x>", "ab"], Spellings(tokenizer, "a<x>ab"));
        }
    }

    [Fact]
    public void Runs_of_unknown_characters_are_one_token()
    {
        Tokenizer tokenizer = Load(PieceModel.Write(Pieces.Where(p => p.Item3 != 6)));
        Assert.Equal([(0, 0, 1), (0, 1, 3), (0, 3, 4)], tokenizer.Encode("a😀b").Select((t, i) =>
            (i == 1 ? t.Id : 0, t.Start, t.End)));
        Assert.Equal(3, tokenizer.Encode("a😀漢😀b").Count);
    }

    [Fact]
    public void A_call_in_the_middle_of_a_text_is_joined_from_segments_without_spaces_put_in()
    {
        foreach (string vocabulary in (string[])["own", "llama2"])
        {
            Tokenizer tokenizer = vocabulary == "own"
                ? Load(PieceModel.Write(Pieces, pairs: true, byteFallback: true))
                : Tokenizer.Load(Shared.Need("golden", "tokenizer_llama2"));
            var calls = new CallTokens(tokenizer);
            Assert.Equal("▁[", tokenizer.Spelling(calls.Open));
            int[] text = [.. tokenizer.Encode("ab ab").Select(t => t.Id)];
            var call = new ApiCall("T", "a(b) / 1", "é 0.29");
            string printed = CallSyntax.Print(call);
            Assert.Equal(printed, tokenizer.DecodeContinuation(calls.Encode(call)));
            Assert.Equal($"ab{printed} ab", tokenizer.Decode(
                [.. tokenizer.Encode("ab").Select(t => t.Id), .. calls.Encode(call),
                    .. tokenizer.EncodeContinuation(" ab").Select(t => t.Id)]));
            Assert.Equal("ab ab", tokenizer.Decode(text));
        }
    }

    [Fact]
    public void A_vocabulary_without_the_opening_mark_is_refused_by_its_file()
    {
        Tokenizer tokenizer = Load(PieceModel.Write(Pieces.Where(p => p.Item1 != "▁["), byteFallback: true));
        var error = Assert.Throws<NotSupportedException>(() => new CallTokens(tokenizer));
        Assert.Contains(_folder.FullName, error.Message);
        Assert.Contains("2 tokens", error.Message);
    }

    [Fact]
    public void A_pattern_of_bytes_is_written_with_the_pieces_that_spell_it()
    {
        Tokenizer tokenizer = Tokenizer.Load(Shared.Need("golden", "tokenizer_llama2"));
        var vocabulary = new TokenTrie(tokenizer);
        var pattern = TokenAutomaton.Compile(
            TokenPattern.Exactly("T(é 1) ->\n"), vocabulary);
        int state = pattern.Start;
        foreach (Token token in tokenizer.EncodeContinuation("T(é 1) ->\n"))
            Assert.True(pattern.TryAdvance(state, token.Id, out state), tokenizer.Spelling(token.Id));
        Assert.True(pattern.IsAccepting(state));
        Assert.Equal("\n"u8.ToArray(), vocabulary.Bytes(tokenizer.Find("<0x0A>")!.Value).ToArray());
        Assert.True(vocabulary.Bytes(1).IsEmpty);
    }

    [Fact]
    public void A_damaged_model_is_an_error_that_names_the_file_and_never_anything_else()
    {
        byte[] whole = PieceModel.Write(Pieces, pairs: true, byteFallback: true, map: CharacterMap());
        var damages = Gen.Select(Gen.Int[0, whole.Length - 1], Gen.Byte, Gen.Int[0, whole.Length], Gen.Bool);
        damages.Sample((at, b, cut, cuts) =>
        {
            byte[] damaged = cuts ? whole[..cut] : [.. whole];
            if (!cuts)
                damaged[at] = b;
            try
            {
                Tokenizer tokenizer = Load(damaged);
                tokenizer.Decode(tokenizer.Encode("a<x>é日 [T(a)] -> 1").Select(t => t.Id));
            }
            catch (InvalidDataException e)
            {
                Assert.Contains(_folder.FullName, e.Message);
            }
        }, threads: 1, iter: 300);
    }

    [Fact]
    public void A_character_map_is_applied_and_spans_are_those_of_the_text()
    {
        Tokenizer tokenizer = Load(PieceModel.Write(Pieces, pairs: true, byteFallback: true, map: CharacterMap()));
        Assert.Equal(["▁a", "b"], Spellings(tokenizer, "Xb"));
        Assert.Equal([(0, 1), (1, 2)], tokenizer.Encode("Xb").Select(t => (t.Start, t.End)));
    }

    /// <summary>A map that makes "a" of "X": a trie of three units.</summary>
    private static byte[] CharacterMap()
    {
        // The root leads to 1 ^ 'X', which has a leaf at 1 ^ 'X' ^ 2 with the value 0.
        var units = new uint[128];
        units[0] = 1 << 10;
        units[1 ^ 'X'] = 2 << 10 | 1 << 8 | 'X';
        units[1 ^ 'X' ^ 2] = 0x80000000;
        return [.. BitConverter.GetBytes(units.Length * 4), .. units.SelectMany(BitConverter.GetBytes), (byte)'a', 0];
    }

    private Tokenizer Load(byte[] model)
    {
        string folder = Path.Combine(_folder.FullName, $"{_models++}");
        Directory.CreateDirectory(folder);
        File.WriteAllBytes(Path.Combine(folder, "tokenizer.model"), model);
        return Tokenizer.Load(folder);
    }

    private static IEnumerable<string> Spellings(Tokenizer tokenizer, string text) =>
        tokenizer.Encode(text).Select(t => tokenizer.Spelling(t.Id));

    private static void AssertSpans(string text, IReadOnlyList<Token> tokens, bool whole)
    {
        var last = new Token(0, 0, 0);
        foreach (Token token in tokens)
        {
            Assert.True(token.Start <= token.End && token.Start >= last.Start && token.End >= last.End
                && token.End <= text.Length, $"{token} after {last} in \"{text}\"");
            Assert.True(!whole || token.Start <= last.End, $"{token} after {last} in \"{text}\"");
            last = token;
        }
        Assert.True(!whole || last.End == text.Length);
    }

    private static void AssertStreams(Tokenizer tokenizer, int[] ids)
    {
        var decoder = new StreamingDecoder(tokenizer);
        Assert.Equal(tokenizer.Decode(ids), string.Concat(ids.Select(decoder.Add)) + decoder.Flush());
        decoder = new StreamingDecoder(tokenizer, continues: true);
        Assert.Equal(tokenizer.DecodeContinuation(ids), string.Concat(ids.Select(decoder.Add)) + decoder.Flush());
    }
}
