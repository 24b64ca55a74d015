namespace Toolformer.Torch.Seq2Seq;

/// <summary>
/// M2M100 (Fan et al. 2020) and NLLB-200's dense models (2022), which share its architecture. One embedding serves
/// source, target and head; files hold it once, under any of its four names, or four times.
/// </summary>
public sealed class M2M100 : Seq2SeqFamily
{
    private static readonly string[] EmbeddingNames =
    [
        "model.shared.weight", "model.encoder.embed_tokens.weight", "model.decoder.embed_tokens.weight",
        "lm_head.weight",
    ];

    private static readonly (string Ours, string Theirs)[] Parts =
    [
        ("self.norm.", "self_attn_layer_norm."), ("cross.norm.", "encoder_attn_layer_norm."),
        ("mlp.norm.", "final_layer_norm."), ("self.", "self_attn."), ("cross.", "encoder_attn."),
        ("mlp.up.", "fc1."), ("mlp.down.", "fc2."),
    ];

    public override string ModelType => "m2m_100";

    public override Seq2SeqShape ReadShape(ModelConfig config)
    {
        config.Require("tie_word_embeddings", true);
        int width = config.Integer("d_model");
        return new Seq2SeqShape
        {
            VocabularySize = config.Integer("vocab_size"),
            ContextLength = config.Integer("max_position_embeddings", 1024),
            Width = width,
            Encoder = Stack("encoder"),
            Decoder = Stack("decoder"),
            Activation = ParameterSet.ReadActivation(config, "activation_function", "relu"),
            EmbeddingScale = config.Flag("scale_embedding", true) ? Math.Sqrt(width) : 1,
            PaddingId = config.TokenId("pad_token_id") ?? 1,
            DecoderStart = config.TokenId("decoder_start_token_id") ?? 2,
            EndOfText = config.TokenId("eos_token_id") ?? 2,
        };

        Seq2SeqShape.Stack Stack(string name)
        {
            int heads = config.Integer(name + "_attention_heads", 16);
            if (width % heads != 0)
                throw new InvalidDataException(
                    $"d_model {width} is not a multiple of {name}_attention_heads {heads}.\n  in {config.Path}");
            return new(config.Integer(name + "_layers", 12, max: 1000), heads, config.Integer(name + "_ffn_dim", 4096));
        }
    }

    public override IReadOnlyList<string> NamesInFile(string parameter)
    {
        if (parameter == "embedding")
            return EmbeddingNames;
        if (!parameter.Contains(".layers.", StringComparison.Ordinal))
            return ["model." + parameter.Replace(".norm.", ".layer_norm.", StringComparison.Ordinal)];
        // "decoder.layers.3.cross.q.weight" → "model.decoder.layers.3.encoder_attn.q_proj.weight"
        string[] path = parameter.Split('.', 4);
        string rest = path[3];
        var (ours, theirs) = Parts.First(p => rest.StartsWith(p.Ours, StringComparison.Ordinal));
        rest = rest[ours.Length..];
        if (ours is "self." or "cross.")
            rest = rest.Replace(".", "_proj.", StringComparison.Ordinal);
        return [$"model.{path[0]}.layers.{path[2]}.{theirs}{rest}"];
    }
}
