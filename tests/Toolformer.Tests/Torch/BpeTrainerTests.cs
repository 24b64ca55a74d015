using CsCheck;
using Toolformer.Torch.Tokenizers;

namespace Toolformer.Tests.Torch;

public class BpeTrainerTests
{
    private static readonly string[] Required = [" [", "]", "->", " ->", " :::"];

    private static readonly string[] Texts =
    [
        "The cat sat on the mat; the other cat sat there, too. 2023 and 1999 [note] -> x",
        "That hat, that cat, that mat: aaaa aaaaa aaaaaa aaaaaaa. 日本語 日本 日本語, naïve café.",
    ];

    [Fact]
    public void Each_required_token_is_one_token_whatever_is_learned()
    {
        var tokenizer = new Tokenizer(BpeTrainer.Train(Texts, 320, Required));
        Assert.All(Required, r => Assert.Single(tokenizer.Encode(r)));
        string[] call = [" [", "Calculator", "(", "4", "+", "1", ")", " ->", " ", "5", "]"];
        var cut = tokenizer.Encode(" [Calculator(4+1) -> 5]").Select(t => tokenizer.Decode([t.Id])).ToList();
        Assert.Equal(call[0], cut[0]);
        Assert.Contains(" ->", cut);
        Assert.Equal(string.Concat(call).Replace(" 5", "5"), string.Concat(cut).Replace(" 5", "5"));
    }

    [Fact]
    public void Every_digit_is_a_token_of_its_own_and_the_first_may_have_a_space()
    {
        var tokenizer = new Tokenizer(BpeTrainer.Train([.. Enumerable.Repeat(" 2023 2024 2023", 50)], 300, []));
        Assert.Equal([" 2", "0", "2", "3"], tokenizer.Encode(" 2023").Select(t => tokenizer.Decode([t.Id])));
    }

    [Fact]
    public void The_end_of_text_is_id_0_and_the_bytes_follow()
    {
        BpeVocabulary vocabulary = BpeTrainer.Train(Texts, 257, []);
        Assert.Equal(257, vocabulary.Spellings.Count);
        Assert.Equal("<|endoftext|>", vocabulary.Spellings[0]);
        Assert.Empty(vocabulary.Merges);
        Assert.True(vocabulary.AddedTokens.Single().Special);
    }

    [Fact]
    public void The_same_texts_give_the_same_vocabulary_in_whatever_order_they_come() =>
        Gen.OneOf("the ", "a", "an ", "on ", "cat ", "hat", "12", "…", "日本").Array[1, 12].Select(string.Concat)
            .Array[1, 8].Sample(texts =>
            {
                BpeVocabulary one = BpeTrainer.Train(texts, 300, Required);
                BpeVocabulary other = BpeTrainer.Train(texts.Reverse(), 300, Required);
                Assert.Equal(one.Spellings, other.Spellings);
                Assert.Equal(one.Merges, other.Merges);
            }, iter: 50);

    [Fact]
    public void The_fast_loop_learns_what_counting_everything_anew_each_time_learns() =>
        Gen.OneOf("the ", "a", "aa", "aaa", "ab", "ba ", "abab", "cat ", "hat ", "'ll", "é").Array[1, 30]
            .Select(string.Concat).Sample(text =>
            {
                BpeVocabulary vocabulary = BpeTrainer.Train([text], 290, []);
                Assert.Equal(Plainly(text, 290), vocabulary.Merges);
            }, iter: 200);

    [Fact]
    public void Training_stops_where_no_pair_comes_twice()
    {
        BpeVocabulary vocabulary = BpeTrainer.Train(["ab ab"], 5000, []);
        Assert.Equal([("a", "b")], vocabulary.Merges);
    }

    [Fact]
    public void A_mark_spelled_out_in_the_texts_is_learned_as_text()
    {
        BpeVocabulary vocabulary = BpeTrainer.Train(
            [.. Enumerable.Repeat("<|endoftext|>", 9)], 400, [], new PreTokenizer());
        Assert.Single(vocabulary.Spellings, "<|endoftext|>");
        Assert.DoesNotContain(0, new Tokenizer(vocabulary).Encode("<|endoftext|>").Select(t => t.Id));
    }

    [Theory]
    [InlineData("two words")]
    [InlineData("12")]
    [InlineData("")]
    [InlineData("<|endoftext|>")]
    public void A_required_token_that_can_never_be_one_is_refused(string token)
    {
        var error = Assert.Throws<ArgumentException>(() => BpeTrainer.Train(Texts, 400, [token]));
        Assert.Contains($"\"{token}\"", error.Message);
    }

    [Fact]
    public void A_vocabulary_too_small_for_the_bytes_is_refused() =>
        Assert.Contains("258", Assert.Throws<ArgumentException>(() => BpeTrainer.Train(Texts, 257, [" ["])).Message);

    /// <summary>Byte-pair encoding by its definition, without any counts kept.</summary>
    private static List<(string, string)> Plainly(string text, int vocabularySize)
    {
        var tokenizer = new Tokenizer(BpeTrainer.Train([], 257, [])); // for the spelling of the bytes
        var words = new PreTokenizer(PreTokenizer.DigitPattern).Split(text)
            .Select(w => tokenizer.Encode(text[w.Start..w.End]).Select(t => tokenizer.Spelling(t.Id)).ToList())
            .ToList();
        var merges = new List<(string, string)>();
        var made = new HashSet<string>();
        while (257 + made.Count < vocabularySize)
        {
            var best = words.SelectMany(w => w.Zip(w.Skip(1))).GroupBy(p => p)
                .OrderByDescending(g => g.Count())
                .ThenBy(g => g.Key.First, StringComparer.Ordinal).ThenBy(g => g.Key.Second, StringComparer.Ordinal)
                .FirstOrDefault();
            if (best is null || best.Count() < 2)
                break;
            (string left, string right) = best.Key;
            merges.Add((left, right));
            made.Add(left + right);
            foreach (List<string> word in words)
            {
                for (int i = 0; i + 1 < word.Count; i++)
                {
                    if (word[i] != left || word[i + 1] != right)
                        continue;
                    word[i] = left + right;
                    word.RemoveAt(i + 1);
                }
            }
        }
        return merges;
    }
}
