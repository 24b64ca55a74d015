using Toolformer.Torch;
using static TorchSharp.torch;

namespace Toolformer.Cli;

/// <summary>Where and how to compute, as --device and --dtype say it.</summary>
/// <param name="Type">Null: what is usual for the work.</param>
public sealed record Compute(Device Device, ScalarType? Type)
{
    /// <summary>The type of training's matrix products; the weights are float32.</summary>
    /// <exception cref="ArgumentException">It is one in which gradients vanish.</exception>
    public ScalarType TrainingType => Type switch
    {
        null => ScalarType.BFloat16,
        ScalarType.Float16 => throw new ArgumentException(
            "--dtype is float16, in which small gradients become zero.\n  in the arguments\n"
            + "  Train with bfloat16 or float32."),
        { } type => type,
    };

    /// <summary>Reads a model to score and write with.</summary>
    public (TorchLanguageModel Model, ModelFolder Folder) Open(string path) =>
        Models.Open(path, Type ?? ScalarType.Float32, Device);

    /// <summary>The same of a folder that was opened before.</summary>
    public (TorchLanguageModel Model, ModelFolder Folder) Open(ModelFolder folder) =>
        (folder.ReadModel(Type ?? ScalarType.Float32, Device), folder);
}
