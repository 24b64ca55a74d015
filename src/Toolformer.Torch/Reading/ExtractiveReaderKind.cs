using Toolformer.Tools;
using Toolformer.Tools.Reading;

namespace Toolformer.Torch.Reading;

/// <summary>
/// A model finetuned on SQuAD as the reader in a tools file: <c>{"kind": "extractive", "folder": "FOLDER"}</c>.
/// </summary>
public sealed class ExtractiveReaderKind : ReaderKind
{
    private sealed record Options(string Folder)
    {
        /// <summary>As <see cref="ExtractiveReaderOptions.MinMargin"/>.</summary>
        public double MinMargin { get; init; }
    }

    public override string Kind => "extractive";

    public override AnswerReader Open(ToolSettings settings)
    {
        var options = settings.Read<Options>();
        try
        {
            return settings.Own(ExtractiveReader.Open(
                settings.Locate(options.Folder), new ExtractiveReaderOptions { MinMargin = options.MinMargin }));
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            throw settings.Bad($"The reader can't be used: {e.Message}",
                "Name a folder with a BERT model for question answering and its vocabulary.");
        }
    }
}
