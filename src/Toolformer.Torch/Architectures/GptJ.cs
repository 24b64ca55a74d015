using System.Text.Json.Nodes;

namespace Toolformer.Torch.Architectures;

/// <summary>
/// GPT-J (Wang and Komatsuzaki 2021), the paper's model: rotary positions on neighbouring pairs, attention and MLP side
/// by side behind one norm, biases in the MLP and the head only.
/// </summary>
public sealed class GptJ : Architecture
{
    public override string ModelType => "gptj";

    public override string OptionalPrefix => "transformer.";

    public override bool StartsWithBeginningOfText => true;

    protected override IReadOnlyDictionary<string, string[]> Names { get; } = new Dictionary<string, string[]>
    {
        ["embedding"] = ["transformer.wte.weight"],
        ["norm1"] = ["transformer.h.#.ln_1"],
        ["qkv"] = [.. new[] { "q", "k", "v" }.Select(x => $"transformer.h.#.attn.{x}_proj")],
        ["out"] = ["transformer.h.#.attn.out_proj"],
        ["up"] = ["transformer.h.#.mlp.fc_in"],
        ["down"] = ["transformer.h.#.mlp.fc_out"],
        ["norm.weight"] = ["transformer.ln_f.weight"],
        ["norm.bias"] = ["transformer.ln_f.bias"],
        ["head.weight"] = ["lm_head.weight"],
        ["head.bias"] = ["lm_head.bias"],
    };

    public override DecoderShape ReadShape(ModelConfig config)
    {
        int width = config.SharedWidth("n_embd", "n_head"), heads = config.Integer("n_head");
        return new DecoderShape
        {
            VocabularySize = config.Integer("vocab_size"),
            ContextLength = config.Integer("n_positions"),
            Width = width,
            Layers = config.Integer("n_layer", max: 1000),
            Heads = heads,
            InnerWidth = config.Integer("n_inner", 4 * width),
            NormEpsilon = config.Number("layer_norm_epsilon", 1e-5),
            Activation = config.Activation("activation_function", "gelu_new"),
            Residual = Residual.ParallelOneNorm,
            Rotary = new Rotary(config.RotaryDimensions("rotary_dim", width / heads, 64), Interleaved: true),
            Biases = Biases.Mlp | Biases.Head,
            TiedHead = config.Flag("tie_word_embeddings", false),
        };
    }

    public override JsonObject WriteConfig(DecoderShape shape) => new()
    {
        ["architectures"] = new JsonArray("GPTJForCausalLM"),
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
        ["rotary_dim"] = shape.Rotary!.Dimensions,
        ["tie_word_embeddings"] = shape.TiedHead,
        ["vocab_size"] = shape.VocabularySize,
    };
}
