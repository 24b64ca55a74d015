using Toolformer.Tools;
using Toolformer.Tools.Reading;

namespace Toolformer.Torch.Reading;

/// <summary>
/// An extractive model as the reader in a tools file: <c>{"kind": "extractive", "folder": "FOLDER"}</c>, perhaps with
/// <c>"min_margin"</c>.
/// </summary>
public sealed class ExtractiveReaderKind : ReaderKind
{
    private sealed record Options(string Folder)
    {
        public double MinMargin { get; init; }
    }

    public override string Kind => "extractive";

    public override AnswerReader Open(ToolSettings settings)
    {
        var options = settings.Read<Options>();
        return settings.Own(ExtractiveReader.Open(
            settings.Locate(options.Folder), new ExtractiveReaderOptions { MinMargin = options.MinMargin }));
    }
}
