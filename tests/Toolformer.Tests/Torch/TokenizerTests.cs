using System.Text;
using CsCheck;
using Toolformer.Modeling;
using Toolformer.Torch.Tokenizers;

namespace Toolformer.Tests.Torch;

public class TokenizerTests
{
    private static readonly BpeVocabulary Vocabulary = BpeTrainer.Train(
        [.. Enumerable.Repeat("The theory of the thing: the others' 日本語 café 😀😀 don't we'll say 1234.\n", 5)],
        vocabularySize: 330, [" [", " ->", "]"]);

    private static readonly Tokenizer Trained = new(Vocabulary);

    private static readonly Gen<string> Texts = Gen.OneOf(
        Gen.OneOf(
            " ", "  ", "\n", "\r\n", "\t", "'ll", "'", "the", "The", "12", "é", "e\u0301", "日本", "😀", "𝔘", "👨‍👩‍👧",
            " [", "]", " ->", "->", "<|endoftext|>", "\u00A0", "\u2028", "\0", "\uD83D", "\uDE00", "…", "한")
            .Array[0, 12].Select(string.Concat),
        Gen.String[0, 20]);

    private static string WellFormed(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));

    [Fact]
    public void Decoding_what_was_encoded_gives_the_text_back_and_a_lone_surrogate_as_the_replacement_character() =>
        Texts.Sample(text => Trained.Decode(Trained.Encode(text).Select(t => t.Id)) == WellFormed(text));

    [Fact]
    public void Spans_cover_the_text_in_order_and_a_character_split_over_tokens_belongs_to_each_of_them() =>
        Texts.Sample(text =>
        {
            int end = 0;
            var bytes = new List<byte>();
            foreach (Token token in Trained.Encode(text))
            {
                Assert.True(token.Start < token.End && token.Start <= end && token.End >= end, $"{token} after {end}");
                byte[] covered = Encoding.UTF8.GetBytes(text[token.Start..token.End]);
                Assert.True(covered.AsSpan().IndexOf(Trained.Bytes(token.Id)) >= 0, $"{token} is not in its span");
                bool cuts = char.IsSurrogate(text[token.Start]) && token.End - token.Start == 1;
                Assert.True(!cuts || WellFormed(text[token.Start..token.End]) == "\uFFFD");
                bytes.AddRange(Trained.Bytes(token.Id));
                end = token.End;
            }
            Assert.Equal(text.Length, end);
            Assert.Equal(Encoding.UTF8.GetBytes(text), bytes);
        });

    [Fact]
    public void A_character_in_several_tokens_gives_each_of_them_its_whole_span()
    {
        Token[] tokens = [.. Trained.Encode("x👍!")];
        Assert.Equal((0, 1), (tokens[0].Start, tokens[0].End));
        Assert.All(tokens[1..^1], t => Assert.Equal((1, 3), (t.Start, t.End)));
        Assert.Equal((3, 4), (tokens[^1].Start, tokens[^1].End));
        Assert.True(tokens.Length > 3);
    }

    [Fact]
    public void Special_tokens_spelled_out_in_a_text_are_text_unless_they_are_allowed()
    {
        const string text = "the<|endoftext|> end";
        Assert.DoesNotContain(0, Trained.Encode(text).Select(t => t.Id));
        Token mark = Trained.Encode(text, allowSpecial: true).Single(t => t.Id == 0);
        Assert.Equal((3, 16), (mark.Start, mark.End));
        Assert.Equal(text, Trained.Decode(Trained.Encode(text, allowSpecial: true).Select(t => t.Id)));
    }

    [Fact]
    public void Many_threads_get_the_same_tokens_as_one()
    {
        string[] texts = [.. Enumerable.Range(0, 400).Select(i => $"the {i} things café {i * 37 % 101} others 😀")];
        int[][] alone = [.. texts.Select(t => Trained.Encode(t).Select(k => k.Id).ToArray())];
        var shared = new Tokenizer(Vocabulary);
        var together = new int[texts.Length][];
        Parallel.For(0, texts.Length, i => together[i] = [.. shared.Encode(texts[i]).Select(k => k.Id)]);
        Assert.Equal(alone, together);
    }

    [Fact]
    public void Very_long_words_are_merged_in_reasonable_time()
    {
        string text = new string('=', 100_000) + new string(' ', 100_000) + new string('t', 100_000);
        Assert.Equal(text, Trained.Decode(Trained.Encode(text).Select(t => t.Id)));
    }

    [Fact]
    public void An_id_beyond_the_vocabulary_is_refused_with_the_ids_there_are()
    {
        int count = Trained.VocabularySize;
        Assert.All([-1, count], id => Assert.Contains(
            $"0 to {count - 1}", Assert.Throws<ArgumentOutOfRangeException>(() => Trained.Decode([id])).Message));
    }

    [Fact]
    public void Added_tokens_take_white_space_in_where_they_say_so_and_stand_alone_where_they_must()
    {
        int mask = Vocabulary.Spellings.Count, word = mask + 1;
        BpeVocabulary more = Vocabulary with
        {
            Spellings = [.. Vocabulary.Spellings, "<mask>", "word"],
            AddedTokens =
            [
                .. Vocabulary.AddedTokens, new AddedToken(mask, "<mask>", StripLeft: true),
                new AddedToken(word, "word", SingleWord: true),
            ],
        };
        Token[] tokens = [.. new Tokenizer(more).Encode("a  <mask> word words")];
        Assert.Contains(new Token(mask, 1, 9), tokens);
        Assert.Single(tokens, t => t.Id == word);
    }

    [Fact]
    public void A_vocabulary_that_ignores_merges_takes_a_word_that_is_a_token_whole()
    {
        BpeVocabulary without = Vocabulary with { Merges = [], IgnoreMerges = true };
        Assert.Equal(Trained.Encode("the").Single().Id, new Tokenizer(without).Encode("the").Single().Id);
        Assert.Equal(3, new Tokenizer(without with { IgnoreMerges = false }).Encode("the").Count);
    }

    [Theory]
    [InlineData("e\u0301", "\u00E9")]
    [InlineData("\u212B", "\u00C5")]
    [InlineData("\u1E9B\u0323", "\u1E9B\u0323")]
    [InlineData("\u0958", "\u0915\u093C")]
    [InlineData("a\u0315\u0300\u05AE\u0300b", "\u00E0\u05AE\u0300\u0315b")]
    [InlineData("\u1100\u1161\u11A8", "\uAC01")]
    [InlineData("\uAC00\u11A8", "\uAC01")]
    [InlineData("\U0001D15E", "\U0001D157\U0001D165")]
    [InlineData("“ok” 日本語", "“ok” 日本語")]
    public void A_vocabulary_in_normal_form_C_composes_characters_first(string text, string composed)
    {
        var tokenizer = new Tokenizer(Vocabulary with { NormalFormC = true });
        Assert.Equal(composed, tokenizer.Decode(tokenizer.Encode(text).Select(t => t.Id)));
    }

    [Fact]
    public void Spans_in_normal_form_C_are_those_of_the_text_as_it_was_given()
    {
        var tokenizer = new Tokenizer(Vocabulary with { NormalFormC = true });
        IReadOnlyList<Token> tokens = tokenizer.Encode("cafe\u0301 x");
        Assert.Equal(" x", "cafe\u0301 x"[(tokens[^1].Start - 1)..tokens[^1].End]);
        Assert.All(tokens.Where(t => tokenizer.Bytes(t.Id)[0] >= 0x80), t => Assert.Equal((3, 5), (t.Start, t.End)));
    }
}
