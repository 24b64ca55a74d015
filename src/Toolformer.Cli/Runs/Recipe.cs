using System.Text.Json;
using System.Text.Json.Serialization;
using Toolformer.Corpora.Quickstart;
using Toolformer.Pipeline;
using Toolformer.Tools;
using Toolformer.Torch.Training;

namespace Toolformer.Cli.Runs;

/// <summary>All options of teaching a model to use tools, as they stand in a file under recipes/.</summary>
public sealed record Recipe
{
    /// <summary>What a run folder keeps it in.</summary>
    public const string FileName = "recipe.json";

    public int Seed { get; init; } = 1;

    /// <summary>The base model's folder; relative to the checkout or to the installed tool.</summary>
    public string Model { get; init; } = "models/nano";

    /// <summary>Corpus files. Without any, and without problems, the quickstart's corpus is generated.</summary>
    public IReadOnlyList<string> Corpus { get; init; } = [];

    /// <summary>
    /// Files of math word problems (ASDiv, SVAMP, MAWPS, GSM8K) that become plain solved texts; what shares 13 words in
    /// a row with a problem of the tasks is left out.
    /// </summary>
    public IReadOnlyList<string> SolvedProblems { get; init; } = [];

    /// <summary>Sizes of the generated corpus.</summary>
    public QuickstartOptions Quickstart { get; init; } = new();

    /// <summary>Files of the search index for WikiSearch, where the corpus is not generated.</summary>
    public IReadOnlyList<string> Index { get; init; } = [];

    /// <summary>The tools to teach, by name, with what differs from the tool's own numbers.</summary>
    public IReadOnlyDictionary<string, ToolNumbers> Tools { get; init; } = new Dictionary<string, ToolNumbers>();

    /// <summary>Whether sampling is held to each tool's own calls.</summary>
    public bool Constrained { get; init; }

    /// <summary>Sampling temperature of the annotation.</summary>
    public double Temperature { get; init; } = 1;

    public FinetuningOptions Finetuning { get; init; } = new();

    /// <summary>Evaluation tasks: name → data file, relative to the recipe's working folder.</summary>
    public IReadOnlyDictionary<string, string> Tasks { get; init; } = new Dictionary<string, string>();

    /// <summary>At most this many examples per task; 0: all.</summary>
    public int MaxExamples { get; init; }

    /// <summary>A call starts where &lt;API&gt; is among so many most likely tokens (paper, section 4.2).</summary>
    public int StartTopK { get; init; } = 10;

    /// <summary>Whether inputs are held to the tool's pattern while generating.</summary>
    public bool ConstrainInputs { get; init; }

    /// <summary>Whether the texts are generated.</summary>
    [JsonIgnore]
    public bool IsQuickstart => Corpus.Count == 0 && SolvedProblems.Count == 0;

    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        WriteIndented = true,
    };

    /// <exception cref="InvalidDataException">The file is not a recipe; it says where.</exception>
    public static T Read<T>(string path)
    {
        if (!File.Exists(path))
            throw new FileNotFoundException(
                $"There is no recipe '{path}'.\n  looked in {Path.GetFullPath(path)}\n"
                + "  Recipes lie under recipes/.", path);
        try
        {
            return JsonSerializer.Deserialize<T>(File.ReadAllBytes(path), Format)
                ?? throw new JsonException("the file holds null");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException(
                $"The recipe is not valid: {e.Message}\n  in {path}\n  See recipes/ for what a recipe may hold.", e);
        }
    }

    /// <summary>
    /// A path of the recipe: as it stands, or below the installed program, which carries the shipped model.
    /// </summary>
    public static string Locate(string path)
    {
        string shipped = Path.Combine(AppContext.BaseDirectory, path);
        return Path.Exists(path) || !Path.Exists(shipped) ? path : shipped;
    }

    /// <summary>The same options as JSON, for comparing and for the run folder.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Format) + "\n";
}

/// <summary>A tool's annotation numbers where they differ from its own (<see cref="AnnotationOptions"/>).</summary>
public sealed record ToolNumbers
{
    /// <summary>τ_s.</summary>
    public double? StartThreshold { get; init; }

    /// <summary>k.</summary>
    public int? Positions { get; init; }

    /// <summary>m.</summary>
    public int? CallsPerPosition { get; init; }

    /// <summary>τ_f.</summary>
    public double? FilterThreshold { get; init; }

    public int? MaxCallTokens { get; init; }
    public int? MaxExamples { get; init; }

    /// <summary>Numbers given as TOOL.NAME=VALUE.</summary>
    /// <exception cref="ArgumentException">Not of that form, or an unknown tool or number.</exception>
    public static IReadOnlyDictionary<string, ToolNumbers> Parse(IEnumerable<string> texts, IEnumerable<string> tools)
    {
        var numbers = new Dictionary<string, ToolNumbers>();
        foreach (string text in texts)
        {
            string[] sides = text.Split('=', 2), names = sides[0].Split('.', 2);
            if (sides.Length != 2 || names.Length != 2
                || !double.TryParse(sides[1], System.Globalization.CultureInfo.InvariantCulture, out double value))
                throw new ArgumentException($"--set is '{text}'.\n  in the arguments\n  Write TOOL.NAME=VALUE, such as "
                    + "Calculator.positions=8.");
            if (!tools.Contains(names[0]))
                throw new ArgumentException(Spelling.Unknown("tool", names[0], tools));
            var own = numbers.GetValueOrDefault(names[0], new ToolNumbers());
            numbers[names[0]] = names[1] switch
            {
                "start_threshold" => own with { StartThreshold = value },
                "positions" => own with { Positions = (int)value },
                "calls_per_position" => own with { CallsPerPosition = (int)value },
                "filter_threshold" => own with { FilterThreshold = value },
                "max_call_tokens" => own with { MaxCallTokens = (int)value },
                "max_examples" => own with { MaxExamples = (int)value },
                _ => throw new ArgumentException(Spelling.Unknown("number", names[1], ["start_threshold", "positions",
                    "calls_per_position", "filter_threshold", "max_call_tokens", "max_examples"])),
            };
        }
        return numbers;
    }

    /// <summary>The tool with these numbers.</summary>
    public TaughtTool Apply(Tool tool)
    {
        var own = tool.Annotation;
        return new TaughtTool(tool, own with
        {
            StartThreshold = StartThreshold ?? own.StartThreshold,
            Positions = Positions ?? own.Positions,
            CallsPerPosition = CallsPerPosition ?? own.CallsPerPosition,
            FilterThreshold = FilterThreshold ?? own.FilterThreshold,
            MaxCallTokens = MaxCallTokens ?? own.MaxCallTokens,
            MaxExamples = MaxExamples ?? own.MaxExamples,
        });
    }
}
