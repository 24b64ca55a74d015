using System.Text.Json.Nodes;

namespace Toolformer.Torch.Architectures;

/// <summary>
/// GPT-2 (Radford et al. 2019), 124M to 1.6B: learned positions, layer norm before each block, tied head, biases
/// everywhere. Its files store matrices as (in, out).
/// </summary>
public sealed class Gpt2 : Architecture
{
    public override string ModelType => "gpt2";

    public override string OptionalPrefix => "transformer.";

    public override bool StartsWithBeginningOfText => true;

    protected override bool StoresTransposed => true;

    protected override IReadOnlyDictionary<string, string[]> Names { get; } = new Dictionary<string, string[]>
    {
        ["embedding"] = ["transformer.wte.weight"],
        ["positions"] = ["transformer.wpe.weight"],
        ["norm1"] = ["transformer.h.#.ln_1"],
        ["qkv"] = ["transformer.h.#.attn.c_attn"],
        ["out"] = ["transformer.h.#.attn.c_proj"],
        ["norm2"] = ["transformer.h.#.ln_2"],
        ["up"] = ["transformer.h.#.mlp.c_fc"],
        ["down"] = ["transformer.h.#.mlp.c_proj"],
        ["norm.weight"] = ["transformer.ln_f.weight"],
        ["norm.bias"] = ["transformer.ln_f.bias"],
        ["head.weight"] = ["lm_head.weight"],
    };

    public override DecoderShape ReadShape(ModelConfig config)
    {
        config.Require("scale_attn_weights", true);
        config.Require("scale_attn_by_inverse_layer_idx", false);
        config.Require("add_cross_attention", false);
        int width = config.SharedWidth("n_embd", "n_head");
        return new DecoderShape
        {
            VocabularySize = config.Integer("vocab_size"),
            ContextLength = config.Integer("n_positions"),
            Width = width,
            Layers = config.Integer("n_layer", max: 1000),
            Heads = config.Integer("n_head"),
            InnerWidth = config.Integer("n_inner", 4 * width),
            NormEpsilon = config.Number("layer_norm_epsilon", 1e-5),
            Activation = config.Activation("activation_function", "gelu_new"),
            TiedHead = config.Flag("tie_word_embeddings", true),
        };
    }

    public override JsonObject WriteConfig(DecoderShape shape) => new()
    {
        ["architectures"] = new JsonArray("GPT2LMHeadModel"),
        ["model_type"] = ModelType,
        ["activation_function"] = ModelConfig.Name(shape.Activation),
        ["attn_pdrop"] = 0.0,
        ["embd_pdrop"] = 0.0,
        ["resid_pdrop"] = 0.0,
        ["layer_norm_epsilon"] = shape.NormEpsilon,
        ["n_embd"] = shape.Width,
        ["n_head"] = shape.Heads,
        ["n_inner"] = shape.InnerWidth,
        ["n_layer"] = shape.Layers,
        ["n_positions"] = shape.ContextLength,
        ["tie_word_embeddings"] = shape.TiedHead,
        ["vocab_size"] = shape.VocabularySize,
    };
}
