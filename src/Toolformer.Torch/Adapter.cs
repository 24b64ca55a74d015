using Toolformer.Torch.Architectures;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Toolformer.Torch;

/// <summary>Numbers of low-rank adaptation, LoRA (Hu et al. 2021).</summary>
public sealed record LoraOptions
{
    /// <summary>Stands for every matrix inside the layers, as in PEFT.</summary>
    public const string AllLinear = "all-linear";

    /// <summary>r: columns of A's output.</summary>
    public int Rank { get; init; } = 8;

    /// <summary>α: what is learned is added α/r times.</summary>
    public double Alpha { get; init; } = 16;

    /// <summary>Share of the inputs of A that are dropped while training.</summary>
    public double Dropout { get; init; }

    /// <summary>
    /// Which matrices: names of the family's files ("c_attn", "self_attn.q_proj"), of the decoder ("qkv", "up"), or
    /// <see cref="AllLinear"/>.
    /// </summary>
    public IReadOnlyList<string> Targets { get; init; } = [AllLinear];
}

/// <summary>
/// Low-rank additions to a decoder's matrices, W + s·B·A (Hu et al. 2021). While <see cref="Decoder.Adapter"/> is set
/// they are computed beside W; <see cref="MergeInto"/> adds them to W for good.
/// </summary>
public sealed class Adapter : IDisposable
{
    private readonly ILookup<string, (Part Part, int Number)> _byParameter;

    /// <summary>An addition to one matrix of the family's files.</summary>
    /// <param name="Site">The matrix.</param>
    /// <param name="Down">A (r, in).</param>
    /// <param name="Up">B (rows, r).</param>
    /// <param name="Scale">s: α/r.</param>
    public sealed record Part(AdapterSite Site, Tensor Down, Tensor Up, double Scale);

    /// <param name="parts">Their tensors are owned from now on.</param>
    public Adapter(IEnumerable<Part> parts)
    {
        Parts = [.. parts];
        _byParameter = Parts.Select((part, number) => (part, number)).ToLookup(p => p.part.Site.Parameter);
        foreach (var part in Parts)
        {
            part.Down.DetachFromDisposeScope();
            part.Up.DetachFromDisposeScope();
        }
    }

    public IReadOnlyList<Part> Parts { get; }

    /// <summary>Names, as in PEFT's files, and shapes of all A and B, in a fixed order.</summary>
    public IEnumerable<(string Name, long[] Shape)> Parameters =>
        Parts.SelectMany(p => new[] { (p.Site.DownName, p.Down.shape), (p.Site.UpName, p.Up.shape) });

    /// <summary>Share of the inputs that <see cref="DropoutSeed"/> drops.</summary>
    public double Dropout { get; init; }

    /// <summary>
    /// Decides which inputs are dropped, so that a pass can be computed again; null: none are.
    /// </summary>
    public long? DropoutSeed { get; set; }

    /// <summary>An adapter that changes nothing yet: A uniform in ±1/√in, B zero.</summary>
    public static Adapter Random(IEnumerable<AdapterSite> sites, LoraOptions options, int seed, Device? device = null)
    {
        using var generator = new Generator((ulong)seed);
        return new Adapter(sites.Select(site =>
        {
            using var scope = NewDisposeScope();
            double bound = 1 / Math.Sqrt(site.Columns);
            var down = rand([options.Rank, site.Columns], generator: generator).Times(2 * bound)
                .AddInPlace(-bound).to(device ?? CPU).MoveToOuterDisposeScope();
            var up = zeros([site.Rows, options.Rank], ScalarType.Float32, device ?? CPU).MoveToOuterDisposeScope();
            return new Part(site, down, up, options.Alpha / options.Rank);
        }))
        {
            Dropout = options.Dropout,
        };
    }

    /// <summary>The same adapter over other tensors, by the names of <see cref="Parameters"/>.</summary>
    public Adapter With(IReadOnlyDictionary<string, Tensor> tensors) =>
        new(Parts.Select(p => p with { Down = tensors[p.Site.DownName], Up = tensors[p.Site.UpName] }))
        {
            Dropout = Dropout,
        };

    /// <summary>Adds s·B·A to the matrices of a decoder that has no adapter at work.</summary>
    public void MergeInto(Decoder decoder)
    {
        using var guard = no_grad();
        foreach (var (site, down, up, scale) in Parts)
        {
            using var scope = NewDisposeScope();
            var rows = decoder.Parameters[site.Parameter].narrow(0, site.Stored.Start, site.Rows);
            Tensor Here(Tensor t) => t.detach().to(ScalarType.Float32).to(rows.device);
            rows.copy_(rows.to(ScalarType.Float32).Plus(Here(up).matmul(Here(down)).Times(scale)));
        }
    }

    public void Dispose()
    {
        foreach (var part in Parts)
        {
            part.Down.Dispose();
            part.Up.Dispose();
        }
    }

    /// <summary>Adds to y = W·x what the adapter has for that matrix.</summary>
    /// <param name="parameter">The decoder's name of W.</param>
    /// <param name="x">(…, in).</param>
    /// <param name="y">(…, out), fresh: it is changed in place.</param>
    internal Tensor Add(string parameter, Tensor x, Tensor y)
    {
        foreach (var (part, number) in _byParameter[parameter])
        {
            var inner = F.linear(Drop(x, number), part.Down.to(x.dtype)).Times(part.Scale);         // (…, r)
            var change = F.linear(inner, part.Up.to(x.dtype));                                      // (…, rows)
            bool whole = part.Site.Rows == y.shape[^1];
            (whole ? y : y.narrow(-1, part.Site.Stored.Start, part.Site.Rows)).AddInPlace(change);
        }
        return y;
    }

    private Tensor Drop(Tensor x, int number)
    {
        if (Dropout == 0 || DropoutSeed is not { } seed)
            return x;
        using var generator = new Generator((ulong)(seed * 1_009 + number), x.device);
        using var uniform = rand(x.shape, ScalarType.Float32, x.device, generator: generator);
        using var threshold = tensor((float)Dropout, device: x.device);
        return x.mul(uniform.ge(threshold).to(x.dtype)).Times(1 / (1 - Dropout));
    }
}

/// <summary>A matrix of a family's files that an adapter can add to.</summary>
/// <param name="Stored">Its name in the files, and which rows of the parameter it is.</param>
/// <param name="Parameter">The decoder's parameter that holds it.</param>
/// <param name="Rows">Outputs.</param>
/// <param name="Columns">Inputs.</param>
public sealed record AdapterSite(StoredTensor Stored, string Parameter, long Rows, long Columns)
{
    private const string Prefix = "base_model.model.";

    /// <summary>Its name in the files without ".weight".</summary>
    public string Module => Stored.Name[..^".weight".Length];

    /// <summary>PEFT's name of A.</summary>
    public string DownName => $"{Prefix}{Module}.lora_A.weight";

    /// <summary>PEFT's name of B.</summary>
    public string UpName => $"{Prefix}{Module}.lora_B.weight";

    /// <summary>The part of the module's name that is the same in each layer.</summary>
    public string NameInLayer =>
        string.Join('.', Module.Split('.').SkipWhile(part => !part.All(char.IsAsciiDigit)).Skip(1));

    /// <summary>All matrices inside the layers of a model.</summary>
    public static IReadOnlyList<AdapterSite> All(Architecture architecture, DecoderShape shape) =>
        [.. shape.Parameters()
            .Where(p => p.Shape.Length == 2 && p.Name.StartsWith("layers.", StringComparison.Ordinal))
            .SelectMany(p => architecture.Locate(p.Name, shape).Select(stored =>
                new AdapterSite(stored, p.Name, stored.Rows ?? p.Shape[0], p.Shape[1])))];

    /// <summary>B in the order of the decoder's rows, from that of the files; a new tensor.</summary>
    internal Tensor Arrange(Tensor up)
    {
        var arranged = empty_like(up);
        (Stored with { Start = 0, Rows = null, Transposed = false }).Read(up, arranged);
        return arranged;
    }

    /// <summary>The way back from <see cref="Arrange"/>; possibly a view.</summary>
    internal Tensor AsStored(Tensor up) =>
        (Stored with { Start = 0, Rows = null, Transposed = false }).Write(up);

    /// <summary>The matrices that <see cref="LoraOptions.Targets"/> name.</summary>
    /// <exception cref="ArgumentException">A name fits no matrix; those that there are are listed.</exception>
    public static IReadOnlyList<AdapterSite> Choose(
        Architecture architecture, DecoderShape shape, IReadOnlyList<string> targets)
    {
        var all = All(architecture, shape);
        foreach (string target in targets)
        {
            if (!all.Any(site => site.Fits(target)))
                throw new ArgumentException(Spelling.Unknown("matrix to adapt", target,
                    all.SelectMany(s => new[] { s.NameInLayer, s.Parameter.Split('.')[2] })
                        .Append(LoraOptions.AllLinear).Distinct()));
        }
        return [.. all.Where(site => targets.Any(site.Fits))];
    }

    /// <summary>By PEFT's rule, the end of the module's name at a dot, or by the decoder's name.</summary>
    private bool Fits(string target) => target == LoraOptions.AllLinear || Module == target
        || Module.EndsWith("." + target, StringComparison.Ordinal) || Parameter.Split('.')[2] == target;
}
