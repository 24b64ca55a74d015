using System.Text;
using Toolformer.Modeling;
using Toolformer.Torch;
using static TorchSharp.torch;

namespace Toolformer.Bench;

/// <summary>A decoder of GPT-2 small's shape with random weights, and a vocabulary of made-up words for it.</summary>
internal static class BenchModel
{
    public static readonly DecoderShape Shape = new()
    {
        VocabularySize = 50_257,
        ContextLength = 1024,
        Width = 768,
        Layers = 12,
        Heads = 12,
        InnerWidth = 3072,
        NormEpsilon = 1e-5,
        Activation = Activation.GeluTanh,
        TiedHead = true,
    };

    public static TorchLanguageModel Of(ScalarType type)
    {
        using var random = Torch.Decoder.Random(Shape, seed: 1);
        var decoder = random.To(type, CPU);
        decoder.Pack();
        return new TorchLanguageModel(decoder, new Words(), null, null);
    }

    /// <summary>Random words that are no markup.</summary>
    public static int[] Tokens(int seed, int count)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(Words.First, Shape.VocabularySize))];
    }

    /// <summary>Two per weight of the layers' matrices, and the products of attention at the mean distance.</summary>
    public static double FlopsPerToken(int length) =>
        Shape.Layers * (2.0 * 12 * Shape.Width * Shape.Width + 2 * 2.0 * Shape.Width * length / 2);

    /// <summary>Bytes of the matrices that one step of a single row reads.</summary>
    public static double BytesPerStep(ScalarType type) =>
        (Shape.Layers * 12.0 * Shape.Width * Shape.Width + (double)Shape.VocabularySize * Shape.Width)
        * (type == ScalarType.Float32 ? 4 : 2);

    /// <summary>Words " 00003" and up; the first ids are the markup. No word ends a call: samples are long.</summary>
    internal sealed class Words : ITokenizer
    {
        public const int First = 3;

        private static readonly string[] Markup = [" [", " ->", "]"];

        public int VocabularySize => Shape.VocabularySize;

        public IReadOnlyList<Token> Encode(string text)
        {
            var tokens = new List<Token>();
            for (int at = 0; at < text.Length;)
            {
                int id = Array.FindIndex(Markup, m => text.AsSpan(at).StartsWith(m));
                int length = id >= 0 ? Markup[id].Length : Math.Min(6, text.Length - at);
                if (id < 0)
                {
                    string word = text.Substring(at, length);
                    id = int.TryParse(word, out int number) && number >= First && number < VocabularySize
                        ? number
                        : First + Math.Abs(word.Sum(c => c * 31)) % (VocabularySize - First);
                }
                tokens.Add(new Token(id, at, at + length));
                at += length;
            }
            return tokens;
        }

        public string Decode(IEnumerable<int> ids) =>
            string.Concat(ids.Select(id => Encoding.UTF8.GetString(Bytes(id))));

        public ReadOnlySpan<byte> Bytes(int id) =>
            Encoding.UTF8.GetBytes(id < First ? Markup[id] : $" {id:00000}");
    }
}
