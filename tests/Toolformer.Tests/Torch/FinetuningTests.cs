using Toolformer.Pipeline;
using Toolformer.Torch;
using Toolformer.Torch.Training;

namespace Toolformer.Tests.Torch;

public class FinetuningTests
{
    private static readonly DecoderShape Shape = new()
    {
        VocabularySize = 50,
        ContextLength = 32,
        Width = 16,
        Layers = 1,
        Heads = 2,
        InnerWidth = 32,
        NormEpsilon = 1e-5,
        Activation = Activation.GeluTanh,
        TiedHead = true,
    };

    /// <summary>Tokens 10 to 19; the call stands at [2, 7), its result at [5, 7).</summary>
    private static DatasetExample Example(string id) => new(
        id, "text", [.. Enumerable.Range(10, 10)], [new DatasetCall("Calculator", "1+1", "2", 2, 5, 7)]);

    [Fact]
    public void Results_are_left_out_of_the_loss_where_that_is_asked_for_and_nothing_else_is()
    {
        var data = new Finetuning([Example("a")], new FinetuningOptions { MaskResults = true, HeldOut = 0 },
            Shape, beginningOfText: 0, endOfText: 1);
        var row = data.Batch(0)[0];
        Assert.Equal([0, .. Enumerable.Range(10, 10), 1], row.Tokens);
        Assert.Equal([15, 16], row.Tokens.Where((_, i) => !row.Scored![i]));
        using var decoder = Decoder.Random(Shape, 1);
        var (masked, count) = TrainingLoss.Evaluate(decoder, [row]);
        Assert.Equal(row.Tokens.Length - 1 - 2, count);
        var only = row with { Scored = [.. row.Scored!.Select(s => !s)] };
        double whole = TrainingLoss.Evaluate(decoder, [row with { Scored = null }]).Sum;
        Assert.Equal(whole, masked + TrainingLoss.Evaluate(decoder, [only]).Sum, 1e-4);
        Assert.Null(new Finetuning([Example("a")], new FinetuningOptions { HeldOut = 0 }, Shape, 0, 1)
            .Batch(0)[0].Scored);
    }

    [Fact]
    public void What_is_trained_on_is_never_held_out()
    {
        var few = new Finetuning([Example("a")], new FinetuningOptions { HeldOut = 0 }, Shape, 0, 1);
        Assert.Empty(few.HeldOut);
        Assert.Equal(1, few.Examples);
        var half = new Finetuning(Enumerable.Range(0, 40).Select(i => Example($"text {i}")),
            new FinetuningOptions { HeldOut = 0.5 }, Shape, 0, 1);
        Assert.Equal(40, half.Examples + half.HeldOut.Count);
        Assert.InRange(half.HeldOut.Count, 8, 32);
    }

    [Fact]
    public void Options_reach_the_training_loop()
    {
        var training = new Finetuning([Example("a")], new FinetuningOptions
        {
            HeldOut = 0,
            MicroBatchTokens = 77,
            Packed = true,
            Checkpointed = true,
            Seed = 5,
        }, Shape, 0, 1).Training;
        Assert.Equal(77, training.MicroBatchTokens);
        Assert.Equal(new PassLayout(true, true), training.Layout);
        Assert.Equal(5, training.Seed);
    }
}
