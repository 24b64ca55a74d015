using System.Text;
using Toolformer.Modeling;

namespace Toolformer.Torch.Tokenizers;

/// <summary>
/// BERT's way: the longest token with which a word begins, then with which the rest goes on, and so forth; a word that
/// can't be written so is one unknown token.
/// </summary>
/// <param name="beginnings">The tokens that begin a word.</param>
/// <param name="continuations">The tokens that go on with one, without their mark ("##").</param>
/// <param name="longestWord">A word of more characters is unknown.</param>
internal sealed class WordPiece(CharacterTrie beginnings, CharacterTrie continuations, int longestWord) : TokenModel
{
    protected override Token[] Cut(ReadOnlySpan<char> word)
    {
        var tokens = new List<Token>();
        int characters = 0;
        foreach (Rune _ in word.EnumerateRunes())
            characters++;
        for (int start = 0, length; start < word.Length; start += length)
        {
            length = (start == 0 ? beginnings : continuations).Longest(word[start..], out int id);
            if (length == 0 || characters > longestWord)
                return Unknown is { } unknown ? [new Token(unknown, 0, word.Length)] : [];
            tokens.Add(new Token(id, start, start + length));
        }
        return [.. tokens];
    }
}
