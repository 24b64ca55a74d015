namespace Toolformer.Tools.Translating;

/// <summary>
/// Translates a text: what the tool stands on, where the paper has NLLB (section 3). Languages are named as in
/// <see cref="LanguageCodes.Code"/>. Thread-safe.
/// </summary>
public abstract class Translator : IDisposable
{
    /// <summary>Whether it finds out the language of a text when it is not told.</summary>
    public virtual bool FindsSource => false;

    /// <summary>Whether it can translate between two languages, as far as is known.</summary>
    public abstract bool CanTranslate(string source, string target);

    /// <summary>
    /// Whether a phrase may be one that it translates; false where it is sure not to be, so that nobody need ask.
    /// </summary>
    public virtual bool MayKnow(string phrase) => true;

    /// <summary>
    /// Translates. Never throws on bad input: a failure says why there is no translation. Obeys cancellation.
    /// </summary>
    /// <param name="source">null: it is not known, which only those who find it out can work with.</param>
    public abstract ValueTask<ToolResult> TranslateAsync(
        string text, string? source, string target, CancellationToken cancellation);

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees what the translator itself opened.</summary>
    protected virtual void Dispose(bool disposing) { }
}
