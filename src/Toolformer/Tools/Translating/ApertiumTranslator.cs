namespace Toolformer.Tools.Translating;

/// <summary>Translates with Apertium (Forcada et al. 2011), a program that is run once per text.</summary>
public sealed class ApertiumTranslator : Translator
{
    /// <summary>The name of the program, found on the path.</summary>
    public const string Program = "apertium";

    private readonly BoundedProcess _process;
    private readonly IReadOnlyCollection<string> _modes;

    private ApertiumTranslator(BoundedProcess process, IReadOnlyCollection<string> modes)
    {
        _process = process;
        _modes = modes;
    }

    /// <summary>Asks the program which pairs of languages it has.</summary>
    /// <param name="program">Its name or path.</param>
    /// <param name="clock">What measures the time limit; null: the system.</param>
    /// <returns>The translator, or the reason why there is none.</returns>
    public static async ValueTask<(ApertiumTranslator? Translator, string? Error)> OpenAsync(
        string program = Program, TimeProvider? clock = null, CancellationToken cancellation = default)
    {
        var process = new BoundedProcess(program, clock);
        var listed = await process.RunAsync(["-l"], "", cancellation);
        if (listed.Error is { } error)
            return (null, error);
        string[] modes = [.. listed.Output.Split('\n', StringSplitOptions.TrimEntries)
            .Where(m => m.Contains('-', StringComparison.Ordinal))];
        return modes.Length > 0
            ? (new ApertiumTranslator(process, modes), null)
            : (null, $"{program} has no pair of languages: install one, such as Debian's apertium-eng-spa.");
    }

    public override bool CanTranslate(string source, string target) => Mode(source, target) is not null;

    public override async ValueTask<ToolResult> TranslateAsync(
        string text, string? source, string target, CancellationToken cancellation)
    {
        if (source is null || Mode(source, target) is not { } mode)
            return ToolResult.Failure(
                $"Apertium can't translate from {source ?? "an unknown language"} into {target}: it has "
                + $"{string.Join(", ", _modes.Order(StringComparer.Ordinal))}.");
        var run = await _process.RunAsync(["-u", mode], text + "\n", cancellation);
        if (run.Error is { } error)
            return ToolResult.Failure(error);
        string translated = run.Output.Trim();
        return translated.Length > 0
            ? ToolResult.Success(translated)
            : ToolResult.Failure("Apertium answered with nothing.");
    }

    /// <summary>Pairs are named by codes of three letters, older ones by codes of two.</summary>
    private string? Mode(string source, string target) =>
        LanguageCodes.Find(source) is { } from && LanguageCodes.Find(target) is { } to
            ? new[] { $"{from.Iso3}-{to.Iso3}", $"{from.Code}-{to.Code}", $"{from.Code}-{to.Iso3}",
                $"{from.Iso3}-{to.Code}" }.FirstOrDefault(_modes.Contains)
            : null;
}

/// <summary>{"kind": "apertium", "source": "Spanish"}: the program from Debian's package of that name.</summary>
public sealed class ApertiumKind : TranslationKind
{
    private sealed record Settings : TranslationOptions
    {
        /// <summary>The program's name, or its path.</summary>
        public string Program { get; init; } = ApertiumTranslator.Program;
    }

    public override string Kind => "apertium";

    public override async ValueTask<IReadOnlyList<Tool>> OpenAsync(
        ToolSettings settings, CancellationToken cancellation)
    {
        var options = settings.Read<Settings>();
        string program = options.Program.Contains('/') ? settings.Locate(options.Program) : options.Program;
        var (translator, error) = await ApertiumTranslator.OpenAsync(program, settings.Clock, cancellation);
        return translator is null
            ? throw settings.Bad($"Apertium can't be used: {error}",
                "Install it with a pair of languages: apt-get install apertium apertium-eng-spa")
            : Make(settings, options, translator);
    }
}
