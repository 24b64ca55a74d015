using Toolformer.Markup;
using Toolformer.Modeling;
using Toolformer.Torch;
using static TorchSharp.torch;

namespace Toolformer.Cli;

/// <summary>Whether a model folder can be scored, written on from, and taught to call tools.</summary>
public static class ModelHealth
{
    private const string FetchAnew = "Fetch the folder again with all its files.";

    public static IEnumerable<Finding> Examine(string path, Compute compute)
    {
        ModelFolder? folder = null;
        foreach (var finding in Finding.Try("configuration", path, FetchAnew, () => [Configuration(path, out folder)]))
            yield return finding;
        if (folder is null)
            yield break;
        foreach (var finding in Finding.Try("tokenizer", path, FetchAnew, () => OfTokenizer(folder)))
            yield return finding;
        foreach (var finding in EndsOfText(folder))
            yield return finding;
        foreach (var finding in Finding.Try("weights", path, FetchAnew, () => Weights(folder, compute)))
            yield return finding;
    }

    private static Finding Configuration(string path, out ModelFolder folder)
    {
        folder = Models.OpenFolder(path);
        var shape = folder.Shape;
        return new Finding("configuration", Health.Ok, $"{folder.Architecture.ModelType}, "
            + $"{shape.ParameterCount:N0} parameters, {shape.Layers} layers of {shape.Width}, context "
            + $"{shape.ContextLength:N0}, vocabulary {shape.VocabularySize:N0}", path);
    }

    private static List<Finding> OfTokenizer(ModelFolder folder)
    {
        if (!TokenizerFiles.Exist(folder.Path))
        {
            return [new Finding("tokenizer", Health.Limited, "there is none: token ids can be scored and written on "
                + "from, text can't, and nothing can be annotated", folder.Path,
                "Put the tokenizer's files (tokenizer.json, tokenizer.model, …) beside the weights.")];
        }
        var tokenizer = Tokenizer.Load(folder.Path);
        int model = folder.Shape.VocabularySize, tokens = tokenizer.VocabularySize;
        var fits = tokens <= model
            ? new Finding("tokenizer", Health.Ok, $"{tokens:N0} tokens")
            : new Finding("tokenizer", Health.Broken, $"it has {tokens:N0} tokens, the model {model:N0}", folder.Path,
                "Tokenizer and weights belong to different models: fetch both from one place.");
        return [fits, .. Finding.Try(
            "markup", folder.Path, "Use another model.", () => [Markup(tokenizer, folder.Path)])];
    }

    private static Finding Markup(Tokenizer tokenizer, string path)
    {
        var calls = new CallTokens(tokenizer, model: path);
        return new Finding("markup", Health.Ok, $"a call starts with token {calls.Open}, its arrow is "
            + $"[{string.Join(", ", calls.Arrow)}], its end [{string.Join(", ", calls.Close)}]");
    }

    private static IEnumerable<Finding> EndsOfText(ModelFolder folder)
    {
        string config = Path.Combine(folder.Path, "config.json");
        (string, int?)[] ends = [("bos_token_id", folder.BeginningOfText), ("eos_token_id", folder.EndOfText)];
        foreach (var (name, id) in ends)
        {
            if (id >= folder.Shape.VocabularySize)
                yield return new Finding("end of text", Health.Broken, $"{name} is {id}, the vocabulary has "
                    + $"{folder.Shape.VocabularySize:N0} tokens", config, $"Set {name} to a token of the vocabulary.");
        }
        if (folder.EndOfText is null)
            yield return new Finding("end of text", Health.Limited, "no eos_token_id: texts end only where cut", config,
                "Set eos_token_id to the token that ends a text.");
    }

    private static List<Finding> Weights(ModelFolder folder, Compute compute)
    {
        var type = compute.Type ?? ScalarType.Float32;
        using var decoder = folder.ReadDecoder(type, compute.Device);
        using var guard = no_grad();
        var bad = new List<(string Name, long Count)>();
        foreach (var (name, tensor) in decoder.Parameters)
        {
            using var scope = NewDisposeScope();
            long count = tensor.numel() - tensor.isfinite().sum().item<long>();
            if (count > 0)
                bad.Add((folder.Architecture.Locate(name, folder.Shape)[0].Name, count));
        }
        if (bad.Count > 0)
        {
            return [new Finding("weights", Health.Broken, $"{bad.Sum(b => b.Count):N0} values in {bad.Count} of "
                + $"{decoder.Parameters.Count} tensors are NaN or infinite, first in {bad[0].Name}", folder.Path,
                "A training that diverged leaves such weights, or a damaged file: take an earlier checkpoint, or fetch "
                + "it again.")];
        }
        string what = $"{decoder.Parameters.Count} tensors, all finite";
        using var model = new TorchLanguageModel(decoder, new NoTokenizer(folder.Path, 0), null, null);
        int vocabulary = model.VocabularySize, first = folder.BeginningOfText ?? 0;
        var read = model.Forward([new ForwardInput([Math.Min(first, vocabulary - 1)])
        {
            Targets = [.. Enumerable.Range(0, Math.Min(vocabulary, 64)).Select(token => new Target(1, token))],
        }])[0];
        return [read.LogProbabilities.All(float.IsFinite)
            ? new Finding("weights", Health.Ok, $"{what}; a first token was read")
            : new Finding("weights", Health.Broken, $"{what}, but what they compute is not", folder.Path,
                $"The weights are too large for {type.ToString().ToLowerInvariant()}: take a wider --dtype, or an "
                + "earlier checkpoint.")];
    }
}
