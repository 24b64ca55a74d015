using Toolformer.Torch;
using Toolformer.Torch.Architectures;
using Toolformer.Torch.Tokenizers;
using static TorchSharp.torch;

namespace Toolformer.Tests.Fakes;

/// <summary>
/// A GPT-2 folder with random weights and a vocabulary of its own, made for one test and deleted after it.
/// </summary>
internal sealed class TinyModel : IDisposable
{
    public TinyModel(bool withTokenizer = true, int seed = 1)
    {
        Folder = Directory.CreateTempSubdirectory("tiny-model-").FullName;
        string[] texts = ["The cat sat on the mat. 12 + 30 = 42, naïve café 日本", "The mat sat on the cat [x] -> 5"];
        var vocabulary = BpeTrainer.Train(texts, 300, [" [", "]", " ->"]);
        if (withTokenizer)
            TokenizerFiles.Write(vocabulary, Folder);
        Shape = new DecoderShape
        {
            VocabularySize = vocabulary.Spellings.Count,
            ContextLength = 64,
            Width = 16,
            Layers = 2,
            Heads = 2,
            InnerWidth = 32,
            NormEpsilon = 1e-5,
            Activation = Activation.GeluTanh,
            TiedHead = true,
        };
        using var decoder = Decoder.Random(Shape, seed);
        ModelFolder.Write(Folder, decoder, new Gpt2(), ScalarType.Float32, endOfText: 0);
    }

    public string Folder { get; }

    public DecoderShape Shape { get; }

    public string File(string name) => Path.Combine(Folder, name);

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
