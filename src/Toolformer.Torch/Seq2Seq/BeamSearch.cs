namespace Toolformer.Torch.Seq2Seq;

/// <summary>
/// The search for the best targets of one source: pure bookkeeping over the scores that the network gives. It follows
/// the rules of the reference implementation, so that scores and targets are the same.
/// </summary>
internal sealed class BeamSearch
{
    private readonly Seq2SeqOptions _options;
    private readonly List<Hypothesis> _ended = [];
    private List<Beam> _beams;

    public BeamSearch(Seq2SeqOptions options)
    {
        _options = options;
        _beams = [new Beam([.. options.ForcedFirstToken is { } forced ? new[] { forced } : []], 0, 0)];
    }

    public IReadOnlyList<Beam> Beams => _beams;

    public bool IsDone { get; private set; }

    /// <summary>A target that is still being written.</summary>
    /// <param name="Parent">The beam of the step before that it continues.</param>
    public sealed record Beam(int[] Tokens, double Score, int Parent);

    /// <summary>One step.</summary>
    /// <param name="candidates">
    /// The 2 · Beams best continuations (summed log-probability, beam, token), the best first.
    /// </param>
    public void Advance(IReadOnlyList<(double Score, int Beam, int Token)> candidates)
    {
        var next = new List<Beam>();
        for (int rank = 0; rank < candidates.Count && next.Count < _options.Beams; rank++)
        {
            var (score, parent, token) = candidates[rank];
            int[] tokens = [.. _beams[parent].Tokens, token];
            if (token != _options.EndOfText)
                next.Add(new Beam(tokens, score, parent));
            else if (rank < _options.Beams)
                End(tokens, score);
        }
        int length = next[0].Tokens.Length;
        _beams = next;
        if (_ended.Count >= _options.Beams)
        {
            double worst = _ended.Min(h => h.Score), best = candidates[0].Score;
            IsDone = _options.EarlyStopping switch
            {
                EarlyStopping.AtOnce => true,
                EarlyStopping.Never when _options.LengthPenalty > 0 =>
                    worst >= Scored(best, _options.MaxNewTokens),
                _ => worst >= Scored(best, length),
            };
        }
    }

    /// <summary>The best targets; those that are still being written count too, unless the search is done.</summary>
    public IReadOnlyList<Hypothesis> Results()
    {
        if (!IsDone)
        {
            foreach (var beam in _beams)
                End(beam.Tokens, beam.Score);
        }
        return [.. _ended.AsEnumerable().Reverse().OrderByDescending(h => h.Score).Take(_options.Returned)];
    }

    private void End(int[] tokens, double sum)
    {
        _ended.Add(new Hypothesis(tokens, Scored(sum, tokens.Length)));
        if (_ended.Count > _options.Beams)
            _ended.Remove(_ended.MinBy(h => h.Score)!);
    }

    private double Scored(double sum, int length) => sum / Math.Pow(length, _options.LengthPenalty);
}
