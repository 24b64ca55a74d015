using System.Text.RegularExpressions;
using Toolformer.Pipeline;

namespace Toolformer.Reports;

/// <summary>Keeps the few calls with the least rank, one per text; of equals the earlier.</summary>
internal sealed class CallSelection(Func<FilteredCall, double> rank)
{
    private const int Size = 3;

    private readonly List<(double Rank, FilteredCall Call)> _calls = [];

    public IEnumerable<FilteredCall> Calls => _calls.Select(c => c.Call);

    public void Offer(FilteredCall call)
    {
        double own = rank(call);
        int same = _calls.FindIndex(c => c.Call.DocId == call.DocId);
        if (same >= 0 && _calls[same].Rank <= own)
            return;
        if (same >= 0)
            _calls.RemoveAt(same);
        int at = _calls.FindIndex(c => c.Rank > own);
        _calls.Insert(at < 0 ? _calls.Count : at, (own, call));
        if (_calls.Count > Size)
            _calls.RemoveAt(Size);
    }
}

/// <summary>What a tool's calls add up to while they are read one after the other.</summary>
internal sealed partial class CallTally(double threshold)
{
    private const int Strips = 2, PlacesPerText = 64, MostReasons = 200, ShownReasons = 4, ReasonLength = 120;

    private readonly Dictionary<string, long> _errors = [];
    private readonly List<(double Gain, string DocId, List<StartPlace> Places)> _strips = [];
    private readonly List<StartPlace> _places = [];
    private string? _document;
    private double? _largest;

    public GainHistogram Gains { get; } = new();
    public CallSelection Best { get; } = new(c => -c.Gain!.Value);
    public CallSelection Borderline { get; } = new(c => Math.Abs(c.Gain!.Value - threshold));
    public CallSelection Worst { get; } = new(c => c.Gain!.Value);

    public IEnumerable<(string DocId, List<StartPlace> Places)> Texts => _strips.Select(s => (s.DocId, s.Places));

    /// <summary>Why calls had no result: the most frequent reasons, then the rest.</summary>
    public IReadOnlyList<Loss> Errors
    {
        get
        {
            var sorted = _errors.OrderByDescending(e => e.Value).ThenBy(e => e.Key, StringComparer.Ordinal).ToList();
            long rest = sorted.Skip(ShownReasons).Sum(e => e.Value);
            var shown = sorted.Take(ShownReasons).Select(e => new Loss("no result: " + e.Key, e.Value));
            return rest > 0 ? [.. shown, new("no result, for other reasons", rest)] : [.. shown];
        }
    }

    public void Add(FilteredCall call)
    {
        if (call.DocId != _document)
            EndText();
        _document = call.DocId;
        int at = _places.FindIndex(p => p.Offset == call.Offset);
        if (at >= 0)
            _places[at] = _places[at] with { Kept = _places[at].Kept || call.Kept };
        else if (_places.Count < PlacesPerText)
            _places.Add(new StartPlace(call.Offset, call.PStart, call.Kept));
        if (call.Error is { } error)
            CountError(error);
        if (call.Gain is not { } gain || !double.IsFinite(gain))
            return;
        Gains.AddCall(gain);
        _largest = Math.Max(_largest ?? gain, gain);
        // Token ids are not shown, and may be many.
        var slim = call with { CallIds = [], PrefixCallIds = null, PrefixResultIds = null };
        Best.Offer(slim);
        Borderline.Offer(slim);
        Worst.Offer(slim);
    }

    public void EndText()
    {
        if (_document is not null && _largest is { } gain)
        {
            Gains.AddText(gain);
            int at = _strips.FindIndex(s => s.Gain < gain);
            _strips.Insert(at < 0 ? _strips.Count : at, (gain, _document, [.. _places.OrderBy(p => p.Offset)]));
            if (_strips.Count > Strips)
                _strips.RemoveAt(Strips);
        }
        _places.Clear();
        (_document, _largest) = (null, null);
    }

    /// <summary>Errors that differ only in what they quote are one reason.</summary>
    private void CountError(string error)
    {
        string start = error.Length > 2000 ? error[..2000] : error;
        string reason = Quoted().Replace(start, "'…'").Split(": ask", 2)[0].Split(": search", 2)[0];
        if (reason.Length > ReasonLength)
            reason = reason[..ReasonLength] + "…";
        if (!_errors.ContainsKey(reason) && _errors.Count >= MostReasons)
            reason = "other reasons";
        _errors[reason] = _errors.GetValueOrDefault(reason) + 1;
    }

    [GeneratedRegex(@"'[^']*'")]
    private static partial Regex Quoted();
}
