using System.Text.Json.Nodes;

namespace Toolformer.Torch.Architectures;

/// <summary>
/// Llama 1 to 3 (Touvron et al. 2023, Dubey et al. 2024) and what is built alike, such as SmolLM: rotary positions,
/// root mean square norms, a gated MLP, and few heads of keys and values.
/// </summary>
public class Llama : Architecture
{
    public override string ModelType => "llama";

    public override string OptionalPrefix => "model.";

    public override bool StartsWithBeginningOfText => true;

    /// <summary>The reference implementation's class, as config.json names it.</summary>
    protected virtual string ClassName => "LlamaForCausalLM";

    protected override IReadOnlyDictionary<string, string[]> Names { get; } = new Dictionary<string, string[]>
    {
        ["embedding"] = ["model.embed_tokens.weight"],
        ["norm1"] = ["model.layers.#.input_layernorm"],
        ["qkv"] = [.. new[] { "q", "k", "v" }.Select(x => $"model.layers.#.self_attn.{x}_proj")],
        ["out"] = ["model.layers.#.self_attn.o_proj"],
        ["norm2"] = ["model.layers.#.post_attention_layernorm"],
        ["gate"] = ["model.layers.#.mlp.gate_proj"],
        ["up"] = ["model.layers.#.mlp.up_proj"],
        ["down"] = ["model.layers.#.mlp.down_proj"],
        ["norm.weight"] = ["model.norm.weight"],
        ["head.weight"] = ["lm_head.weight"],
    };

    public override DecoderShape ReadShape(ModelConfig config)
    {
        int heads = config.Integer("num_attention_heads"), keyHeads = config.Integer("num_key_value_heads", heads);
        int width = config.Integer("hidden_size");
        int? ownWidth = config.OptionalInteger("head_dim");
        if (ownWidth is null)
            config.SharedWidth("hidden_size", "num_attention_heads");
        if (heads % keyHeads != 0)
            throw new InvalidDataException($"num_attention_heads {heads} is not a multiple of num_key_value_heads "
                + $"{keyHeads}.\n  in {config.Path}");
        int headWidth = ownWidth ?? width / heads;
        double turning = (config.Part("rope_parameters") ?? config).Number("rope_theta", 10_000);
        return new DecoderShape
        {
            VocabularySize = config.Integer("vocab_size"),
            ContextLength = config.Integer("max_position_embeddings", 2048),
            Width = width,
            Layers = config.Integer("num_hidden_layers", max: 1000),
            Heads = heads,
            HeadsPerKey = heads / keyHeads,
            OwnHeadWidth = headWidth * heads == width ? null : headWidth,
            InnerWidth = config.Integer("intermediate_size"),
            NormEpsilon = config.Number("rms_norm_eps", 1e-6),
            RmsNorm = true,
            Activation = config.Activation("hidden_act", "silu"),
            GatedMlp = true,
            Rotary = new Rotary(config.RotaryPart("head_dim", 1, headWidth), turning) { Scaling = config.Scaling() },
            Biases = (config.Flag("attention_bias", false) ? Biases.Attention | Biases.Output : Biases.None)
                | (config.Flag("mlp_bias", false) ? Biases.Mlp : Biases.None),
            TiedHead = config.Flag("tie_word_embeddings", false),
        };
    }

    public override JsonObject WriteConfig(DecoderShape shape) => new()
    {
        ["architectures"] = new JsonArray(ClassName),
        ["model_type"] = ModelType,
        ["attention_bias"] = shape.Biases.HasFlag(Biases.Output),
        ["attention_dropout"] = 0.0,
        ["head_dim"] = shape.HeadWidth,
        ["hidden_act"] = ModelConfig.Name(shape.Activation),
        ["hidden_size"] = shape.Width,
        ["intermediate_size"] = shape.InnerWidth,
        ["max_position_embeddings"] = shape.ContextLength,
        ["mlp_bias"] = shape.Biases.HasFlag(Biases.Mlp),
        ["num_attention_heads"] = shape.Heads,
        ["num_hidden_layers"] = shape.Layers,
        ["num_key_value_heads"] = shape.KeyHeads,
        ["rms_norm_eps"] = shape.NormEpsilon,
        ["rope_scaling"] = ModelConfig.Write(shape.Rotary!.Scaling),
        ["rope_theta"] = shape.Rotary.Base,
        ["tie_word_embeddings"] = shape.TiedHead,
        ["vocab_size"] = shape.VocabularySize,
    };
}
