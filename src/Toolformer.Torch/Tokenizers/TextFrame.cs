namespace Toolformer.Torch.Tokenizers;

/// <summary>What a model wants put around a text, or around two: the last step from text to tokens.</summary>
/// <param name="Single">Around one text.</param>
/// <param name="Pair">Around two.</param>
public sealed record TextFrame(IReadOnlyList<FramePart> Single, IReadOnlyList<FramePart> Pair)
{
    /// <summary>Puts nothing around a text, and nothing between two.</summary>
    public static TextFrame None { get; } = new(
        [new FramePart(FrameSlot.First, [], 0)],
        [new FramePart(FrameSlot.First, [], 0), new FramePart(FrameSlot.Second, [], 1)]);

    /// <summary>Joins the tokens of one text, or two, with what belongs around them.</summary>
    public FramedText Around(IReadOnlyList<int> first, IReadOnlyList<int>? second = null)
    {
        var ids = new List<int>();
        var types = new List<int>();
        int firstStart = 0, secondStart = 0;
        foreach (FramePart part in second is null ? Single : Pair)
        {
            if (part.Slot == FrameSlot.First)
                firstStart = ids.Count;
            else if (part.Slot == FrameSlot.Second)
                secondStart = ids.Count;
            ids.AddRange(part.Slot switch
            {
                FrameSlot.First => first,
                FrameSlot.Second => second ?? [],
                _ => part.Ids,
            });
            types.AddRange(Enumerable.Repeat(part.Type, ids.Count - types.Count));
        }
        return new FramedText(ids, types, firstStart, secondStart);
    }
}

/// <summary>A part of a <see cref="TextFrame"/>.</summary>
/// <param name="Ids">The tokens, where it is no text.</param>
/// <param name="Type">The token type that BERT-like models are told.</param>
public sealed record FramePart(FrameSlot Slot, IReadOnlyList<int> Ids, int Type);

/// <summary>What stands in a part of a frame.</summary>
public enum FrameSlot
{
    /// <summary>Fixed tokens.</summary>
    Tokens,

    /// <summary>The first text, or the only one.</summary>
    First,

    /// <summary>The second text.</summary>
    Second,
}

/// <summary>Texts with their frame.</summary>
/// <param name="Types">Per token its type: for a BERT-like model, which of the texts it belongs to.</param>
/// <param name="First">Where the first text's tokens begin.</param>
/// <param name="Second">Where the second's begin; 0 without one.</param>
public sealed record FramedText(IReadOnlyList<int> Ids, IReadOnlyList<int> Types, int First, int Second);
