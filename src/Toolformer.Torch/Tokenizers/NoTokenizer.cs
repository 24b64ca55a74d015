using Toolformer.Modeling;

namespace Toolformer.Torch.Tokenizers;

/// <summary>
/// Stands in where a model folder has no tokenizer files: token ids can be scored and written on from, text can't be
/// read, and what tokens spell is unknown, so they decode to nothing.
/// </summary>
/// <param name="folder">The model folder, for the message.</param>
/// <param name="vocabularySize">That of the model.</param>
public sealed class NoTokenizer(string folder, int vocabularySize) : ITokenizer
{
    public int VocabularySize => vocabularySize;

    public string Source => folder;

    /// <exception cref="InvalidOperationException">Always: without a vocabulary no text can be read.</exception>
    public IReadOnlyList<Token> Encode(string text) => throw new InvalidOperationException(
        $"Text can't be read: there is no tokenizer in {folder}.\n"
        + "  Put the tokenizer's files (tokenizer.json, tokenizer.model, …) beside the weights, or give "
        + "token ids (input_ids).");

    public string Decode(IEnumerable<int> ids) => "";

    public ReadOnlySpan<byte> Bytes(int id) => [];
}
