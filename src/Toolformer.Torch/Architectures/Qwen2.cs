using System.Text.Json.Nodes;

namespace Toolformer.Torch.Architectures;

/// <summary>
/// Qwen 2 and 2.5 (Yang et al. 2024): Llama with biases on queries, keys and values, and no token before a text. Its
/// window holds in the upper layers only, and only where `use_sliding_window` says so.
/// </summary>
public sealed class Qwen2 : Llama
{
    public override string ModelType => "qwen2";

    public override bool StartsWithBeginningOfText => false;

    protected override string ClassName => "Qwen2ForCausalLM";

    public override DecoderShape ReadShape(ModelConfig config)
    {
        var shape = base.ReadShape(config) with { Biases = Biases.Attention };
        if (!config.Flag("use_sliding_window", false) || config.OptionalInteger("sliding_window") is not { } window)
            return shape;
        int first = config.Integer("max_window_layers", 28, min: 0);
        return first >= shape.Layers ? shape : shape with { Window = window, FirstWindowLayer = first };
    }

    public override JsonObject WriteConfig(DecoderShape shape)
    {
        var config = base.WriteConfig(shape);
        config.Remove("attention_bias");
        config.Remove("mlp_bias");
        config["use_sliding_window"] = shape.Window is not null;
        if (shape.Window is not null)
        {
            config["sliding_window"] = shape.Window;
            config["max_window_layers"] = shape.FirstWindowLayer;
        }
        return config;
    }
}
