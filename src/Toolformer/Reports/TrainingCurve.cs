namespace Toolformer.Reports;

/// <summary>What a finetuning's log says, thinned out where it is long.</summary>
/// <param name="Name">The model's folder.</param>
/// <param name="Loss">Steps with their mean loss per token in nats.</param>
/// <param name="Perplexity">Steps after which the held-out texts were read.</param>
internal sealed record TrainingCurve(
    string Name, IReadOnlyList<(double Step, double Value)> Loss, IReadOnlyList<(double Step, double Value)> Perplexity)
{
    private const int MostPoints = 400;

    public static TrainingCurve Read(string name, IEnumerable<LogLine> lines)
    {
        var (loss, perplexity) = (new Thinned(), new Thinned());
        foreach (var line in lines)
        {
            if (double.IsFinite(line.Loss))
                loss.Add(line.Step, line.Loss);
            if (line.Perplexity is { } value && double.IsFinite(value))
                perplexity.Add(line.Step, value);
        }
        return new(name, loss.Points, perplexity.Points);
    }

    /// <summary>A line of training/log.jsonl.</summary>
    internal sealed record LogLine(long Step, double Loss)
    {
        public double? Perplexity { get; init; }
    }

    /// <summary>Points in groups that grow, each shown as its mean, so that any log fits.</summary>
    private sealed class Thinned
    {
        private readonly List<(double Step, double Value)> _points = [];
        private (double Step, double Value, int Number) _group;
        private int _size = 1;

        public IReadOnlyList<(double Step, double Value)> Points => _group.Number == 0 ? _points
            : [.. _points, (_group.Step / _group.Number, _group.Value / _group.Number)];

        public void Add(double step, double value)
        {
            _group = (_group.Step + step, _group.Value + value, _group.Number + 1);
            if (_group.Number < _size)
                return;
            _points.Add((_group.Step / _size, _group.Value / _size));
            _group = default;
            if (_points.Count < 2 * MostPoints)
                return;
            for (int i = 0; i < MostPoints; i++)
            {
                var (a, b) = (_points[2 * i], _points[(2 * i) + 1]);
                _points[i] = ((a.Step + b.Step) / 2, (a.Value + b.Value) / 2);
            }
            _points.RemoveRange(MostPoints, _points.Count - MostPoints);
            _size *= 2;
        }
    }
}
