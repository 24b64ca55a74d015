using System.Security.Cryptography;
using System.Text.Json;

namespace Toolformer.Evaluation;

/// <summary>
/// Predictions of other runs, by content: who predicts (<see cref="EvalArm.Identity"/>), the task with its version, and
/// the prompts and days of a batch. Batches are kept whole, since a number may round differently in other company. What
/// can't be read is predicted again.
/// </summary>
/// <param name="folder">Made where it is missing; several processes may share it.</param>
public sealed class PredictionCache(string folder)
{
    /// <summary>64 hexadecimal digits; null: the arm has no identity, so nothing is kept of it.</summary>
    public static string? KeyOf(EvalArm arm, EvalTask task, IReadOnlyList<EvalExample> examples) =>
        arm.Identity is null ? null : Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(new
        {
            arm.Identity,
            task.Name,
            task.Version,
            task.MaxNewTokens,
            task.MaxCalls,
            Banned = task.BannedTools.Order(StringComparer.Ordinal),
            Examples = examples.Select(e => new
            {
                e.Prompt,
                e.Date,
                Tools = e.Tools?.Select(t => new { t.Name, t.Version, t.Description }),
            }),
        })));

    /// <summary>What was predicted for a batch; null: nothing is kept, or not one for each example.</summary>
    public IReadOnlyList<Prediction>? Find(string key, int count)
    {
        string path = PathOf(key);
        if (!File.Exists(path))
            return null;
        try
        {
            var kept = JsonLines.Read<Prediction>(path).Take(count + 1).ToList();
            return kept.Count == count ? kept : null;
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            return null;
        }
    }

    /// <summary>Keeps a batch, whole or not at all.</summary>
    public void Keep(string key, IReadOnlyList<Prediction> predictions)
    {
        string path = PathOf(key), draft = $"{path}.{Environment.ProcessId}";
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using (var writer = new JsonLinesWriter(draft, keep: 0))
        {
            foreach (var prediction in predictions)
                writer.Write(prediction);
            writer.Flush(toDisk: true);
        }
        File.Move(draft, path, overwrite: true);
    }

    private string PathOf(string key) => Path.Combine(folder, key[..2], key + ".jsonl");
}
