using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Toolformer.Corpora.Quickstart;
using Toolformer.Pipeline;
using Toolformer.Reports;
using Toolformer.Tools;
using Toolformer.Tools.Searching;
using Toolformer.Torch;
using Toolformer.Torch.Architectures;
using Toolformer.Torch.Tokenizers;
using static TorchSharp.torch;

namespace Toolformer.Tests.Cli;

/// <summary>A random model that can read the tools' prompts, and a recipe that teaches it in seconds.</summary>
internal sealed partial class TinyTeaching : IDisposable
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public TinyTeaching()
    {
        var corpus = QuickstartCorpus.Generate(1, new QuickstartOptions { Texts = 40, HeldOutPerKind = 4 });
        using var index = SearchIndex.InMemory(corpus.Passages);
        var prompts = new Tool[] { new Calculator(), new Calendar(), new WikiSearch(index) }
            .Select(t => new TaughtTool(t, t.Annotation).PromptHead);
        var vocabulary = BpeTrainer.Train(
            [.. prompts, .. corpus.Training.Select(t => t.Document.Text)], 900, [" [", "]", " ->"]);
        Directory.CreateDirectory(Model);
        TokenizerFiles.Write(vocabulary, Model);
        using var decoder = Decoder.Random(new DecoderShape
        {
            VocabularySize = vocabulary.Spellings.Count,
            ContextLength = 1024,
            Width = 32,
            Layers = 2,
            Heads = 2,
            InnerWidth = 64,
            NormEpsilon = 1e-5,
            Activation = Activation.GeluTanh,
            TiedHead = true,
        }, seed: 3);
        ModelFolder.Write(Model, decoder, new Gpt2(), ScalarType.Float32, endOfText: 0);
        Write(Recipe);
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("tiny-teaching-").FullName;

    public string Model => Path.Combine(Folder, "base");

    public string RecipePath => Path.Combine(Folder, "recipe.json");

    /// <summary>The recipe as a copy that may be changed.</summary>
    public JsonObject Recipe
    {
        get
        {
            JsonObject Numbers() => new()
            {
                ["start_threshold"] = 0,
                ["positions"] = 2,
                ["calls_per_position"] = 2,
                ["filter_threshold"] = -1,
                ["max_call_tokens"] = 32,
            };
            return new JsonObject
            {
                ["seed"] = 1,
                ["model"] = Model,
                ["max_examples"] = 4,
                ["quickstart"] = new JsonObject
                {
                    ["texts"] = 72,
                    ["plain_share"] = 0.2,
                    ["held_out_per_kind"] = 6,
                    ["other_passages"] = 10,
                },
                ["tools"] = new JsonObject
                {
                    ["Calculator"] = Numbers(),
                    ["Calendar"] = Numbers(),
                    ["WikiSearch"] = Numbers(),
                },
                ["constrained"] = true,
                ["finetuning"] = new JsonObject
                {
                    ["batch_size"] = 8,
                    ["epochs"] = 3,
                    ["learning_rate"] = 0.003,
                    ["held_out"] = 0.1,
                    ["evaluations"] = 4,
                },
                ["start_top_k"] = 10,
            };
        }
    }

    public string In(string name) => Path.Combine(Folder, name);

    public void Write(JsonObject recipe) => File.WriteAllText(RecipePath, recipe.ToJsonString(Indented));

    /// <summary>The arguments of `teach` into a folder of this name.</summary>
    public string[] Teach(string run) => ["teach", RecipePath, "--out", In(run), "--threads", "1"];

    /// <summary>
    /// All files of a run by name, as they must be however often it was stopped: without what was measured on the way
    /// (milliseconds, seconds, forward tokens spent, and how long these figures made the files), without the lock, and
    /// without where the folder lies.
    /// </summary>
    public SortedDictionary<string, string> Files(string run)
    {
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (string path in Directory.EnumerateFiles(In(run), "*", SearchOption.AllDirectories))
        {
            string name = Path.GetRelativePath(In(run), path);
            // The report tells the seconds, and everything else in it stands in the other files.
            if (Path.GetFileName(path) is ".lock" or Report.HtmlFile or Report.MarkdownFile)
                continue;
            files[name] = Path.GetExtension(path) == ".safetensors"
                ? Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(path)))
                : Place().Replace(Measured().Replace(File.ReadAllText(path), "\"$1\":"), "\"path\":\"");
        }
        return files;
    }

    /// <summary>Fails unless two runs ended with the same files.</summary>
    public void AssertSame(string expected, string actual)
    {
        var (a, b) = (Files(expected), Files(actual));
        Assert.Equal(a.Keys, b.Keys);
        Assert.All(a.Keys, name => Assert.Equal(a[name], b[name]));
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    [GeneratedRegex(@"""(milliseconds|seconds|forward_tokens|lengths)"": ?[0-9.,\[\]E+-]+")]
    private static partial Regex Measured();

    [GeneratedRegex("""
        "path": ?"[^"]*/
        """)]
    private static partial Regex Place();
}
