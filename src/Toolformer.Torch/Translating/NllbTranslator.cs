using System.Runtime.InteropServices;
using Toolformer.Tools;
using Toolformer.Tools.Translating;
using Toolformer.Torch.Seq2Seq;
using Toolformer.Torch.Tokenizers;
using TorchSharp;
using static TorchSharp.torch;

namespace Toolformer.Torch.Translating;

/// <summary>
/// Translates with NLLB (the paper's choice, section 3) or M2M100 in this process. One text at a time: others wait.
/// </summary>
/// <param name="model">Owned from now on.</param>
public sealed class NllbTranslator(Seq2SeqModel model, Tokenizer tokenizer, NllbOptions? options = null) : Translator
{
    private readonly NllbOptions _options = options ?? new NllbOptions();
    private readonly LanguageTokens _languages = new(tokenizer);
    private readonly SemaphoreSlim _free = new(1);

    /// <summary>Reads a model folder with its tokenizer.</summary>
    /// <exception cref="InvalidDataException">The folder is damaged or holds another kind of model.</exception>
    /// <exception cref="IOException">The folder or a file is missing.</exception>
    public static NllbTranslator Open(
        string folder, NllbOptions? options = null, ScalarType type = ScalarType.Float32, Device? device = null)
    {
        var tokenizer = Tokenizer.Load(folder);
        var model = Seq2SeqModel.Open(folder, type, device);
        try
        {
            if (tokenizer.VocabularySize > model.Shape.VocabularySize)
                throw new InvalidDataException($"The tokenizer has {tokenizer.VocabularySize:N0} tokens, the model "
                    + $"{model.Shape.VocabularySize:N0}.\n  in {folder}\n"
                    + "  They belong to different models: fetch both anew.");
            return new NllbTranslator(model, tokenizer, options);
        }
        catch (NotSupportedException e)
        {
            model.Dispose();
            throw new InvalidDataException(e.Message, e);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    public override bool CanTranslate(string source, string target) =>
        Code(source) is not null && Code(target) is not null;

    public override async ValueTask<ToolResult> TranslateAsync(
        string text, string? source, string target, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (source is null || Code(source) is not { } from || Code(target) is not { } to)
            return ToolResult.Failure($"The model can't translate from {source ?? "an unknown language"} into "
                + $"{target}: give languages that it has.");
        var ids = _languages.Frame(text, from);
        if (ids.Count > model.Shape.ContextLength)
            return ToolResult.Failure($"The text has {ids.Count:N0} tokens; the model reads "
                + $"{model.Shape.ContextLength:N0}: translate it in parts.");
        var generation = new Seq2SeqOptions
        {
            Beams = _options.Beams,
            MaxNewTokens = Math.Min(_options.MaxNewTokens, model.Shape.ContextLength - 1),
            ForcedFirstToken = _languages.Of(to),
            EndOfText = model.Shape.EndOfText,
        };
        await _free.WaitAsync(cancellation);
        try
        {
            var written = model.Generate([ids], generation, cancellation)[0][0].Tokens;
            string translated = tokenizer.Decode(written.Where(id => id < tokenizer.VocabularySize
                && !tokenizer.IsSpecial(id))).Trim();
            return translated.Length > 0
                ? ToolResult.Success(translated)
                : ToolResult.Failure("The model wrote no translation.");
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

    /// <summary>The model's own code of a language: NLLB's, or M2M100's.</summary>
    private string? Code(string language) => LanguageCodes.Find(language) is { } known
        ? new[] { known.Nllb, $"__{known.Code}__" }.FirstOrDefault(_languages.Codes.Contains)
        : null;
}

/// <summary>How a translation is searched for.</summary>
public sealed record NllbOptions
{
    /// <summary>So many translations are pursued side by side; 1 is several times faster and a little worse.</summary>
    public int Beams { get; init; } = 4;

    public int MaxNewTokens { get; init; } = 200;
}

/// <summary>{"kind": "nllb", "model": "FOLDER", "identifier": "lid.176.ftz", "beams": 1}.</summary>
public sealed class NllbKind : TranslationKind
{
    private sealed record Settings : TranslationOptions
    {
        /// <summary>Path of the model folder.</summary>
        public required string Model { get; init; }

        public int Beams { get; init; } = new NllbOptions().Beams;
        public string Dtype { get; init; } = "float32";
        public string Device { get; init; } = "cpu";
    }

    private static readonly Dictionary<string, ScalarType> Types = new()
    {
        ["float32"] = ScalarType.Float32,
        ["bfloat16"] = ScalarType.BFloat16,
        ["float16"] = ScalarType.Float16,
    };

    public override string Kind => "nllb";

    public override ValueTask<IReadOnlyList<Tool>> OpenAsync(ToolSettings settings, CancellationToken cancellation)
    {
        var options = settings.Read<Settings>();
        if (!Types.TryGetValue(options.Dtype, out var type))
            throw settings.Bad(Spelling.Unknown("number format", options.Dtype, Types.Keys), "Correct \"dtype\".");
        if (options.Beams is < 1 or > 100)
            throw settings.Bad($"\"beams\" is {options.Beams}.", "Write a number from 1 to 100.");
        try
        {
            // Asking for a GPU tries to load its libraries; who wants none need not wait for that.
            var device = options.Device == "cpu" ? CPU : new Device(options.Device);
            if (device.type == DeviceType.CUDA && !cuda.is_available())
                throw new ArgumentException("this machine and this libtorch have no CUDA device.");
            return new(Make(settings, options, NllbTranslator.Open(
                settings.Locate(options.Model), new NllbOptions { Beams = options.Beams }, type, device)));
        }
        catch (Exception e) when (e is IOException or InvalidDataException or ArgumentException
            or ExternalException)
        {
            throw settings.Bad($"The translation model can't be used: {e.Message}",
                "Name a folder with an NLLB or M2M100 model, its weights as safetensors.");
        }
    }
}
