using Toolformer.Tools;
using Toolformer.Tools.Reading;
using Toolformer.Torch.Tokenizers;

namespace Toolformer.Torch.Reading;

/// <summary>
/// Answers with a span of a passage, as models finetuned on SQuAD do: the span whose start and end are likeliest
/// compared with there being no answer. One question at a time: others wait.
/// </summary>
/// <param name="model">Owned from now on.</param>
public sealed class ExtractiveReader(
    SpanModel model, Tokenizer tokenizer, ExtractiveReaderOptions? options = null) : AnswerReader
{
    private readonly ExtractiveReaderOptions _options = options ?? new ExtractiveReaderOptions();
    private readonly SemaphoreSlim _free = new(1);

    /// <summary>A part of a passage that fits the model together with the question.</summary>
    private sealed record Window(Passage Passage, IReadOnlyList<Modeling.Token> Tokens, FramedText Framed);

    /// <summary>Reads a model folder with its tokenizer.</summary>
    /// <exception cref="InvalidDataException">The folder is damaged or holds another kind of model.</exception>
    /// <exception cref="IOException">The folder or a file is missing.</exception>
    public static ExtractiveReader Open(string folder, ExtractiveReaderOptions? options = null)
    {
        var tokenizer = Tokenizer.Load(folder);
        var model = SpanModel.Open(folder);
        if (tokenizer.VocabularySize <= model.Shape.VocabularySize)
            return new ExtractiveReader(model, tokenizer, options);
        int size = model.Shape.VocabularySize;
        model.Dispose();
        throw new InvalidDataException($"The tokenizer has {tokenizer.VocabularySize:N0} tokens, the model {size:N0}.\n"
            + $"  in {folder}\n  They belong to different models: fetch both anew.");
    }

    public override async ValueTask<ToolResult> AnswerAsync(
        string question, IReadOnlyList<Passage> passages, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        int[] asked = [.. tokenizer.Encode(question).Take(_options.MaxQuestionTokens).Select(t => t.Id)];
        int room = Math.Min(model.Shape.ContextLength, _options.MaxTokens)
            - tokenizer.Frame.Around(asked, []).Ids.Count;
        if (asked.Length == 0 || room < 2)
            return ToolResult.Failure(asked.Length == 0
                ? "There is no question."
                : $"The question has {asked.Length:N0} tokens, which leave no room for a passage: ask a shorter one.");
        var windows = passages.Take(_options.MaxPassages).SelectMany(p => Windows(asked, p, room)).ToList();
        await _free.WaitAsync(cancellation);
        try
        {
            var read = model.Read([.. windows.Select(w => new SpanInput(w.Framed.Ids, w.Framed.Types))], cancellation);
            return Best(windows, read) is { } answer
                ? ToolResult.Success(answer)
                : ToolResult.Failure($"None of {passages.Count} passages answers the question.");
        }
        finally
        {
            _free.Release();
        }
    }

    protected override void Dispose(bool disposing)
    {
        model.Dispose();
        _free.Dispose();
    }

    private IEnumerable<Window> Windows(int[] question, Passage passage, int room)
    {
        var tokens = tokenizer.Encode(passage.Text).Take(_options.MaxPassageTokens).ToArray();
        int step = Math.Max(1, room - Math.Min(_options.Overlap, room / 2));
        for (int start = 0; start < tokens.Length; start += step)
        {
            var part = tokens[start..Math.Min(tokens.Length, start + room)];
            yield return new(passage, part, tokenizer.Frame.Around(question, [.. part.Select(t => t.Id)]));
            if (start + room >= tokens.Length)
                break;
        }
    }

    /// <summary>The text of the span that is most likelier than none, if one is by enough.</summary>
    private string? Best(List<Window> windows, IReadOnlyList<SpanLogits> read)
    {
        string? best = null;
        double margin = _options.MinMargin;
        foreach (var (window, logits) in windows.Zip(read))
        {
            int first = window.Framed.Second;
            if (logits.Best(first, first + window.Tokens.Count, _options.MaxAnswerTokens) is not { } span
                || !(span.Score - logits.NoAnswer > margin)) // also where damaged weights make it no number
                continue;
            int from = window.Tokens[span.First - first].Start, to = window.Tokens[span.Last - first].End;
            string text = string.Join(' ', window.Passage.Text[from..to].Split((char[]?)null,
                StringSplitOptions.RemoveEmptyEntries));
            if (text.Length > 0)
                (best, margin) = (text, span.Score - logits.NoAnswer);
        }
        return best;
    }
}

/// <summary>Limits of extractive reading, with the values that are usual for SQuAD.</summary>
public sealed record ExtractiveReaderOptions
{
    /// <summary>
    /// An answer's logits must exceed those of there being none by more than this; models that were never shown
    /// questions without an answer abstain with a value of their own, if at all.
    /// </summary>
    public double MinMargin { get; init; }

    public int MaxAnswerTokens { get; init; } = 30;

    public int MaxQuestionTokens { get; init; } = 64;

    /// <summary>Question and part of a passage together, where the model reads more.</summary>
    public int MaxTokens { get; init; } = 384;

    /// <summary>Tokens that two parts of a passage share, so that no answer is cut.</summary>
    public int Overlap { get; init; } = 128;

    public int MaxPassages { get; init; } = 20;

    public int MaxPassageTokens { get; init; } = 2_000;
}
