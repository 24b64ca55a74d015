using Toolformer.Tools;
using Toolformer.Tools.Reading;

namespace Toolformer.Torch.Reading;

/// <summary>
/// A causal model as the reader in a tools file: <c>{"kind": "model", "folder": "models/nano", "extract": true}</c>.
/// </summary>
public sealed class ModelReaderKind : ReaderKind
{
    private sealed record Options(string Folder)
    {
        public bool Extract { get; init; }
        public int MaxNewTokens { get; init; } = 24;
        public double MinGain { get; init; } = 0.1;
        public double MinLogProbability { get; init; } = -3;
    }

    public override string Kind => "model";

    public override AnswerReader Open(ToolSettings settings)
    {
        var options = settings.Read<Options>();
        if (options.MaxNewTokens is < 1 or > 1000)
            throw settings.Bad($"\"max_new_tokens\" is {options.MaxNewTokens}.", "Write a number from 1 to 1000.");
        var model = settings.Own(ModelFolder.Open(settings.Locate(options.Folder)).ReadModel());
        return settings.Own(new ModelReader(model, new ModelReaderOptions
        {
            Extract = options.Extract,
            MaxNewTokens = options.MaxNewTokens,
            MinGain = options.MinGain,
            MinLogProbability = options.MinLogProbability,
        }));
    }
}
