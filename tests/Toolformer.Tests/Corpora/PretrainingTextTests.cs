using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Toolformer.Corpora.Pretraining;
using Toolformer.Markup;

namespace Toolformer.Tests.Corpora;

public sealed class PretrainingTextTests
{
    private const int Many = 5_000;

    private static readonly string[] GeneratedKinds = [.. PretrainingMixture.Kinds.Where(kind => kind != "prose")];

    [Fact]
    public void Text_number_n_is_the_same_whatever_was_asked_before()
    {
        using var prose = new ProseFile();
        MixturePart[] parts =
            [new("invented_tools", 3), new("noted_texts", 2), new("copying", 1), new("number_prose", 1),
            new("prose", 2, prose.Path)];
        var inOrder = new PretrainingMixture(parts, 17).Texts().Take(300).ToList();
        var resumed = new PretrainingMixture(parts, 17);

        Assert.Equal(inOrder[250..], resumed.Texts(250).Take(50));
        Assert.Equal(inOrder[7], resumed.Text(7));
        Assert.NotEqual(inOrder[7], new PretrainingMixture(parts, 18).Text(7));
        Assert.NotEmpty(resumed.Text(5_000_000_000_000));
    }

    [Fact]
    public void Names_and_formats_of_the_real_tools_never_occur()
    {
        using var prose = new ProseFile();
        foreach (var text in Texts(prose, Many))
        {
            foreach (Match call in Regex.Matches(text, @"\[(\w+)\(([^\]]*?)\)( ->([^\]]*))?\]"))
            {
                var (name, input, result) = (call.Groups[1].Value, call.Groups[2].Value, call.Groups[4].Value);
                Assert.True(PretrainingNames.IsInvented(name), text);
                Assert.False(string.IsNullOrWhiteSpace(input.Trim('"', '\'', '`')), text);
                Assert.DoesNotMatch(@"[0-9a-z)] ?[-+*/] ?[0-9(]|\w [-+*/] \w", input);
                Assert.False(result.TrimStart().StartsWith("Today", StringComparison.Ordinal), text);
            }
        }
    }

    [Fact]
    public void Names_that_are_held_out_never_call_anything_in_training_texts()
    {
        using var prose = new ProseFile();
        var heldOut = Enumerable.Range(0, 1000)
            .Select(seed => InventedTools.Prompt(new Random(seed), heldOut: true).Tool).ToHashSet();
        Assert.True(heldOut.Count > 800);
        Assert.All(heldOut, name => Assert.True(PretrainingNames.IsHeldOut(name)));

        var seen = new HashSet<string>();
        foreach (var text in Texts(prose, Many / 2))
            foreach (Match call in Regex.Matches(text, @"\[(\w+)[(:={ ]")) seen.Add(call.Groups[1].Value);
        Assert.True(seen.Count > 4000, $"{seen.Count} different names");
        Assert.DoesNotContain(seen, PretrainingNames.IsHeldOut);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_prompt_says_what_a_model_that_follows_it_writes(bool heldOut)
    {
        using var file = new ProseFile();
        var prose = ProseExcerpts.Read(file.Path);
        var (without, atWords) = (0, 0);
        for (var seed = 0; seed < 2000; seed++)
        {
            var prompt = InventedTools.Prompt(new Random(seed), heldOut, seed % 2 == 0 ? prose : null);
            Assert.Equal(prompt.Plain, CallSyntax.Strip(prompt.Annotated));
            Assert.DoesNotContain('[', prompt.Plain);
            var found = CallSyntax.Find(prompt.Annotated);
            var expected = prompt.Calls.Select(call => new ApiCall(prompt.Tool, call.Input));
            Assert.Equal(expected, found.Select(call => call.Call));
            Assert.All(prompt.Calls, call => Assert.InRange(call.Offset, 0, prompt.Plain.Length));
            Assert.EndsWith($"Input:\n{prompt.Plain}\nOutput:\n{prompt.Annotated}", prompt.ToString());
            Assert.True(Regex.Count(prompt.Head, @$" \[{prompt.Tool}\(") >= 1, prompt.Head);
            Assert.InRange(prompt.ToString().Length, 250, 2000);
            Assert.InRange(prompt.Calls.Count, 0, 2);
            without += prompt.Calls.Count == 0 ? 1 : 0;
            atWords += prompt.Calls.All(call => call.Offset == 0 || call.Offset == prompt.Plain.Length
                || " .,;!?:".Contains(prompt.Plain[call.Offset])) ? 1 : 0;
        }
        Assert.InRange(without, 140, 270);
        Assert.True(atWords > 1950, $"{atWords} of 2000 prompts with all calls at the edge of a word");
    }

    [Fact]
    public void A_noted_text_begins_with_a_finished_call_and_most_results_tell_what_follows()
    {
        using var file = new ProseFile();
        var prose = ProseExcerpts.Read(file.Path);
        var (telling, empty) = (0, 0);
        for (var seed = 0; seed < 2000; seed++)
        {
            var text = NotedTexts.Text(new Random(seed), prose);
            var calls = CallSyntax.Find(text).ToList();
            Assert.InRange(calls.Count, 1, 3);
            Assert.StartsWith(" [", text);
            var rest = CallSyntax.Strip(text);
            Assert.DoesNotContain('[', rest);
            Assert.InRange(rest.Trim().Length, 10, 900);
            if (calls.Any(call => string.IsNullOrEmpty(call.Call.Result))) empty++;
            else if (calls.Any(call => call.Call.Result!.Split(' ').Any(word => word.Length > 1
                && rest.Contains(word.Trim('.'), StringComparison.Ordinal))))
                telling++;
        }
        Assert.InRange(telling, 1200, 1800);
        Assert.InRange(empty, 150, 450);
    }

    [Fact]
    public void Statements_in_numbers_are_right()
    {
        for (var seed = 0; seed < 3000; seed++)
        {
            var text = NumberProse.Text(new Random(seed));
            var left = Regex.Match(text, @"(\d+) birds sat in a tree and (\d+) flew away\.[^0-9]* (\d+)\b");
            if (left.Success)
                Assert.Equal(Number(left, 1) - Number(left, 2), Number(left, 3));
            if (Regex.Match(text, @"The sum of (\d+) and (\d+) is (\d+)\.") is { Success: true } sum)
                Assert.Equal(Number(sum, 1) + Number(sum, 2), Number(sum, 3));
        }

        static int Number(Match match, int group) => int.Parse(match.Groups[group].Value);
    }

    [Fact]
    public void Texts_are_of_bounded_length_and_cost_a_bounded_number_of_draws()
    {
        using var file = new ProseFile();
        var prose = ProseExcerpts.Read(file.Path);
        var dice = new CountingRandom(5);
        var characters = 0L;
        for (var i = 0; i < 1000; i++)
        {
            foreach (var text in new[]
            {
                InventedTools.Prompt(dice, prose: prose).ToString(), NotedTexts.Text(dice, prose),
                CopyingText.Text(dice, prose), NumberProse.Text(dice, prose), prose.Text(dice),
            })
            {
                Assert.InRange(text.Length, 20, 2500);
                characters += text.Length;
            }
        }
        Assert.InRange(dice.Draws, 1, characters);
    }

    [Fact]
    public void Prose_is_unwrapped_and_cut_at_sentences()
    {
        using var file = new ProseFile();
        var prose = ProseExcerpts.Read(file.Path);
        Assert.True(prose.Count > 10);
        for (var seed = 0; seed < 200; seed++)
        {
            var text = prose.Text(new Random(seed));
            Assert.DoesNotContain("the\nsmall", text);
            Assert.InRange(text.Length, 40, 1700);
            Assert.InRange(prose.Sentence(new Random(seed)).Length, 20, 140);
        }
    }

    [Fact]
    public void A_wrong_mixture_or_file_is_named()
    {
        var unknown = Assert.Throws<ArgumentException>(() => new PretrainingMixture([new("novels", 1)], 1));
        Assert.Contains("invented_tools", unknown.Message);
        Assert.Throws<ArgumentException>(() => new PretrainingMixture([new("copying", -1)], 1));
        Assert.Throws<ArgumentException>(() => new PretrainingMixture([], 1));
        Assert.Throws<ArgumentException>(() => new PretrainingMixture([new("prose", 1)], 1));

        var path = Path.GetTempFileName();
        File.WriteAllText(path, "{\"text\": \"Well.\"}\n{\"texts\": 1}\n");
        var bad = Assert.Throws<InvalidDataException>(() => ProseExcerpts.Read(path));
        Assert.Contains("line 2", bad.Message);
        File.Delete(path);
    }

    private static IEnumerable<string> Texts(ProseFile prose, int each) =>
        GeneratedKinds.SelectMany((kind, seed) =>
            new PretrainingMixture([new(kind, 1), new("prose", 1e-9, prose.Path)], seed).Texts().Take(each));

    /// <summary>A small file of hard-wrapped prose.</summary>
    private sealed class ProseFile : IDisposable
    {
        public ProseFile()
        {
            string[] subjects =
                ["The miller", "An old sailor", "Our teacher Selwyn", "The train from Dunmore", "Nobody there"];
            string[] verbs = ["waited beside", "had never forgotten", "talked quietly about", "returned at dusk to"];
            string[] objects =
                ["the\nsmall bridge", "a green\ngarden gate", "the lighthouse of 1861-65",
                    "Margarethe and the\nhorses"];
            using var writer = new StreamWriter(Path, append: false, new UTF8Encoding(false));
            foreach (var subject in subjects)
            {
                var paragraphs = verbs.Select(verb =>
                    string.Join(' ', objects.Select(thing => $"{subject} {verb} {thing} that evening.")));
                writer.WriteLine(JsonSerializer.Serialize(new { text = string.Join("\n\n", paragraphs) }));
            }
        }

        public string Path { get; } = System.IO.Path.GetTempFileName();

        public void Dispose() => File.Delete(Path);
    }

    private sealed class CountingRandom(int seed) : Random(seed)
    {
        public long Draws { get; private set; }

        protected override double Sample()
        {
            Draws++;
            return base.Sample();
        }
    }
}
