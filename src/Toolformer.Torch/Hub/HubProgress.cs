namespace Toolformer.Torch.Hub;

/// <summary>How far a pull is.</summary>
/// <param name="File">The file that is being fetched.</param>
/// <param name="Done">Bytes of all files that are there, those of earlier pulls included.</param>
/// <param name="Total">Bytes of all files.</param>
/// <param name="Notice">What keeps it waiting, if anything does.</param>
public readonly record struct HubProgress(string File, long Done, long Total, string? Notice = null);

/// <summary>A model as it lies in the cache.</summary>
/// <param name="Commit">The revision in full.</param>
/// <param name="Folder">A model folder; its files are links into the cache.</param>
/// <param name="Files">The names of those that were asked for.</param>
/// <param name="Bytes">Their length together.</param>
/// <param name="BytesFetched">How many of these came over the wire now.</param>
/// <param name="Unverified">Those for which the hub has no hash that could be computed.</param>
public sealed record HubSnapshot(HubModel Model, string Commit, string Folder, IReadOnlyList<string> Files, long Bytes,
    long BytesFetched, IReadOnlyList<string> Unverified);
