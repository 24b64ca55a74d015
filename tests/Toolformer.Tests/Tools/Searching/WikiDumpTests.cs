using System.Text;
using SharpCompress.Compressors;
using SharpCompress.Compressors.BZip2;
using Toolformer.Tools.Searching;

namespace Toolformer.Tests.Tools.Searching;

public sealed class WikiDumpTests : IDisposable
{
    private const string Head = """
        <mediawiki xmlns="http://www.mediawiki.org/xml/export-0.10/" version="0.10" xml:lang="en">
          <siteinfo><sitename>Test</sitename><namespaces><namespace key="0" /></namespaces></siteinfo>

        """;

    private const string End = "</mediawiki>\n";

    private readonly string _folder = Directory.CreateTempSubdirectory("toolformer-dump-").FullName;

    private static string Page(int id, string text, string more = "<ns>0</ns>", string? title = null) => $"""
          <page>
            <title>{title ?? $"Title {id}"}</title>
            {more}
            <id>{id}</id>
            <revision><id>{id}99</id><contributor><username>U</username><id>7</id></contributor>
              <model>wikitext</model><format>text/x-wiki</format>
              <text bytes="9" xml:space="preserve">{text}</text></revision>
          </page>

        """;

    /// <summary>Pages 1 to 10, two to a stream, as a multistream dump has them.</summary>
    private static string[] Streams =>
    [
        Head,
        .. Enumerable.Range(0, 5).Select(s => Page((2 * s) + 1, $"Text of page number {(2 * s) + 1}.")
            + Page((2 * s) + 2, $"Text of page number {(2 * s) + 2}.")),
        End,
    ];

    private string Write(string name, params string[] streams)
    {
        string path = Path.Combine(_folder, name);
        using var file = File.Create(path);
        foreach (string stream in streams)
        {
            if (!name.EndsWith(".bz2"))
            {
                file.Write(Encoding.UTF8.GetBytes(stream));
                continue;
            }
            using var bz2 = BZip2Stream.Create(file, CompressionMode.Compress, false, leaveOpen: true);
            bz2.Write(Encoding.UTF8.GetBytes(stream));
        }
        return path;
    }

    private static List<SourceDocument> Read(
        string path, SourcePosition from = default, Action<string>? skipped = null) =>
        [.. PassageSource.For(path).Read(path, from, skipped ?? Assert.Fail)];

    [Fact]
    public void Articles_are_read_with_title_section_and_text()
    {
        string path = Write("dump.xml", Head
            + Page(1, "'''Zorn''' is a [[lake]].\n== Fish ==\nEels &amp;amp; trout live here.\n"
                + "== References ==\n* A b c d")
            + Page(2, "#REDIRECT [[Zorn]]", "<ns>0</ns><redirect title=\"Zorn\" />")
            + Page(3, "Talk is not read here.", "<ns>1</ns>")
            + Page(4, "#redirect [[Zorn]]") + End);
        var document = Assert.Single(Read(path));
        Assert.Equal(
            [
                new Passage("1#1", "Title 1", "Zorn is a lake."),
                new Passage("1#2", "Title 1", "Eels & trout live here.") { Section = "Fish" },
            ],
            document.Passages);
    }

    [Theory]
    [InlineData("dump.xml")]
    [InlineData("dump.xml.bz2")]
    public void Reading_goes_on_after_any_document(string name)
    {
        string path = name.EndsWith(".bz2") ? Write(name, Streams) : Write(name, string.Concat(Streams));
        var all = Read(path);
        Assert.Equal(
            Enumerable.Range(1, 10).Select(i => $"Text of page number {i}."), all.Select(d => d.Passages[0].Text));
        foreach (var (i, document) in all.Index())
            Assert.Equal(
                all.Skip(i + 1).Select(d => d.Passages[0]), Read(path, document.Next).Select(d => d.Passages[0]));
        if (name.EndsWith(".bz2"))
            Assert.Equal(5, all.Select(d => d.Next.Offset).Distinct().Count()); // each stream is a place to go on from
    }

    [Fact]
    public void Streams_that_end_anywhere_are_one_text()
    {
        string whole = string.Concat(Streams);
        string path = Write("cut.xml.bz2", [.. whole.Chunk(700).Select(c => new string(c))]);
        Assert.Equal(10, Read(path).Count);
    }

    [Fact]
    public void A_dump_that_breaks_off_or_is_damaged_is_explained_and_what_was_before_is_read()
    {
        string intact = Write("whole.xml.bz2", Streams);
        byte[] whole = File.ReadAllBytes(intact);
        var texts = Read(intact).Select(d => d.Passages[0].Text);
        string path = Path.Combine(_folder, "broken.xml.bz2");
        var random = new Random(1);
        for (int i = 0; i < 24; i++)
        {
            byte[] broken = (byte[])whole.Clone();
            if (i % 2 == 0)
                broken = broken[..random.Next(1, broken.Length - 60)];
            else
                broken[random.Next(broken.Length)] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(path, broken);
            var read = new List<string>();
            var error = Record.Exception(() => read.AddRange(
                PassageSource.For(path).Read(path, default, _ => { }).Select(d => d.Passages[0].Text)));
            Assert.Equal(texts.Take(read.Count), read);
            // A bit of a stream's header may say what is true as well: then nothing is lost.
            Assert.True(read.Count == 10 && i % 2 == 1 && error is null
                || error is InvalidDataException && error.Message.Contains(path), $"{i}: {error}");
        }
    }

    [Theory]
    [InlineData("<!DOCTYPE a [<!ENTITY x \"y\">]><mediawiki>&x;</mediawiki>", "DTD")]
    [InlineData("<mediawiki>&nbsp;</mediawiki>", "nbsp")]
    [InlineData("this is no XML", "root level")]
    [InlineData("<mediawiki><page><title>A</title><ns>0</ns>", "end")]
    public void Hostile_XML_is_refused(string xml, string reason)
    {
        string path = Write("bad.xml", xml);
        var error = Assert.Throws<InvalidDataException>(() => Read(path));
        Assert.Contains(reason, error.Message);
        Assert.Contains(path, error.Message);
    }

    [Fact]
    public void Deep_nesting_is_refused()
    {
        string path = Write("deep.xml", "<mediawiki>" + string.Concat(Enumerable.Repeat("<page>", 10_000)));
        Assert.Contains("deep", Assert.Throws<InvalidDataException>(() => Read(path)).Message);
    }

    [Fact]
    public void A_page_that_is_too_long_is_left_out_and_said()
    {
        string path = Write(
            "long.xml", Head + Page(1, new string('a', 9 << 20)) + Page(2, "Short enough it is.") + End);
        var skipped = new List<string>();
        Assert.Equal("2#1", Assert.Single(Read(path, default, skipped.Add)).Passages[0].Id);
        Assert.Contains("Title 1", Assert.Single(skipped));
    }

    [Fact]
    public void The_index_of_a_multistream_dump_is_known_by_its_name()
    {
        Assert.True(PassageSource.IsIndexOfDump("x/enwiki-20190801-pages-articles-multistream-index.txt.bz2"));
        Assert.False(PassageSource.IsIndexOfDump("x/enwiki-20190801-pages-articles-multistream.xml.bz2"));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
