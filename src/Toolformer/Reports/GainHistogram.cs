namespace Toolformer.Reports;

/// <summary>
/// The gains of a tool's scored calls in bins of a tenth of a nat, so that the number of calls that another τ_f would
/// keep can be told for every tenth without the calls; beyond the ends everything is in the first or the last bin.
/// </summary>
internal sealed class GainHistogram
{
    private const int FirstTenth = -40, LastTenth = 80;

    private readonly long[] _calls = new long[LastTenth - FirstTenth + 1];
    private readonly long[] _texts = new long[LastTenth - FirstTenth + 1];

    /// <summary>Calls that have a gain.</summary>
    public long Scored { get; private set; }

    /// <summary>The least tenth of a nat that a bin with a call begins at.</summary>
    public int From => FirstTenth + Math.Max(0, Array.FindIndex(_calls, n => n > 0));

    /// <summary>The tenth of a nat at which the last bin with a call begins.</summary>
    public int To => FirstTenth + Math.Max(0, Array.FindLastIndex(_calls, n => n > 0));

    /// <summary>Calls in the bin that begins at this tenth of a nat.</summary>
    public long Calls(int tenth) => tenth is < FirstTenth or > LastTenth ? 0 : _calls[tenth - FirstTenth];

    /// <summary>Texts whose largest gain is in that bin.</summary>
    public long Texts(int tenth) => tenth is < FirstTenth or > LastTenth ? 0 : _texts[tenth - FirstTenth];

    /// <summary>How many calls and texts a threshold of so many tenths of a nat keeps.</summary>
    public (long Calls, long Texts) KeptAt(int tenth)
    {
        int from = Math.Clamp(tenth - FirstTenth, 0, _calls.Length);
        return (_calls.Skip(from).Sum(), _texts.Skip(from).Sum());
    }

    internal void AddCall(double gain)
    {
        _calls[Bin(gain)]++;
        Scored++;
    }

    internal void AddText(double largestGain) => _texts[Bin(largestGain)]++;

    /// <summary>The bin whose edges, as tenths divided by ten, hold the gain between them.</summary>
    private static int Bin(double gain)
    {
        int tenth = (int)Math.Clamp(Math.Floor(gain * 10), FirstTenth, LastTenth);
        // 10 · gain was rounded: the edges themselves decide, as a threshold would.
        if (tenth < LastTenth && gain >= (tenth + 1) / 10.0)
            tenth++;
        else if (tenth > FirstTenth && gain < tenth / 10.0)
            tenth--;
        return tenth - FirstTenth;
    }
}
