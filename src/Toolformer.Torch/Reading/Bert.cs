namespace Toolformer.Torch.Reading;

/// <summary>BERT (Devlin et al. 2019) with the head that finetuning on SQuAD gives it.</summary>
public sealed class Bert : ReaderFamily
{
    private static readonly Dictionary<string, string> LayerNames = new()
    {
        ["q"] = "attention.self.query",
        ["k"] = "attention.self.key",
        ["v"] = "attention.self.value",
        ["out"] = "attention.output.dense",
        ["norm1"] = "attention.output.LayerNorm",
        ["up"] = "intermediate.dense",
        ["down"] = "output.dense",
        ["norm2"] = "output.LayerNorm",
    };

    public override string ModelType => "bert";

    public override ReaderShape ReadShape(ModelConfig config)
    {
        int width = config.Integer("hidden_size", 768), heads = config.Integer("num_attention_heads", 12);
        if (width % heads != 0)
            throw new InvalidDataException(
                $"hidden_size {width} is not a multiple of num_attention_heads {heads}.\n  in {config.Path}");
        string positions = config.Text("position_embedding_type", "absolute");
        if (positions != "absolute")
            throw new InvalidDataException($"position_embedding_type '{positions}' is not supported (absolute).\n"
                + $"  in {config.Path}\n  Use a checkpoint with absolute positions.");
        return new ReaderShape
        {
            VocabularySize = config.Integer("vocab_size"),
            ContextLength = config.Integer("max_position_embeddings", 512),
            TypeCount = config.Integer("type_vocab_size", 2),
            Width = width,
            Layers = config.Integer("num_hidden_layers", 12, max: 1000),
            Heads = heads,
            InnerWidth = config.Integer("intermediate_size", 4 * width),
            Activation = ParameterSet.ReadActivation(config, "hidden_act", "gelu"),
            NormEpsilon = config.Number("layer_norm_eps", 1e-12),
            PaddingId = config.TokenId("pad_token_id") ?? 0,
        };
    }

    public override IReadOnlyList<string> NamesInFile(string parameter)
    {
        string name = parameter switch
        {
            "embedding" => "bert.embeddings.word_embeddings.weight",
            "positions" => "bert.embeddings.position_embeddings.weight",
            "types" => "bert.embeddings.token_type_embeddings.weight",
            "norm.weight" => "bert.embeddings.LayerNorm.weight",
            "norm.bias" => "bert.embeddings.LayerNorm.bias",
            "answer.weight" => "qa_outputs.weight",
            "answer.bias" => "qa_outputs.bias",
            _ => InLayer(parameter.Split('.')),
        };
        // Checkpoints that stem from the first, TensorFlow's, call the norms' parameters gamma and beta.
        return name.Contains("LayerNorm", StringComparison.Ordinal)
            ? [name, name.Replace("m.weight", "m.gamma", StringComparison.Ordinal)
                .Replace("m.bias", "m.beta", StringComparison.Ordinal)]
            : [name];
    }

    /// <summary>layers, its number, the part, weight or bias.</summary>
    private static string InLayer(string[] path) => $"bert.encoder.layer.{path[1]}.{LayerNames[path[2]]}.{path[3]}";
}
