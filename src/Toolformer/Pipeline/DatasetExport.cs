using System.IO.Compression;
using System.Text.Json.Serialization;
using Parquet;
using Parquet.Serialization;
using Toolformer.Markup;

namespace Toolformer.Pipeline;

/// <summary>What a line of an exported dataset holds beside its id.</summary>
[Flags]
public enum ExportColumns
{
    /// <summary>The text with its calls in it, for trainers of language models.</summary>
    Text = 1,

    /// <summary>The same as a conversation with tool calls, for chat trainers, and the tools that it uses.</summary>
    Messages = 2,
}

/// <summary>
/// A dataset as others read it: JSON Lines or Parquet, by the file's ending. As a conversation, what stands before the
/// first call is the user's, the rest the assistant's, and results come from the tools; all contents but the results,
/// one after the other, are the text without its calls.
/// </summary>
public static class DatasetExport
{
    /// <param name="describe">A tool's description by its name; null: not known.</param>
    /// <returns>Lines written.</returns>
    /// <exception cref="InvalidDataException">An example's text does not hold its calls.</exception>
    public static async Task<long> WriteAsync(IEnumerable<DatasetExample> examples, string path, ExportColumns columns,
        Func<string, string?> describe, CancellationToken cancellation = default)
    {
        string fresh = path + ".tmp";
        long count = 0;
        IEnumerable<DatasetExample> Counted()
        {
            foreach (var example in examples)
            {
                cancellation.ThrowIfCancellationRequested();
                count++;
                yield return example;
            }
        }
        if (path.EndsWith(".parquet", StringComparison.OrdinalIgnoreCase))
            await WriteParquetAsync(Counted(), fresh, columns, describe, cancellation);
        else
            WriteLines(Counted(), fresh, columns, describe);
        File.Move(fresh, path, overwrite: true);
        return count;
    }

    /// <summary>A text with calls as a conversation.</summary>
    public static IReadOnlyList<ChatMessage> Messages(DatasetExample example)
    {
        var messages = new List<ChatMessage>();
        int from = 0, number = 0;
        foreach (var call in example.Calls)
        {
            string printed = CallSyntax.Print(new ApiCall(call.Tool, call.Input, call.Result));
            int at = example.Text.IndexOf(printed, from, StringComparison.Ordinal);
            if (at < 0)
                throw new InvalidDataException($"The text does not hold the call '{printed.Trim()}' where it should.\n"
                    + $"  in the dataset, example '{example.Id}'\n  Write the dataset anew.");
            // Nine letters and digits: the strictest of the chat templates asks for that.
            string id = FormattableString.Invariant($"call{++number:D5}");
            string before = example.Text[from..at];
            if (number == 1)
                messages.Add(new ChatMessage { Role = "user", Content = before });
            messages.Add(new ChatMessage
            {
                Role = "assistant",
                Content = number == 1 ? "" : before,
                ToolCalls = [new ChatToolCall
                {
                    Id = id,
                    Function = new ChatCall
                    {
                        Name = call.Tool,
                        Arguments = new ChatArguments { Input = call.Input },
                    },
                }],
            });
            messages.Add(new ChatMessage { Role = "tool", Content = call.Result, Name = call.Tool, ToolCallId = id });
            from = at + printed.Length;
        }
        if (number == 0)
            messages.Add(new ChatMessage { Role = "user", Content = "" });
        if (from < example.Text.Length || number == 0)
            messages.Add(new ChatMessage { Role = "assistant", Content = example.Text[from..] });
        return messages;
    }

    private static List<ChatTool> Tools(DatasetExample example, Func<string, string?> describe) =>
        [.. example.Calls.Select(c => c.Tool).Distinct().Order(StringComparer.Ordinal).Select(name => new ChatTool
        {
            Function = new ChatFunction
            {
                Name = name,
                Description = describe(name) ?? "",
                Parameters = new ChatParameters { Required = ["input"] },
            },
        })];

    private static ExportedLine Line(
        DatasetExample example, ExportColumns columns, Func<string, string?> describe) => new()
        {
            Id = example.Id,
            Text = columns.HasFlag(ExportColumns.Text) ? example.Text : null,
            Messages = columns.HasFlag(ExportColumns.Messages) ? [.. Messages(example)] : null,
            Tools = columns.HasFlag(ExportColumns.Messages) ? Tools(example, describe) : null,
        };

    private static void WriteLines(IEnumerable<DatasetExample> examples, string path, ExportColumns columns,
        Func<string, string?> describe)
    {
        using var writer = new JsonLinesWriter(path, keep: 0);
        foreach (var example in examples)
            writer.Write(Line(example, columns, describe));
        writer.Flush(toDisk: true);
    }

    private static async Task WriteParquetAsync(IEnumerable<DatasetExample> examples, string path,
        ExportColumns columns, Func<string, string?> describe, CancellationToken cancellation)
    {
        var options = new ParquetOptions
        {
            CompressionMethod = CompressionMethod.Zstd,
            CompressionLevel = CompressionLevel.Fastest,
        };
        await using var file = File.Create(path);
        // The library goes through them once per column.
        var lines = examples.Select(e => Line(e, columns, describe)).ToList();
        await (columns switch
        {
            ExportColumns.Text => ParquetSerializer.SerializeAsync(lines.Select(l => new TextOnly(l)), file, options,
                cancellationToken: cancellation),
            ExportColumns.Messages => ParquetSerializer.SerializeAsync(lines.Select(l => new MessagesOnly(l)), file,
                options, cancellationToken: cancellation),
            _ => ParquetSerializer.SerializeAsync(lines, file, options, cancellationToken: cancellation),
        });
    }

    private sealed class TextOnly(ExportedLine line)
    {
        [JsonPropertyName("id")]
        public string Id { get; set; } = line.Id;

        [JsonPropertyName("text")]
        public string Text { get; set; } = line.Text!;
    }

    private sealed class MessagesOnly(ExportedLine line)
    {
        [JsonPropertyName("id")]
        public string Id { get; set; } = line.Id;

        [JsonPropertyName("messages")]
        public List<ChatMessage> Messages { get; set; } = line.Messages!;

        [JsonPropertyName("tools")]
        public List<ChatTool> Tools { get; set; } = line.Tools!;
    }
}
