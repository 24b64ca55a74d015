using System.CommandLine;
using System.Text.Json;
using Toolformer.Cli.Displays;
using Toolformer.Cli.Options;
using Toolformer.Torch.Tokenizers;

namespace Toolformer.Cli.Commands;

/// <summary>Text to token ids with offsets, and back.</summary>
public sealed class TokenizeCommand : Verb
{
    private readonly CommonOptions _common = new();
    private readonly Option<bool> _special = new("--special")
    {
        Description = "Special tokens spelled out in a text count as such.",
    };

    public override string Name => "tokenize";

    public override string Description =>
        """
        Text to token ids with offsets, and back.
        Reads lines {"id"?, "text"} and writes {"id", "input_ids", "tokens", "offsets"}: tokens as the vocabulary
        spells them, offsets [start, end) in characters (Unicode code points); nothing is put before the text. Reads
        lines {"id"?, "input_ids"} and writes {"id", "text"}. The folder needs the tokenizer's files only.
        Example: echo '{"text": "The cat sat."}' | toolformer tokenize --model models/nano
        """;

    public override IEnumerable<Option> Options => [_common.Model, _common.Input, _special];

    public override Task<int> RunAsync(ParseResult arguments, Display display, CancellationToken cancellation)
    {
        var tokenizer = Models.OpenTokenizer(arguments.GetValue(_common.Model)!);
        string? input = arguments.GetValue(_common.Input);
        bool special = arguments.GetValue(_special);
        using var progress = display.Progress("tokenizing", "lines", InputLine.Count(input));
        long done = 0;
        foreach (var line in InputLine.Read(input, display, cancellation))
        {
            cancellation.ThrowIfCancellationRequested();
            if (line.Ids("input_ids", tokenizer.VocabularySize) is { } ids)
                display.Result(new Detokenized(line.Id, tokenizer.Decode(ids)));
            else if (line.Text("text") is { } text)
                display.Result(Tokenize(line.Id, text, tokenizer, special));
            else
                throw line.Bad("The line has neither \"text\" nor \"input_ids\"");
            progress.Report(++done);
        }
        return Task.FromResult(CommandLine.Done);
    }

    private static Tokenized Tokenize(JsonElement id, string text, Tokenizer tokenizer, bool special)
    {
        var tokens = tokenizer.Encode(text, special);
        // Code points before each UTF-16 unit: both halves of a pair belong to the same one.
        int[] points = new int[text.Length + 1];
        for (int i = 0; i < text.Length; i++)
            points[i + 1] = points[i] + (i > 0 && char.IsSurrogatePair(text[i - 1], text[i]) ? 0 : 1);
        return new Tokenized(id, [.. tokens.Select(t => t.Id)], [.. tokens.Select(t => tokenizer.Spelling(t.Id))],
            [.. tokens.Select(t => new[] { points[t.Start], points[t.End] })]);
    }

    private sealed record Tokenized(JsonElement Id, int[] InputIds, string[] Tokens, int[][] Offsets);

    private sealed record Detokenized(JsonElement Id, string Text);
}
