using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Toolformer.Tools.Translating;

namespace Toolformer.Corpora.Quickstart;

/// <summary>How much text the quickstart corpus holds.</summary>
public sealed record QuickstartOptions
{
    /// <summary>Training texts of all kinds.</summary>
    public int Texts { get; init; } = 900;

    /// <summary>The share of training texts in which no tool helps, from 0 to 1.</summary>
    public double PlainShare { get; init; } = 0.2;

    /// <summary>Held-out texts per kind.</summary>
    public int HeldOutPerKind { get; init; } = 120;

    /// <summary>Passages of the index, and as many known answers, about things that no text mentions.</summary>
    public int OtherPassages { get; init; } = 400;
}

/// <summary>
/// A small corpus for trying the whole method offline: calculations told in words, dated notes, facts that only the
/// search index or only the question answering knows, foreign words, and texts in which no tool helps. All texts are
/// plain: no call and no markup is in them.
/// </summary>
/// <remarks>
/// Training and held-out texts share their wording but no name, no day, no foreign word and no two numbers that stand
/// together; <see cref="Split"/> sees to that. What the tools know covers both. The same seed and options give the same
/// bytes.
/// </remarks>
public sealed class QuickstartCorpus
{
    public const string CorpusFile = "corpus.jsonl", HeldOutFile = "heldout.jsonl", PassagesFile = "passages.jsonl",
        KnowledgeFile = "knowledge.jsonl", GlossaryFile = "glossary.jsonl";

    /// <summary>Compact JSON in which letters and apostrophes stay readable.</summary>
    private static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private QuickstartCorpus(
        IReadOnlyList<QuickstartText> training, IReadOnlyList<QuickstartText> heldOut, IReadOnlyList<Passage> passages,
        IReadOnlyList<KnownAnswer> knowledge)
    {
        Training = training;
        HeldOut = heldOut;
        Passages = passages;
        Knowledge = knowledge;
    }

    /// <summary>The texts to annotate and to train on, shuffled.</summary>
    public IReadOnlyList<QuickstartText> Training { get; }

    /// <summary>The texts to measure on: prompts with answers, and plain texts for the perplexity.</summary>
    public IReadOnlyList<QuickstartText> HeldOut { get; }

    /// <summary>What the search index holds: every entity of both sides and some that occur in no text.</summary>
    public IReadOnlyList<Passage> Passages { get; }

    /// <summary>What the question answering knows: all questions that the texts raise, and others.</summary>
    public IReadOnlyList<KnownAnswer> Knowledge { get; }

    /// <summary>What the translation knows: the words of both sides, with and without their article.</summary>
    public static IReadOnlyList<GlossaryEntry> Glossary => ForeignWords.Glossary;

    public static QuickstartCorpus Generate(int seed, QuickstartOptions? options = null)
    {
        options ??= new();
        var random = new Random(seed);
        var names = new InventedNames(random);
        var arithmetic = new ArithmeticTexts(random, names);
        var notes = new DatedNotes(random, names);
        var facts = new InventedFacts(random, names);
        var asked = new AskedFacts(random, names);
        var foreign = new ForeignWords(random, names);
        var plain = new PlainTexts(random, names);
        var passages = new List<Passage>();
        var knowledge = new List<KnownAnswer>();

        QuickstartText Fact(Side side, string id)
        {
            var (text, passage) = facts.Next(side, id);
            passages.Add(passage);
            return text;
        }

        QuickstartText Question(Side side, string id)
        {
            var (text, known) = asked.Next(side, id);
            knowledge.Add(known);
            return text;
        }

        List<QuickstartText> Texts(Side side, string prefix, Func<TextKind, int> count)
        {
            var texts = new List<QuickstartText>();
            foreach (var kind in Enum.GetValues<TextKind>())
            {
                for (int i = 1; i <= count(kind); i++)
                {
                    string id = $"{prefix}{kind.ToString().ToLowerInvariant()}-{i:0000}";
                    texts.Add(kind switch
                    {
                        TextKind.Arithmetic => arithmetic.Next(side, id),
                        TextKind.Date => notes.Next(side, id),
                        TextKind.Fact => Fact(side, id),
                        TextKind.Question => Question(side, id),
                        TextKind.Foreign => foreign.Next(side, id),
                        _ => plain.Next(side, id),
                    });
                }
            }
            return texts;
        }

        int plainTexts = (int)Math.Round(options.Texts * options.PlainShare), others = options.Texts - plainTexts;
        var training = Texts(Side.Training, "", kind => kind switch
        {
            TextKind.Plain => plainTexts,
            TextKind.Arithmetic => others - 4 * (others / 5),
            _ => others / 5,
        });
        var heldOut = Texts(Side.HeldOut, "heldout-", _ => options.HeldOutPerKind);
        for (int i = 1; i <= options.OtherPassages; i++)
        {
            var side = i % 4 == 0 ? Side.HeldOut : Side.Training;
            Fact(side, $"other-{i:0000}");
            Question(side, $"other-question-{i:0000}");
        }

        var shuffledTraining = training.ToArray();
        random.Shuffle(shuffledTraining);
        var shuffledPassages = passages.ToArray();
        random.Shuffle(shuffledPassages);
        var shuffledKnowledge = knowledge.ToArray();
        random.Shuffle(shuffledKnowledge);
        return new(shuffledTraining, heldOut, shuffledPassages, shuffledKnowledge);
    }

    /// <summary>
    /// Generates the corpus and writes its files into <paramref name="folder"/>: <see cref="CorpusFile"/> (id, text,
    /// date), <see cref="HeldOutFile"/> (id, text, date, kind, prompt, answers: itself a corpus, and what the tasks
    /// of the quickstart read), <see cref="PassagesFile"/> (id, title, text), <see cref="KnowledgeFile"/> (question,
    /// answer) and <see cref="GlossaryFile"/> (source, target).
    /// </summary>
    public static QuickstartCorpus Write(string folder, int seed, QuickstartOptions? options = null)
    {
        var corpus = Generate(seed, options);
        Directory.CreateDirectory(folder);
        WriteLines(CorpusFile, corpus.Training, (json, t) => WriteText(json, t, heldOut: false));
        WriteLines(HeldOutFile, corpus.HeldOut, (json, t) => WriteText(json, t, heldOut: true));
        WriteLines(PassagesFile, corpus.Passages, (json, passage) =>
        {
            json.WriteString("id", passage.Id);
            json.WriteString("title", passage.Title);
            json.WriteString("text", passage.Text);
        });
        WriteLines(KnowledgeFile, corpus.Knowledge, (json, known) =>
        {
            json.WriteString("question", known.Question);
            json.WriteString("answer", known.Answer);
        });
        WriteLines(GlossaryFile, Glossary, (json, entry) =>
        {
            json.WriteString("source", entry.Source);
            json.WriteString("target", entry.Target);
        });
        return corpus;

        void WriteLines<T>(string file, IEnumerable<T> lines, Action<Utf8JsonWriter, T> write)
        {
            using var stream = File.Create(Path.Combine(folder, file));
            foreach (var line in lines)
            {
                using (var json = new Utf8JsonWriter(stream, Json))
                {
                    json.WriteStartObject();
                    write(json, line);
                    json.WriteEndObject();
                }
                stream.WriteByte((byte)'\n');
            }
        }
    }

    private static void WriteText(Utf8JsonWriter json, QuickstartText text, bool heldOut)
    {
        json.WriteString("id", text.Document.Id);
        json.WriteString("text", text.Document.Text);
        if (text.Document.Date is { } date)
            json.WriteString("date", date.ToString("O", CultureInfo.InvariantCulture));
        if (!heldOut)
            return;
        json.WriteString("kind", text.Kind.ToString().ToLowerInvariant());
        if (text.Prompt.Length == 0)
            return;
        json.WriteString("prompt", text.Prompt);
        json.WriteStartArray("answers");
        json.WriteStringValue(text.Answer);
        json.WriteEndArray();
    }
}
