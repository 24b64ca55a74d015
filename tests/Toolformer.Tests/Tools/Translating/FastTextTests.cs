using System.Globalization;
using System.Text;
using Toolformer.Tools.Translating;
using Toolformer.Tools.Translating.FastText;

namespace Toolformer.Tests.Tools.Translating;

/// <summary>fastText's files: the original's numbers, and files that are damaged.</summary>
public sealed class FastTextTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("toolformer-fasttext").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Languages_and_probabilities_are_those_of_fastText()
    {
        var classifier = FastTextClassifier.Load(Shared.Need("data", "lid_fasttext", "lid.176.ftz"));
        Assert.Equal(176, classifier.Labels.Count);
        string[] lines = [.. File.ReadLines(Shared.Need("data", "lid_fasttext", "expected_fasttext092.tsv"))
            .Where(l => !l.StartsWith('#'))];
        Assert.Equal(10, lines.Length);
        foreach (string[] line in lines.Select(l => l.Split('\t')))
            AssertSame(line[1], classifier.Predict(line[0], 2));
    }

    [Fact]
    public void Languages_have_our_codes()
    {
        var identifier = FastTextIdentifier.Load(Shared.Need("data", "lid_fasttext", "lid.176.ftz"));
        Assert.Equal("fr", identifier.Identify("Quel temps fait-il aujourd'hui ?")[0].Language);
        Assert.True(identifier.Identify("Where is the library?")[0].IsEnglish);
        Assert.Equal(("fr", "fra_Latn", "French"), LanguageCodes.Find("fra_Latn") is { } french
            ? (french.Code, french.Nllb, french.Name) : default);
        Assert.Equal("fr", LanguageCodes.FromLabel("fra_Latn"));
    }

    // The original trains and quantises; it answers as we do. Where it is not installed, the file above has to do.
    [Theory]
    [InlineData("-loss hs -minn 2 -maxn 4 -bucket 5000", "-cutoff 900 -qnorm")]
    [InlineData("-loss softmax -wordNgrams 3 -bucket 5000", "")]
    [InlineData("-loss ova -minn 1 -maxn 3 -bucket 5000 -wordNgrams 2", "-cutoff 500 -dsub 3")]
    [InlineData("-loss ns", null)]
    [InlineData("-loss hs -wordNgrams 2 -minn 3 -maxn 3 -bucket 3000", null)]
    public async Task Any_classifier_of_the_original_predicts_the_same(string training, string? quantising)
    {
        var fasttext = new BoundedProcess("fasttext");
        Assert.SkipUnless((await fasttext.RunAsync(["test"], "", Cancellation)).Error?.Contains("started") != true,
            "needs the program fasttext");
        string texts = Path.Combine(_folder, "texts"), model = Path.Combine(_folder, "model");
        string[] languages = ["de", "en", "fr", "pt"];
        var dice = new Random(3);
        File.WriteAllLines(texts, Enumerable.Range(0, 400).Select(i => $"__label__{languages[i % 4]} "
            + string.Join(' ', Enumerable.Range(0, 6).Select(_ =>
                $"{"äeßo"[i % 4]}{dice.Next(99)}w{(char)('a' + i % 4)}"))));
        await Run([.. $"supervised -input {texts} -output {model} -dim 10 -epoch 5 -thread 1 -verbose 0 {training}"
            .Split(' ')]);
        string file = model + ".bin";
        if (quantising is not null)
        {
            await Run([.. $"quantize -input {texts} -output {model} -thread 1 -verbose 0 {quantising}"
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
            file = model + ".ftz";
        }
        string[] asked = ["ä5wa ä77wa unknown", "e1wb ß3wc", "ß98wc", "o1wd o2wd o3wd e1wb", "__label__de ä1wa", ""];
        string output = await Run(["predict-prob", file, "-", "4"], string.Concat(asked.Select(a => a + "\n")));
        string[] expected = output.TrimEnd('\n').Split('\n');
        Assert.Equal(asked.Length, expected.Length);
        var classifier = FastTextClassifier.Load(file);
        foreach (var (text, line) in asked.Zip(expected))
            AssertSame(line, classifier.Predict(text, 4));

        async Task<string> Run(string[] arguments, string input = "")
        {
            var run = await fasttext.RunAsync(arguments, input, Cancellation);
            Assert.Null(run.Error);
            return run.Output;
        }
    }

    [Fact]
    public void A_small_classifier_predicts_what_can_be_computed_by_hand()
    {
        var classifier = Load(Model());
        // The mean of "aa" (1, 0) and the end of the line (0, 1), times the labels' rows (2, 0) and (0, 4).
        double[] scores = [Math.Exp(1), Math.Exp(2)];
        var found = classifier.Predict("aa", 5);
        Assert.Equal(["en", "de"], found.Select(f => f.Label));
        Assert.Equal(scores[1] / scores.Sum(), found[0].Probability, 1e-4);
        Assert.Equal(scores[0] / scores.Sum(), found[1].Probability, 1e-4);
        Assert.Equal(classifier.Predict("aa unknown words", 5), found);
    }

    [Fact]
    public void A_file_that_is_cut_off_anywhere_is_refused_with_the_place()
    {
        byte[] whole = Model();
        for (int length = 0; length < whole.Length; length++)
        {
            var error = Assert.Throws<InvalidDataException>(() => Load(whole[..length]));
            Assert.Contains($"of {length:N0}", error.Message);
        }
    }

    [Fact]
    public void A_file_that_is_damaged_anywhere_is_refused_or_answers()
    {
        byte[] whole = Model();
        var refused = 0;
        foreach (byte[] damage in (byte[][])
            [[255, 255, 255, 127], [255, 255, 255, 255], [0, 0, 0, 0], [0, 0, 192, 127]])
        {
            for (int at = 0; at < whole.Length - 4; at += 3) // every field and between them
            {
                byte[] damaged = [.. whole];
                damage.CopyTo(damaged, at);
                try
                {
                    Assert.True(Load(damaged).Predict("aa bb", 2).Count <= 2);
                }
                catch (InvalidDataException)
                {
                    refused++;
                }
            }
        }
        Assert.InRange(refused, 50, 4 * whole.Length);
    }

    [Fact]
    public void A_cut_or_damaged_quantised_file_is_refused_or_answers()
    {
        byte[] whole = File.ReadAllBytes(Shared.Need("data", "lid_fasttext", "lid.176.ftz"));
        var dice = new Random(5);
        for (int i = 0; i < 12; i++)
            Assert.Throws<InvalidDataException>(() => Load(whole[..dice.Next(whole.Length)]));
        for (int i = 0; i < 12; i++)
        {
            byte[] damaged = [.. whole];
            // Half of them in the head, where the sizes stand.
            damaged.AsSpan(dice.Next(i % 2 == 0 ? 100 : whole.Length - 4), 4).Fill((byte)dice.Next(256));
            try
            {
                Load(damaged).Predict("Wie geht es dir heute?", 2);
            }
            catch (InvalidDataException e)
            {
                Assert.Contains("damaged", e.Message);
            }
        }
    }

    [Fact]
    public void What_is_no_classifier_is_refused_by_what_it_is()
    {
        Assert.Contains("begin", Refusal(Encoding.ASCII.GetBytes("<html>not found</html>, as servers say it")));
        Assert.Contains("word vectors", Refusal(Model(kind: 2)));
        Assert.Contains("buckets", Refusal(Model(maxPiece: 3)));

        string Refusal(byte[] file) => Assert.Throws<InvalidDataException>(() => Load(file)).Message;
    }

    private FastTextClassifier Load(byte[] file)
    {
        string path = Path.Combine(_folder, "model.bin");
        File.WriteAllBytes(path, file);
        return FastTextClassifier.Load(path);
    }

    private static void AssertSame(string expected, IReadOnlyList<(string Label, double Probability)> found)
    {
        string[] parts = expected.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(parts.Length / 2, found.Count);
        for (int i = 0; i < found.Count; i++)
        {
            double probability = double.Parse(parts[2 * i + 1], CultureInfo.InvariantCulture);
            // The original prints six digits.
            Assert.Equal(probability, found[i].Probability, 1e-5 * Math.Max(probability, 0.1));
            if (found.Count(f => Math.Abs(f.Probability - probability) < 1e-5) == 1)
                Assert.Equal(parts[2 * i], "__label__" + found[i].Label);
        }
    }

    /// <summary>Two words and the end of the line, two labels, vectors of two numbers; softmax.</summary>
    private static byte[] Model(int kind = 3, int maxPiece = 0)
    {
        var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        foreach (int number in (int[])[793712314, 12, 2, 5, 5, 1, 5, 1, 3, kind, 0, 0, maxPiece, 100])
            writer.Write(number);
        writer.Write(1e-4);
        foreach (int number in (int[])[5, 3, 2])
            writer.Write(number);
        writer.Write(100L);
        writer.Write(-1L);
        foreach (var (name, isLabel) in (ReadOnlySpan<(string, bool)>)
            [("</s>", false), ("aa", false), ("bb", false), ("__label__de", true), ("__label__en", true)])
        {
            writer.Write([.. Encoding.ASCII.GetBytes(name), 0]);
            writer.Write(7L);
            writer.Write(isLabel);
        }
        Matrix([0, 1], [1, 0], [1, 1]);
        Matrix([2, 0], [0, 4]);
        return bytes.ToArray();

        void Matrix(params float[][] rows)
        {
            writer.Write(false);
            writer.Write((long)rows.Length);
            writer.Write(2L);
            foreach (float number in rows.SelectMany(r => r))
                writer.Write(number);
        }
    }
}
