namespace Toolformer.Evaluation;

/// <summary>
/// What is measured: a test set or texts, with all that is known of them. One file adds one; every visible one is found
/// by <see cref="Catalog"/>: <see cref="EvalTask"/>s by questions and answers, <see cref="PerplexityTask"/>s by text.
/// </summary>
public abstract class Benchmark
{
    /// <summary>As named on the command line: lower case, letters, digits and underscores.</summary>
    public abstract string Name { get; }

    /// <summary>
    /// Goes up whenever prompt, choice of examples or scoring change: numbers of other versions differ.
    /// </summary>
    public abstract int Version { get; }

    /// <summary>Where the data come from, and which files are read.</summary>
    public abstract string Citation { get; }

    /// <summary>How far it is what the paper measured; those of the catalogue say so.</summary>
    public virtual PaperCheck? Paper => null;

    /// <summary>A made-up file with what is asked of it and what is right; those of the catalogue have one.</summary>
    public virtual WorkedExample? Worked => null;

    /// <summary>The official files; none: the data are generated, or only their user has them.</summary>
    public virtual IReadOnlyList<EvalSource> Sources => [];

    /// <summary>
    /// Whether no file is needed: an empty path stands for what is generated, always the same.
    /// </summary>
    public virtual bool IsGenerated => false;

    /// <summary>
    /// The path to read once <see cref="Sources"/> lie in a folder, relative to it; null: there is no such thing.
    /// </summary>
    public virtual string? DownloadedPath => Sources.Count > 0 ? Sources[0].File : null;
}

/// <summary>The check-list "equivalent to the paper?".</summary>
/// <param name="Table">Where the paper has its numbers: "Table 4"; null: the paper does not measure it.</param>
/// <param name="Same">What is as in the paper: prompt, choice of examples, rule, bans, dates.</param>
/// <param name="Differs">What is not, or where the paper does not say; empty: nothing.</param>
public sealed record PaperCheck(string? Table, IReadOnlyList<string> Same, IReadOnlyList<string> Differs)
{
    /// <summary>Whether numbers can stand beside the paper's without a footnote.</summary>
    public bool IsEquivalent => Table is not null && Differs.Count == 0;

    /// <summary>A measurement that the paper does not have.</summary>
    public static PaperCheck Beyond(params string[] choices) => new(null, [], choices);
}

/// <summary>A made-up data file of the official format with its first question; the tests execute it.</summary>
/// <param name="Files">Names, folders included, and contents; the first one is what is read.</param>
/// <param name="Prompt">What the model reads for the first question, or the first text.</param>
/// <param name="Right">A completion that is right; null for texts.</param>
/// <param name="Wrong">One that is wrong, by the rule of this task; null for texts.</param>
public sealed record WorkedExample(
    IReadOnlyList<(string Name, string Content)> Files, string Prompt, string? Right = null, string? Wrong = null)
{
    public WorkedExample(string name, string content, string prompt, string? right = null, string? wrong = null)
        : this([(name, content)], prompt, right, wrong)
    {
    }
}

/// <summary>An official file: where it lies, under which terms, and which bytes it has.</summary>
/// <param name="File">Its name in the folder of downloads, with "/": "xquad/xquad.de.json"; unique over tasks.</param>
/// <param name="Url">Absolute. What stands in a repository is named by commit, so that its bytes stay.</param>
/// <param name="Licence">The terms as the publisher names them.</param>
public sealed record EvalSource(string File, string Url, string Licence)
{
    /// <summary>
    /// SHA-256 of the file, in lower case; null: not known to the project, so what was found has to be shown.
    /// </summary>
    public string? Sha256 { get; init; }

    /// <summary>
    /// For archives (.zip, .tar.gz): the entries to unpack, as (begin of the path in the archive, place in the folder
    /// of downloads); an entry below the first goes to the same place below the second. Empty: it is no archive.
    /// </summary>
    public IReadOnlyList<(string Entry, string File)> Unpack { get; init; } = [];
}
