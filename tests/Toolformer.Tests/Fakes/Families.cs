using System.Text.Json;
using Toolformer.Torch;
using Toolformer.Torch.Architectures;
using static TorchSharp.torch;

namespace Toolformer.Tests.Fakes;

/// <summary>A small configuration of each kind of decoder in the families, as their config.json says it.</summary>
internal static class Families
{
    private const string Llama = """
        "vocab_size": 259, "max_position_embeddings": 96, "hidden_size": 32, "num_hidden_layers": 3,
        "num_attention_heads": 4, "intermediate_size": 40, "rms_norm_eps": 1e-6
        """;

    private const string Gpt = """
        "vocab_size": 259, "n_positions": 96, "n_embd": 32, "n_layer": 3, "n_head": 4
        """;

    private static readonly Dictionary<string, string> Configurations = new()
    {
        ["gpt2"] = $$"""{"model_type": "gpt2", {{Gpt}}}""",
        ["gptj"] = $$"""{"model_type": "gptj", {{Gpt}}, "rotary_dim": 4}""",
        ["neox"] = """
            {"model_type": "gpt_neox", "vocab_size": 259, "max_position_embeddings": 96, "hidden_size": 32,
             "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 40, "rotary_pct": 0.5}
            """,
        ["neox, one after the other"] = """
            {"model_type": "gpt_neox", "vocab_size": 259, "max_position_embeddings": 96, "hidden_size": 32,
             "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 40, "rotary_pct": 1,
             "use_parallel_residual": false, "attention_bias": false, "rope_scaling": {"type": "linear", "factor": 4}}
            """,
        ["llama"] = $$"""{"model_type": "llama", {{Llama}}, "num_key_value_heads": 2}""",
        ["llama, all heads share one key"] = $$"""
            {"model_type": "llama", {{Llama}}, "num_key_value_heads": 1, "attention_bias": true, "mlp_bias": true,
             "rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4,
                              "original_max_position_embeddings": 32} }
            """,
        ["mistral"] = $$"""
            {"model_type": "mistral", {{Llama}}, "num_key_value_heads": 2, "head_dim": 12, "sliding_window": 7}
            """,
        ["qwen2"] = $$"""
            {"model_type": "qwen2", {{Llama}}, "num_key_value_heads": 2, "tie_word_embeddings": true,
             "sliding_window": 9}
            """,
        ["qwen2, window in the upper layers"] = $$"""
            {"model_type": "qwen2", {{Llama}}, "num_key_value_heads": 2, "sliding_window": 9, "max_window_layers": 1,
             "use_sliding_window": true}
            """,
    };

    public static TheoryData<string> Names => [.. Configurations.Keys];

    public static (Architecture Architecture, DecoderShape Shape) Open(string name)
    {
        var config = new ModelConfig(JsonDocument.Parse(Configurations[name]).RootElement, name);
        var architecture = Architecture.Named(config.Text("model_type"), name);
        return (architecture, architecture.ReadShape(config));
    }

    /// <summary>
    /// A decoder with random weights, larger than a fresh model's so that what a token sees makes a difference.
    /// </summary>
    public static Decoder Decoder(DecoderShape shape, int seed = 5)
    {
        var decoder = Toolformer.Torch.Decoder.Random(shape, seed);
        using var guard = no_grad();
        using var generator = new Generator((ulong)seed);
        foreach (var (name, value) in decoder.Parameters)
        {
            if (name.EndsWith(".bias"))
                value.copy_(randn(value.shape, generator: generator).mul_(0.2));
            else if (!name.Contains("norm"))
                value.mul_(8);
        }
        return decoder;
    }

    public static TorchLanguageModel Model(string name) =>
        new(Decoder(Open(name).Shape), new ByteTokenizer(), null, null);
}
