using System.Text.Json.Nodes;

namespace Toolformer.Torch.Architectures;

/// <summary>Mistral (Jiang et al. 2023): Llama, whose queries may see only a window of the text before them.</summary>
public sealed class Mistral : Llama
{
    public override string ModelType => "mistral";

    protected override string ClassName => "MistralForCausalLM";

    public override DecoderShape ReadShape(ModelConfig config)
    {
        // The reference knows no biases here, whatever the file says.
        config.Require("attention_bias", false);
        config.Require("mlp_bias", false);
        return base.ReadShape(config) with { Window = config.OptionalInteger("sliding_window") };
    }

    public override JsonObject WriteConfig(DecoderShape shape)
    {
        var config = base.WriteConfig(shape);
        config.Remove("attention_bias");
        config.Remove("mlp_bias");
        config["sliding_window"] = shape.Window;
        return config;
    }
}
