using System.Buffers;
using System.Text;

namespace Toolformer.Inference;

/// <summary>
/// The text of a completion as its bytes arrive: holds back what is not yet a character and what may become a stop
/// string.
/// </summary>
internal sealed class CompletionText(IReadOnlyList<string> stopStrings)
{
    private readonly int _longestStop = stopStrings.Select(s => s.Length).DefaultIfEmpty().Max();
    private readonly StringBuilder _all = new();
    private readonly StringBuilder _withoutCalls = new();
    private readonly List<byte> _unfinished = [];
    private int _afterCall;
    private int _released;

    /// <summary>Whether the last character still lacks bytes.</summary>
    public bool IsMidCharacter => _unfinished.Count > 0;

    /// <summary>Whether a stop string has been written; it has been cut off.</summary>
    public bool IsStopped { get; private set; }

    public string All => _all.ToString();
    public string WithoutCalls => _withoutCalls.ToString();

    /// <summary>Adds the bytes of a token outside of calls, and returns the text that is settled now.</summary>
    public string Add(ReadOnlySpan<byte> bytes)
    {
        string added = Decode(bytes);
        _all.Append(added);
        _withoutCalls.Append(added);
        if (_longestStop == 0)
            return Release(_withoutCalls.Length);

        int from = Math.Max(_afterCall, _withoutCalls.Length - added.Length - _longestStop + 1);
        string tail = _withoutCalls.ToString(from, _withoutCalls.Length - from);
        int stop = stopStrings.Select(s => tail.IndexOf(s, StringComparison.Ordinal)).Where(i => i >= 0)
            .DefaultIfEmpty(-1).Min();
        if (stop >= 0)
        {
            IsStopped = true;
            _all.Length -= tail.Length - stop;
            _withoutCalls.Length = from + stop;
            return Release(_withoutCalls.Length);
        }
        int open = Math.Max(0, tail.Length - _longestStop + 1);
        while (!stopStrings.Any(s => s.AsSpan().StartsWith(tail.AsSpan(open))))
            open++;
        return Release(from + open);
    }

    /// <summary>Adds the bytes of a token of a call, and returns its text.</summary>
    public string AddInCall(ReadOnlySpan<byte> bytes)
    {
        string added = Decode(bytes);
        _all.Append(added);
        return added;
    }

    /// <summary>Settles what was held back, for a call begins or the text ends here; returns it.</summary>
    public string Settle() => Release(_afterCall = _withoutCalls.Length);

    private string Release(int end)
    {
        string released = _withoutCalls.ToString(_released, end - _released);
        _released = end;
        return released;
    }

    private string Decode(ReadOnlySpan<byte> bytes)
    {
        _unfinished.AddRange(bytes);
        var rest = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_unfinished);
        var text = new StringBuilder();
        int read = 0;
        while (read < rest.Length
            && Rune.DecodeFromUtf8(rest[read..], out Rune rune, out int used) != OperationStatus.NeedMoreData)
        {
            text.Append(rune.ToString());
            read += used;
        }
        _unfinished.RemoveRange(0, read);
        return text.ToString();
    }
}
