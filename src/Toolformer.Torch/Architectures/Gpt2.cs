using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Toolformer.Torch.Architectures;

/// <summary>
/// GPT-2 (Radford et al. 2019), 124M to 1.6B: learned positions, layer norm before each block, tied head, biases
/// everywhere. Its files store matrices as (in, out).
/// </summary>
public sealed partial class Gpt2 : Architecture
{
    private static readonly Dictionary<string, string> LayerNames = new()
    {
        ["norm1"] = "ln_1",
        ["qkv"] = "attn.c_attn",
        ["out"] = "attn.c_proj",
        ["norm2"] = "ln_2",
        ["up"] = "mlp.c_fc",
        ["down"] = "mlp.c_proj",
    };

    public override string ModelType => "gpt2";

    public override string OptionalPrefix => "transformer.";

    public override bool StartsWithBeginningOfText => true;

    public override DecoderShape ReadShape(ModelConfig config)
    {
        config.Require("scale_attn_weights", true);
        config.Require("scale_attn_by_inverse_layer_idx", false);
        config.Require("add_cross_attention", false);
        int width = config.Integer("n_embd"), heads = config.Integer("n_head");
        if (width % heads != 0)
            throw new InvalidDataException($"n_embd {width} is not a multiple of n_head {heads}.\n  in {config.Path}");
        return new DecoderShape
        {
            VocabularySize = config.Integer("vocab_size"),
            ContextLength = config.Integer("n_positions"),
            Width = width,
            Layers = config.Integer("n_layer", max: 1000),
            Heads = heads,
            InnerWidth = config.Integer("n_inner", 4 * width),
            NormEpsilon = config.Number("layer_norm_epsilon", 1e-5),
            Activation = config.Text("activation_function", "gelu_new") switch
            {
                "gelu_new" or "gelu_pytorch_tanh" or "gelu_fast" => Activation.GeluTanh,
                "gelu" => Activation.Gelu,
                "relu" => Activation.Relu,
                var other => throw new InvalidDataException(
                    $"activation_function '{other}' is not supported (gelu_new, gelu, relu).\n  in {config.Path}"),
            },
            TiedHead = config.Flag("tie_word_embeddings", true),
        };
    }

    public override JsonObject WriteConfig(DecoderShape shape) => new()
    {
        ["architectures"] = new JsonArray("GPT2LMHeadModel"),
        ["model_type"] = ModelType,
        ["activation_function"] = shape.Activation switch
        {
            Activation.GeluTanh => "gelu_new",
            Activation.Gelu => "gelu",
            _ => "relu",
        },
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

    public override (string FileName, bool Transposed) Locate(string parameter)
    {
        switch (parameter)
        {
            case "embedding": return ("transformer.wte.weight", false);
            case "positions": return ("transformer.wpe.weight", false);
            case "norm.weight": return ("transformer.ln_f.weight", false);
            case "norm.bias": return ("transformer.ln_f.bias", false);
            case "head": return ("lm_head.weight", false);
        }
        var match = LayerParameter().Match(parameter);
        string part = match.Groups["part"].Value, kind = match.Groups["kind"].Value;
        bool isMatrix = kind == "weight" && !part.StartsWith("norm");
        return ($"transformer.h.{match.Groups["layer"].Value}.{LayerNames[part]}.{kind}", isMatrix);
    }

    [GeneratedRegex(@"^layers\.(?<layer>\d+)\.(?<part>\w+)\.(?<kind>weight|bias)$")]
    private static partial Regex LayerParameter();
}
