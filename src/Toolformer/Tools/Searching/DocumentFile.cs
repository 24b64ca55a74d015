using System.Text;

namespace Toolformer.Tools.Searching;

/// <summary>Reads a text file whole, as the document at hand.</summary>
public static class DocumentFile
{
    private const int MaxBytes = 64 << 20;

    /// <summary>The text of a file (UTF-8, plain or .gz, .xz, .zst, .bz2).</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is too long, or no UTF-8 text.</exception>
    public static Document Read(string path)
    {
        using var stream = CompressedFile.OpenRead(path);
        using var bytes = new MemoryStream();
        byte[] buffer = new byte[1 << 16];
        for (int read; (read = stream.Read(buffer)) > 0;)
        {
            bytes.Write(buffer, 0, read);
            if (bytes.Length > MaxBytes)
                throw new InvalidDataException($"The document has more than {MaxBytes:N0} bytes.\n  in {path}\n"
                    + "  Cut it into parts, or build an index of it with `toolformer index`.");
        }
        var strict = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
        try
        {
            string text = strict.GetString(bytes.GetBuffer(), 0, (int)bytes.Length).TrimStart('\uFEFF');
            return new Document(Path.GetFileName(path), text) { Title = Path.GetFileNameWithoutExtension(path) };
        }
        catch (DecoderFallbackException e)
        {
            throw new InvalidDataException($"The document is no text in UTF-8: {e.Message}\n  in {path}\n"
                + "  Convert it to plain text first.", e);
        }
    }
}
