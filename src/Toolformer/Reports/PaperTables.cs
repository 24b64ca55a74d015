namespace Toolformer.Reports;

/// <summary>A column of a table of the paper.</summary>
/// <param name="Tasks">Our tasks that may stand in it; the first is the paper's own, others are named.</param>
public sealed record PaperColumn(string Title, params IReadOnlyList<string> Tasks);

/// <summary>What the paper reports of a model; null: it has no number there.</summary>
public sealed record PaperRow(string Model, params IReadOnlyList<double?> Values);

/// <summary>A table of the paper with its numbers: accuracies in percent, or perplexities.</summary>
/// <param name="Average">Whether the mean over the columns is a column too (computed, not in the paper).</param>
/// <param name="Note">What else the paper says of it.</param>
public sealed record PaperTable(string Name, string Title, string Section, IReadOnlyList<PaperColumn> Columns,
    IReadOnlyList<PaperRow> Rows, bool Average = false, string? Note = null);

/// <summary>
/// The numbers of Schick et al. 2023, "Toolformer: Language Models Can Teach Themselves to Use Tools" (arXiv
/// 2302.04761), to stand beside ours.
/// </summary>
public static class PaperTables
{
    /// <summary>Of the paper's model in figure 4, as its authors give it.</summary>
    internal const double GptJParameters = 6.7e9;

    private const string GptJ = "GPT-J", PlainGptJ = "GPT-J + CC", Disabled = "Toolformer (disabled)",
        Toolformer = "Toolformer", Opt = "OPT (66B)", Gpt3 = "GPT-3 (175B)";

    /// <summary>Section 4.2.1.</summary>
    public static PaperTable Lama { get; } = new("Table 3", "LAMA", "4.2.1",
        [new("SQuAD", "lama_squad"), new("Google-RE", "lama_google_re"), new("T-REx", "lama_trex")],
        [
            new(GptJ, 17.8, 4.9, 31.9), new(PlainGptJ, 19.2, 5.6, 33.2), new(Disabled, 22.1, 6.3, 34.9),
            new(Toolformer, 33.8, 11.5, 53.5), new(Opt, 21.6, 2.9, 30.1), new(Gpt3, 26.8, 7.0, 39.8),
        ],
        Average: true, "In the paper QA was called on 98.1 %, another tool on 0.7 % of the examples.");

    /// <summary>Section 4.2.2.</summary>
    public static PaperTable Math { get; } = new("Table 4", "Mathematical reasoning", "4.2.2",
        [new("ASDiv", "asdiv"), new("SVAMP", "svamp"), new("MAWPS", "mawps")],
        [
            new(GptJ, 7.5, 5.2, 9.9), new(PlainGptJ, 9.6, 5.0, 9.3), new(Disabled, 14.8, 6.3, 15.0),
            new(Toolformer, 40.4, 29.4, 44.0), new(Opt, 6.0, 4.9, 7.9), new(Gpt3, 14.0, 10.0, 19.8),
        ],
        Average: true, "In the paper Calculator was called on 97.9 % of the examples.");

    /// <summary>Section 4.2.3.</summary>
    public static PaperTable Questions { get; } = new("Table 5", "Question answering", "4.2.3",
        [new("WebQS", "webquestions"), new("NQ", "natural_questions"), new("TriviaQA", "triviaqa")],
        [
            new(GptJ, 18.5, 12.8, 43.9), new(PlainGptJ, 18.4, 12.2, 45.6), new(Disabled, 18.9, 12.6, 46.7),
            new(Toolformer, 26.3, 17.7, 48.8), new(Opt, 18.6, 11.4, 45.7), new(Gpt3, 29.0, 22.6, 65.9),
        ],
        Average: true, "In the paper WikiSearch was called on 99.3 % of the examples; QA is banned.");

    /// <summary>Section 4.2.4.</summary>
    public static PaperTable Multilingual { get; } = new("Table 6", "Multilingual question answering (MLQA)", "4.2.4",
        [
            Language("Es"), Language("De"), Language("Hi"), Language("Vi"), Language("Zh"), Language("Ar"),
        ],
        [
            new(GptJ, 15.2, 16.5, 1.3, 8.2, 18.2, 8.2), new(PlainGptJ, 15.7, 14.9, 0.5, 8.3, 13.7, 4.6),
            new(Disabled, 19.8, 11.9, 1.2, 10.1, 15.0, 3.1), new(Toolformer, 20.6, 13.5, 1.4, 10.6, 16.8, 3.7),
            new(Opt, 0.3, 0.1, 1.1, 0.2, 0.7, 0.1), new(Gpt3, 3.4, 1.1, 0.1, 1.7, 17.7, 0.1),
            new("GPT-J (all English)", 24.3, 27.0, 23.9, 23.3, 23.1, 23.6),
            new("GPT-3 (all English)", 24.7, 27.2, 26.1, 24.9, 23.6, 24.0),
        ],
        Note: "In the paper MT was called on 63.8 % to 94.9 % of the examples, in Hindi on 7.3 %.");

    /// <summary>Section 4.2.5.</summary>
    public static PaperTable Temporal { get; } = new("Table 7", "Temporal data", "4.2.5",
        [new("TempLAMA", "templama"), new("Dateset", "dateset")],
        [
            new(GptJ, 13.7, 3.9), new(PlainGptJ, 12.9, 2.9), new(Disabled, 12.7, 5.9), new(Toolformer, 16.3, 27.3),
            new(Opt, 14.5, 1.3), new(Gpt3, 15.5, 0.8),
        ],
        Note: "In the paper Calendar was called on 0.2 % of TempLAMA and 54.8 % of Dateset.");

    /// <summary>Section 4.3: perplexities, calls disabled.</summary>
    public static PaperTable Perplexity { get; } = new("Table 8", "Perplexity, calls disabled", "4.3",
        [new("WikiText", "wikitext"), new("CCNet", "texts")],
        [new(GptJ, 9.9, 10.6), new(PlainGptJ, 10.3, 10.5), new(Disabled, 10.3, 10.5)],
        Note: "The second column holds 10,000 held-out texts of CCNet in the paper, and here texts of one's own.");

    /// <summary>
    /// Section 4.5: per k the accuracy on all examples, on those with a call, on those without, and the share with one.
    /// </summary>
    public static PaperTable Decoding { get; } = new("Table 9", "How k of the decoding rule changes calls", "4.5",
        [new("T-REx", "lama_trex"), new("WebQS", "webquestions")],
        [
            new("k = 0", 34.9, null, 34.9, 0.0, 18.9, null, 18.9, 0.0),
            new("k = 1", 47.8, 53.0, 44.3, 40.3, 19.3, 17.1, 19.9, 8.5),
            new("k = 3", 52.9, 58.0, 29.0, 82.8, 26.3, 26.5, 6.6, 99.3),
            new("k = 10", 53.5, 54.0, 22.5, 98.1, 26.3, 26.4, null, 100.0),
        ]);

    /// <summary>
    /// Section 4.1: texts with calls in C*, for τ_f of 0.5, 1 and 2; the models are the tools by our names.
    /// </summary>
    public static PaperTable Examples { get; } = new("Table 2", "Texts with calls in C*", "4.1",
        [new("τ_f = 0.5"), new("1.0"), new("2.0")],
        [
            new("QA", 51_987, 18_526, 5_135), new("WikiSearch", 207_241, 60_974, 13_944),
            new("Calculator", 3_680, 994, 138), new("Calendar", 61_811, 20_587, 3_007), new("MT", 3_156, 1_034, 229),
        ]);

    /// <summary>Section 5: the gains of the calls that the paper shows, and whether it judged them useful.</summary>
    public static IReadOnlyList<(double Gain, string Call, bool Useful)> Quality { get; } =
    [
        (5.49, "WikiSearch", true), (2.11, "Calendar", true), (2.08, "QA", true), (1.59, "Calculator", true),
        (0.92, "WikiSearch", false), (0.70, "MT", true), (0.33, "Calendar", true), (-0.02, "Calculator", false),
        (-0.41, "Calendar", false), (-1.23, "QA", false),
    ];

    /// <summary>The tables of accuracies whose columns are tasks, in the paper's order.</summary>
    public static IReadOnlyList<PaperTable> OfAccuracies { get; } = [Lama, Math, Questions, Multilingual, Temporal];

    /// <summary>The panels of figure 4 (section 4.4): means over the columns of these tables, by model size.</summary>
    public static IReadOnlyList<PaperTable> OfScaling { get; } = [Lama, Math, Questions];

    private static PaperColumn Language(string title) =>
        new(title, $"mlqa_{title.ToLowerInvariant()}", $"xquad_{title.ToLowerInvariant()}");
}
