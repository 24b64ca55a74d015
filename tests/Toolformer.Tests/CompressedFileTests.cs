using System.IO.Compression;
using System.Text;

namespace Toolformer.Tests;

public class CompressedFileTests
{
    private const string Text = "{\"text\":\"Grüße\"}\n{\"text\":\"Grüße\"}\n{\"text\":\"Grüße\"}\n";

    // The same text, written by another program's xz with its default check (CRC64).
    private const string Xz =
        "/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4AA4ABtdAD2IioaUiBPg84k0vszdiskZuaF0hNtzUh6AAAAAx7KIHb9Wfd" +
        "wAATc5F52E7x+2830BAAAAAARZWg==";

    [Theory]
    [InlineData(".jsonl")]
    [InlineData(".jsonl.gz")]
    [InlineData(".jsonl.zst")]
    [InlineData(".jsonl.xz")]
    public void Every_compressed_form_of_a_file_reads_as_the_same_bytes(string ending)
    {
        byte[] plain = Encoding.UTF8.GetBytes(Text);
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ending);
        try
        {
            File.WriteAllBytes(path, ending switch
            {
                ".jsonl.gz" => Gzip(plain),
                ".jsonl.zst" => new ZstdSharp.Compressor().Wrap(plain).ToArray(),
                ".jsonl.xz" => Convert.FromBase64String(Xz),
                _ => plain,
            });
            using (var stream = CompressedFile.OpenRead(path))
            using (var reader = new StreamReader(stream))
                Assert.Equal(Text, reader.ReadToEnd());
            // Nothing holds the file any more.
            using (File.Open(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None)) { }
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void The_ending_of_the_compression_comes_off_a_name()
    {
        Assert.Equal("a.jsonl", CompressedFile.WithoutEnding("a.jsonl.xz"));
        Assert.Equal("a.b.txt", CompressedFile.WithoutEnding("a.b.txt"));
    }

    [Fact]
    public void A_missing_file_is_named_in_the_error()
    {
        var error = Assert.Throws<FileNotFoundException>(() => CompressedFile.OpenRead("not-there.jsonl.xz"));
        Assert.Contains("not-there.jsonl.xz", error.Message);
    }

    private static byte[] Gzip(byte[] bytes)
    {
        var result = new MemoryStream();
        using (var zip = new GZipStream(result, CompressionLevel.Fastest))
            zip.Write(bytes);
        return result.ToArray();
    }
}
