using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Toolformer.Torch.Hub;

/// <summary>A file of a model on a hub.</summary>
/// <param name="Name">Path below the model.</param>
/// <param name="Size">In bytes; null: not known yet.</param>
/// <param name="Tag">
/// What the hub calls its content, and what the blob is called: the SHA-256 of a large file, git's SHA-1 of a small
/// one, elsewhere something that can't be computed; null: not known yet.
/// </param>
internal sealed record HubFile(string Name, long? Size, string? Tag)
{
    /// <summary>Whether a tag can be the name of a file.</summary>
    public static bool IsTag(string tag) => tag.Length is > 0 and <= 128 && tag[0] != '.'
        && tag.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');

    /// <summary>Whether the tag says what bytes there must be.</summary>
    public bool IsVerifiable => Tag is { Length: 40 or 64 } && Tag.All(char.IsAsciiHexDigitLower);

    /// <summary>The same tag for what lies on the disk.</summary>
    public async Task<string> ComputeTagAsync(string path, CancellationToken cancellation)
    {
        await using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1 << 20);
        // Git names a file by a hash over its kind and length, and its bytes.
        using var hash = IncrementalHash.CreateHash(
            Tag!.Length == 64 ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA1);
        if (Tag.Length == 40)
            hash.AppendData(Encoding.ASCII.GetBytes(
                string.Create(CultureInfo.InvariantCulture, $"blob {stream.Length}\0")));
        byte[] buffer = new byte[1 << 20];
        while (await stream.ReadAsync(buffer, cancellation) is > 0 and int count)
            hash.AppendData(buffer, 0, count);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
