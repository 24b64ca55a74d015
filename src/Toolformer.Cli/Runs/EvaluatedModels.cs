using System.Security.Cryptography;
using System.Text.Json;
using Toolformer.Evaluation;
using Toolformer.Inference;
using Toolformer.Markup;
using Toolformer.Tools;
using Toolformer.Torch;

namespace Toolformer.Cli.Runs;

/// <summary>
/// The models of an evaluation, of which the one that was asked for last is in memory, and their arms. `teach` and
/// `evaluate` measure by it.
/// </summary>
/// <param name="today">What day it is for examples without one.</param>
internal sealed class EvaluatedModels(Compute compute, TimeProvider clock, DateOnly today, Action finished)
    : IDisposable
{
    private readonly Dictionary<string, string> _contents = [];
    private readonly Dictionary<Toolbox, ToolUsingModel> _writers = [];
    private (string Path, TorchLanguageModel Model)? _open;

    /// <summary>The model of a folder; the one before it is freed.</summary>
    public TorchLanguageModel Open(string path)
    {
        if (_open?.Path != path)
        {
            Dispose();
            _open = null;
            _open = (path, compute.Open(path).Model);
        }
        return _open.Value.Model;
    }

    /// <summary>A model in a mode; it is read when the first prediction is asked for.</summary>
    /// <param name="tools">Empty: the model has none.</param>
    /// <param name="cached">Whether its predictions shall be known by content, which reads its files once.</param>
    public EvalArm Arm(
        string name, string path, string mode, Toolbox tools, GenerationOptions options, bool cached = false)
    {
        var names = tools.Names.ToList();
        return new EvalArm(name, mode, (task, examples, cancellation) =>
            EvalArm.Of(name, mode, Writer(path, tools), names, options, ToolContext.On(today).Clock, finished)
                .PredictAsync(task, examples, cancellation))
        {
            StartTopK = names.Count == 0 ? null : options.StartTopK,
            Identity = cached ? IdentityOf(path, tools, options) : null,
        };
    }

    /// <summary>
    /// What each text adds to the perplexity with calls disabled; in the mode "base" of the model as it is.
    /// </summary>
    /// <param name="known">Losses of the first texts, from a run that was cut short.</param>
    public IEnumerable<TextLoss> Losses(string path, string mode, IEnumerable<string> texts,
        IReadOnlyList<TextLoss> known, CancellationToken cancellation)
    {
        var model = Open(path);
        int? open = mode == EvaluationModes.Base ? null : new CallTokens(model.Tokenizer).Open;
        return Perplexity.Losses(model, texts, open, stride: null, known, cancellation);
    }

    public void Dispose()
    {
        _writers.Clear();
        _open?.Model.Dispose();
    }

    private ToolUsingModel Writer(string path, Toolbox tools)
    {
        var model = Open(path);
        if (!_writers.TryGetValue(tools, out var writer))
            writer = _writers[tools] = new ToolUsingModel(model, tools, clock);
        return writer;
    }

    private string IdentityOf(string path, Toolbox tools, GenerationOptions options)
    {
        if (!_contents.TryGetValue(path, out string? content))
            content = _contents[path] = ContentOf(path);
        return JsonSerializer.Serialize(new
        {
            content,
            type = $"{compute.Type}",
            device = $"{compute.Device}",
            options,
            tools = tools.Tools.Select(t => new { t.Name, t.Version }),
            today,
        });
    }

    /// <summary>Hashes of the weights, and of what says how they and the tokens are read.</summary>
    private static string ContentOf(string path)
    {
        var folder = Models.OpenFolder(path);
        var identity = folder.Identity();
        identity.Remove("name");
        var files = Directory.EnumerateFiles(folder.Path)
            .Where(f => Path.GetExtension(f) is ".json" or ".txt" or ".model").Order(StringComparer.Ordinal)
            .Select(f => $"{Path.GetFileName(f)} {Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(f)))}");
        return $"{identity.ToJsonString()} {string.Join(' ', files)}";
    }
}

/// <summary>What a model may do in an evaluation (paper, sections 4.1 and 4.2).</summary>
internal static class EvaluationModes
{
    /// <summary>The model without tools; " [" is text like any other.</summary>
    public const string Base = "base";

    /// <summary>It has tools, and p(&lt;API&gt;) is 0.</summary>
    public const string Disabled = "disabled";

    /// <summary>It calls, by the paper's rule with k = 10.</summary>
    public const string Enabled = "enabled";

    public static IReadOnlyList<string> All { get; } = [Base, Disabled, Enabled];

    /// <summary>The name of the mode with another k: "enabled k=3"; with 0 calls are disabled.</summary>
    public static string Of(int startTopK) => startTopK switch
    {
        0 => Disabled,
        _ when startTopK == new GenerationOptions().StartTopK => Enabled,
        _ => $"{Enabled} k={startTopK}",
    };
}
