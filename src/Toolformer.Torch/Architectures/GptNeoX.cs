using System.Text.Json.Nodes;

namespace Toolformer.Torch.Architectures;

/// <summary>
/// GPT-NeoX (Black et al. 2022) and Pythia: rotary positions on a part of each head, attention and MLP side by side
/// behind a norm each (or one after the other). Its files store queries, keys and values head by head.
/// </summary>
public sealed class GptNeoX : Architecture
{
    public override string ModelType => "gpt_neox";

    public override string OptionalPrefix => "gpt_neox.";

    public override bool StartsWithBeginningOfText => true;

    protected override bool StoresHeadByHead => true;

    protected override IReadOnlyDictionary<string, string[]> Names { get; } = new Dictionary<string, string[]>
    {
        ["embedding"] = ["gpt_neox.embed_in.weight"],
        ["norm1"] = ["gpt_neox.layers.#.input_layernorm"],
        ["qkv"] = ["gpt_neox.layers.#.attention.query_key_value"],
        ["out"] = ["gpt_neox.layers.#.attention.dense"],
        ["norm2"] = ["gpt_neox.layers.#.post_attention_layernorm"],
        ["up"] = ["gpt_neox.layers.#.mlp.dense_h_to_4h"],
        ["down"] = ["gpt_neox.layers.#.mlp.dense_4h_to_h"],
        ["norm.weight"] = ["gpt_neox.final_layer_norm.weight"],
        ["norm.bias"] = ["gpt_neox.final_layer_norm.bias"],
        ["head.weight"] = ["embed_out.weight"],
    };

    public override DecoderShape ReadShape(ModelConfig config)
    {
        int width = config.SharedWidth("hidden_size", "num_attention_heads");
        int heads = config.Integer("num_attention_heads");
        // Newer files keep everything about rotation in one object.
        var rotation = config.Part("rope_parameters") ?? config;
        double part = rotation.Number("partial_rotary_factor", config.Number("rotary_pct", 0.25));
        double turning = rotation.Number("rope_theta", config.Number("rotary_emb_base", 10_000));
        return new DecoderShape
        {
            VocabularySize = config.Integer("vocab_size"),
            ContextLength = config.Integer("max_position_embeddings"),
            Width = width,
            Layers = config.Integer("num_hidden_layers", max: 1000),
            Heads = heads,
            InnerWidth = config.Integer("intermediate_size"),
            NormEpsilon = config.Number("layer_norm_eps", 1e-5),
            Activation = config.Activation("hidden_act", "gelu"),
            Residual = config.Flag("use_parallel_residual", true) ? Residual.Parallel : Residual.Sequential,
            Rotary = new Rotary(config.RotaryPart("rotary_pct", part, width / heads), turning)
            {
                Scaling = config.Scaling(),
            },
            Biases = Biases.Mlp
                | (config.Flag("attention_bias", true) ? Biases.Attention | Biases.Output : Biases.None),
            TiedHead = config.Flag("tie_word_embeddings", false),
        };
    }

    public override JsonObject WriteConfig(DecoderShape shape) => new()
    {
        ["architectures"] = new JsonArray("GPTNeoXForCausalLM"),
        ["model_type"] = ModelType,
        ["attention_bias"] = shape.Biases.HasFlag(Biases.Attention),
        ["attention_dropout"] = 0.0,
        ["hidden_act"] = ModelConfig.Name(shape.Activation),
        ["hidden_dropout"] = 0.0,
        ["hidden_size"] = shape.Width,
        ["intermediate_size"] = shape.InnerWidth,
        ["layer_norm_eps"] = shape.NormEpsilon,
        ["max_position_embeddings"] = shape.ContextLength,
        ["num_attention_heads"] = shape.Heads,
        ["num_hidden_layers"] = shape.Layers,
        ["rope_scaling"] = ModelConfig.Write(shape.Rotary!.Scaling),
        ["rotary_emb_base"] = shape.Rotary.Base,
        ["rotary_pct"] = (double)shape.Rotary.Dimensions / shape.HeadWidth,
        ["tie_word_embeddings"] = shape.TiedHead,
        ["use_parallel_residual"] = shape.Residual == Residual.Parallel,
        ["vocab_size"] = shape.VocabularySize,
    };
}
