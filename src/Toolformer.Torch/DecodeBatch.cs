using Toolformer.Modeling;
using static TorchSharp.torch;

namespace Toolformer.Torch;

/// <summary>
/// Rows decoded together. A row's context is up to three parts: the trunk, which all rows share (an annotation prompt);
/// a branch, which the rows over one prefix share (a text), and of which a row may see only the beginning; and its own
/// leaf. The queries of all rows meet the trunk as one matrix product, those over one prefix its branch as one; a
/// single softmax runs over the three parts.
/// </summary>
internal sealed class DecodeBatch(TorchLanguageModel model) : IDecodeBatch, IAttention
{
    private sealed class Row(TorchPrefix prefix, int visible)
    {
        public readonly TorchPrefix Prefix = prefix;
        public readonly int Visible = visible;
        public int Own;
        public int Length => Visible + Own;
    }

    private readonly Decoder _decoder = model.Decoder;
    private readonly List<Row> _rows = [];
    private TorchPrefix? _trunk;
    private List<TorchPrefix> _branches = [];
    private (Tensor K, Tensor V)[] _branchLayers = [];      // (G, K, Tb, D), padded to the longest branch
    private (Tensor K, Tensor V)[] _leafLayers = [];        // (N, K, C, D), C the capacity
    private StepLayout? _step;

    public int Count => _rows.Count;

    public void Join(IReadOnlyList<ForkPoint> starts) => Translate(() => Add(starts));

    public void Retain(IReadOnlyList<int> rows) => Translate(() => Keep(rows));

    public IReadOnlyList<ReadOnlyMemory<float>> Step(IReadOnlyList<IReadOnlyList<int>> tokens)
    {
        if (tokens.Count != Count)
            throw new ArgumentException($"{tokens.Count} token lists for {Count} rows.", nameof(tokens));
        var results = new ReadOnlyMemory<float>[Count];
        if (tokens.Any(t => t.Count > 0))
            Translate(() => Compute(tokens, results));
        return results;
    }

    /// <exception cref="InsufficientMemoryException">Memory ran out: the batch can only be disposed.</exception>
    private void Translate(Action work)
    {
        try
        {
            work();
        }
        catch (Exception e) when (DeviceMemory.RanOut(e))
        {
            throw DeviceMemory.Error(e, $"with {Count} rows", _decoder);
        }
    }

    private void Add(IReadOnlyList<ForkPoint> starts)
    {
        int before = Count;
        foreach (var start in starts)
        {
            var prefix = (TorchPrefix)start.Prefix;
            int length = start.Length ?? prefix.Length, least = prefix.Parent?.Length ?? 1;
            if (length < least || length > prefix.Length)
                throw new ArgumentOutOfRangeException(
                    nameof(starts), $"A row can start after {least} to {prefix.Length} "
                    + $"tokens of this prefix, not after {length}.");
            prefix.Retain();
            _rows.Add(new Row(prefix, length));
        }
        if (_leafLayers.Length > 0 && before > 0 && starts.Count > 0)
            ResizeLeaves((int)_leafLayers[0].K.shape[2]);
        ArrangeBranches();
    }

    private void Keep(IReadOnlyList<int> rows)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var kept = rows.Select(r => _rows[r]).ToList();
        foreach (var row in kept)
            row.Prefix.Retain();
        foreach (var row in _rows)
            row.Prefix.Dispose();
        _rows.Clear();
        _rows.AddRange(kept);
        if (rows.Count == 0)
        {
            LayerTensors.Free(ref _leafLayers);
        }
        else if (_leafLayers.Length > 0)
        {
            var index = tensor(rows.Select(r => (long)r).ToArray(), device: _decoder.Device);
            LayerTensors.Replace(_leafLayers, t => t.index_select(0, index));
        }
        ArrangeBranches();
    }

    private void Compute(IReadOnlyList<IReadOnlyList<int>> tokens, ReadOnlyMemory<float>[] results)
    {
        int longest = tokens.Max(t => t.Count);
        for (int r = 0; r < Count; r++)
            model.CheckLength(_rows[r].Length + tokens[r].Count);
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        GrowLeaves(_rows.Max(r => r.Own) + longest);
        var ids = new long[Count * longest];
        var positions = new long[Count * longest];
        for (int r = 0; r < Count; r++)
        {
            for (int t = 0; t < longest; t++)
            {
                ids[r * longest + t] = t < tokens[r].Count ? tokens[r][t] : 0;
                positions[r * longest + t] = Math.Min(_rows[r].Length + t, _decoder.Shape.ContextLength - 1);
            }
        }
        _step = new StepLayout(this, longest);
        var hidden = _decoder.Hidden(Ids(ids, longest), Ids(positions, longest), this);     // (N, L, d)
        long[] wanted = [.. Enumerable.Range(0, Count).Where(r => tokens[r].Count > 0)];
        var last = wanted.Select(r => r * longest + tokens[(int)r].Count - 1).ToArray();
        var logits = _decoder.Head(hidden.reshape(-1, _decoder.Shape.Width)
            .index_select(0, tensor(last, device: _decoder.Device))).to(ScalarType.Float32);
        float[] values = logits.Values<float>();
        int vocabulary = _decoder.Shape.VocabularySize;
        for (int w = 0; w < wanted.Length; w++)
            results[wanted[w]] = values.AsMemory(w * vocabulary, vocabulary);
        for (int r = 0; r < Count; r++)
            _rows[r].Own += tokens[r].Count;
        model.Count(tokens.Sum(t => t.Count));
        _step = null;
    }

    /// <summary>
    /// Attention of one layer of one step. The H / K query heads that share a key head count as further queries of it:
    /// from here on L is their number times the tokens of the step.
    /// </summary>
    public Tensor Attend(int layer, Tensor q, Tensor k, Tensor v)
    {
        var step = _step!;
        var (leafK, leafV) = _leafLayers[layer];
        step.Store(leafK, k);
        step.Store(leafV, v);
        long[] shape = q.shape;
        long n = shape[0], heads = k.shape[1], length = shape[1] / heads * shape[2], width = shape[3];
        using var scope = NewDisposeScope();
        q = q.Times(1 / Math.Sqrt(width)).reshape(n, heads, length, width);             // (N, K, L, D)
        var ownK = leafK.narrow(2, 0, step.Used);
        var ownV = leafV.narrow(2, 0, step.Used);
        var scores = new List<Tensor>();
        long trunkLength = _trunk?.Length ?? 0;
        Tensor? flat = null;
        var trunk = _trunk?.Chain.Select(p => p.Layers[layer]).ToArray() ?? [];
        if (trunk.Length > 0)
        {
            flat = q.transpose(0, 1).reshape(heads, n * length, width);                 // (K, N·L, D)
            foreach (var (trunkK, _) in trunk)
                scores.Add(flat.matmul(trunkK[0].transpose(1, 2))                       // (K, N·L, P)
                    .view(heads, n, length, -1).transpose(0, 1));
        }
        Tensor? slotted = null;
        if (_branchLayers.Length > 0)
        {
            slotted = step.ToSlots(q);                                                  // (G, K, R·L, D)
            scores.Add(step.FromSlots(slotted.matmul(_branchLayers[layer].K.transpose(2, 3))));
        }
        scores.Add(q.matmul(ownK.transpose(2, 3)));                                     // (N, K, L, C)
        var weights = cat(scores, 3).to(ScalarType.Float32).Plus(step.Mask(layer)).softmax(3).to(q.dtype);
        var mixed = weights.narrow(3, weights.shape[3] - step.Used, step.Used).matmul(ownV);
        long offset = 0;
        foreach (var (_, trunkV) in trunk)
        {
            long size = trunkV.shape[2];
            var part = weights.narrow(3, offset, size).transpose(0, 1).reshape(heads, n * length, size);
            mixed = mixed.Plus(part.matmul(trunkV[0]).view(heads, n, length, width).transpose(0, 1));
            offset += size;
        }
        if (_branchLayers.Length > 0)
        {
            var (_, branchV) = _branchLayers[layer];
            var part = step.ToSlots(weights.narrow(3, trunkLength, branchV.shape[2]));
            mixed = mixed.Plus(step.FromSlots(part.matmul(branchV)));
        }
        return mixed.reshape(shape).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        foreach (var row in _rows)
            row.Prefix.Dispose();
        _rows.Clear();
        LayerTensors.Free(ref _leafLayers);
        LayerTensors.Free(ref _branchLayers);
    }

    /// <summary>
    /// What is the same for all layers of one step: where rows write, what they see, how they share branches.
    /// </summary>
    private sealed class StepLayout
    {
        private readonly Tensor? _positions;        // (N, 1, L, 1), where rows write if they differ
        private readonly Tensor? _slotOfRow, _rowOfSlot;
        private readonly long _groups, _slots, _start;
        private readonly DecodeBatch _batch;
        private readonly int _length;
        private readonly Tensor? _everything, _window;

        public StepLayout(DecodeBatch batch, int length)
        {
            var device = batch._decoder.Device;
            int n = batch.Count;
            (_batch, _length) = (batch, length);
            int[] own = [.. batch._rows.Select(r => r.Own)];
            Used = own.Max() + length;
            _start = own[0];
            if (own.Any(o => o != own[0]))
            {
                var places = own.SelectMany(o => Enumerable.Range(o, length).Select(p => (long)p)).ToArray();
                _positions = tensor(places, device: device).view(n, 1, length, 1);
            }
            _groups = batch._branches.Count;
            var groupOf = batch._rows.Select(r => batch._branches.IndexOf(r.Prefix)).ToArray();
            var slot = new long[n];
            var filled = new int[Math.Max(1, _groups)];
            for (int r = 0; r < n && _groups > 0; r++)
                slot[r] = filled[groupOf[r]]++;
            _slots = filled.Max();
            bool inOrder = _groups * _slots == n;
            for (int r = 0; r < n && _groups > 0; r++)
            {
                slot[r] += groupOf[r] * _slots;
                inOrder &= slot[r] == r;
            }
            if (_groups > 0 && !inOrder)
            {
                var rowOfSlot = new long[_groups * _slots];
                for (int r = 0; r < n; r++)
                    rowOfSlot[slot[r]] = r;
                _slotOfRow = tensor(slot, device: device);
                _rowOfSlot = tensor(rowOfSlot, device: device);
            }
            var shape = batch._decoder.Shape;
            if (shape.Window is null || shape.FirstWindowLayer > 0)
                _everything = BuildMask(null);
            if (shape.Window is { } window)
                _window = BuildMask(window);
        }

        /// <summary>Leaf positions in use, this step's included.</summary>
        public long Used { get; }

        /// <summary>(N, 1, L, P + Tb + C) float32: 0 where a query may look, −∞ where not.</summary>
        public Tensor Mask(int layer) => (_batch._decoder.Shape.WindowOf(layer) is null ? _everything : _window)!;

        /// <summary>Writes (N, K, L, D) behind what each row has already.</summary>
        public void Store(Tensor cache, Tensor fresh)
        {
            if (_positions is null)
                cache.narrow(2, _start, _length).copy_(fresh);
            else
                cache.scatter_(2, _positions.expand(fresh.shape), fresh);
        }

        /// <summary>(N, K, L, X) → (G, K, R·L, X): rows ordered by branch, missing ones filled with any row.</summary>
        public Tensor ToSlots(Tensor x)
        {
            var ordered = _rowOfSlot is null ? x : x.index_select(0, _rowOfSlot);
            return ordered.view(_groups, _slots, x.shape[1], x.shape[2], x.shape[3]).transpose(1, 2)
                .reshape(_groups, x.shape[1], _slots * x.shape[2], x.shape[3]);
        }

        /// <summary>The inverse of <see cref="ToSlots"/>.</summary>
        public Tensor FromSlots(Tensor x)
        {
            long length = x.shape[2] / _slots;
            var ordered = x.view(_groups, x.shape[1], _slots, length, x.shape[3]).transpose(1, 2)
                .reshape(_groups * _slots, x.shape[1], length, x.shape[3]);
            return _slotOfRow is null ? ordered : ordered.index_select(0, _slotOfRow);
        }

        private Tensor BuildMask(int? window)
        {
            int n = _batch.Count, trunk = _batch._trunk?.Length ?? 0;
            int shared = trunk + (_batch._branchLayers.Length > 0 ? (int)_batch._branchLayers[0].K.shape[2] : 0);
            int width = shared + (int)Used;
            var mask = new float[n * _length * width];
            for (int r = 0; r < n; r++)
            {
                var row = _batch._rows[r];
                int visible = Math.Min(row.Visible, shared);
                for (int t = 0; t < _length; t++)
                {
                    var line = mask.AsSpan((r * _length + t) * width, width);
                    line[visible..shared].Fill(float.NegativeInfinity);
                    line[(shared + row.Own + t + 1)..].Fill(float.NegativeInfinity);
                    // What lies before the window: of what is shared first, then of the row's own.
                    int hidden = Math.Max(0, row.Length + t + 1 - (window ?? int.MaxValue));
                    line[..Math.Min(hidden, visible)].Fill(float.NegativeInfinity);
                    line.Slice(shared, Math.Max(0, hidden - row.Visible)).Fill(float.NegativeInfinity);
                }
            }
            long perKey = _batch._decoder.Shape.HeadsPerKey;
            var one = tensor(mask, device: _batch._decoder.Device).view(n, 1, _length, width);
            return perKey == 1 ? one : one.repeat(1, 1, perKey, 1);
        }
    }

    private Tensor Ids(long[] values, int length) => tensor(values, device: _decoder.Device).view(Count, length);

    /// <summary>
    /// Finds what rows share: the trunk if all prefixes have the same parent, and one branch per prefix.
    /// </summary>
    private void ArrangeBranches()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var branches = _rows.Select(r => r.Prefix).Distinct().ToList();
        var parents = branches.Select(b => b.Parent).Distinct().ToList();
        var trunk = parents.Count == 1 ? parents[0] : null;
        if (branches.SequenceEqual(_branches) && trunk == _trunk)
            return;
        LayerTensors.Free(ref _branchLayers);
        (_branches, _trunk) = (branches, trunk);
        if (branches.Count == 0)
            return;
        int own(TorchPrefix b) => b.Length - (trunk?.Length ?? 0);
        int longest = branches.Max(own);
        var (heads, width) = (_decoder.Shape.KeyHeads, _decoder.Shape.HeadWidth);
        var layers = new (Tensor K, Tensor V)[_decoder.Shape.Layers];
        for (int l = 0; l < layers.Length; l++)
        {
            var k = zeros([branches.Count, heads, longest, width], _decoder.ComputeType, _decoder.Device);
            var v = zeros_like(k);
            for (int g = 0; g < branches.Count; g++)
            {
                long at = 0;
                foreach (var segment in trunk is null ? branches[g].Chain : [branches[g]])
                {
                    k[g].narrow(1, at, segment.OwnLength).copy_(segment.Layers[l].K[0]);
                    v[g].narrow(1, at, segment.OwnLength).copy_(segment.Layers[l].V[0]);
                    at += segment.OwnLength;
                }
            }
            layers[l] = (k, v);
        }
        _branchLayers = LayerTensors.Detached(layers);
    }

    private void GrowLeaves(int needed)
    {
        int capacity = _leafLayers.Length == 0 ? 0 : (int)_leafLayers[0].K.shape[2];
        if (needed > capacity)
            ResizeLeaves(Math.Max(needed, Math.Max(32, capacity * 2)));
    }

    /// <summary>
    /// Room for <see cref="Count"/> rows of <paramref name="capacity"/> tokens; what is there is kept.
    /// </summary>
    private void ResizeLeaves(int capacity)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var (heads, width) = (_decoder.Shape.KeyHeads, _decoder.Shape.HeadWidth);
        Tensor Fresh() => zeros([Count, heads, capacity, width], _decoder.ComputeType, _decoder.Device);
        if (_leafLayers.Length == 0)
        {
            _leafLayers = LayerTensors.Detached(
                [.. Enumerable.Range(0, _decoder.Shape.Layers).Select(_ => (Fresh(), Fresh()))]);
            return;
        }
        LayerTensors.Replace(_leafLayers, old =>
        {
            var grown = Fresh();
            grown.narrow(0, 0, old.shape[0]).narrow(2, 0, old.shape[2]).copy_(old);
            return grown;
        });
    }
}
