namespace Toolformer.Tools.Translating;

/// <summary>
/// What the ways to make a <see cref="MachineTranslation"/> from a tools file have in common. An entry's name is what
/// the tool is called: MT in the paper.
/// </summary>
public abstract class TranslationKind : ToolKind
{
    /// <summary>The tool over a translator, which is disposed with it.</summary>
    /// <exception cref="InvalidDataException">A language is not known, or nothing says which it is.</exception>
    protected static IReadOnlyList<Tool> Make(ToolSettings settings, TranslationOptions options, Translator translator)
    {
        settings.Own(translator);
        var identifier = options.Identifier is { } file ? Load(settings, settings.Locate(file)) : null;
        if (identifier is null && options.Source is null && !translator.FindsSource)
            throw settings.Bad("Nothing says from which language to translate.",
                "Give \"identifier\", the path of a fastText model such as lid.176.ftz, or \"source\", a language.");
        try
        {
            var tool = new MachineTranslation(translator, identifier)
            {
                Source = options.Source,
                Target = options.Target,
                CallName = settings.Name,
            };
            return tool.Source is { } source && !translator.CanTranslate(source, tool.Target)
                ? throw settings.Bad($"From '{options.Source}' nothing translates into '{options.Target}'.",
                    "Choose other languages, or another kind.")
                : [tool];
        }
        catch (ArgumentException e)
        {
            throw settings.Bad(e.Message, "Write a code such as \"fr\", or a name such as \"French\".");
        }
    }

    private static FastTextIdentifier Load(ToolSettings settings, string path)
    {
        try
        {
            return FastTextIdentifier.Load(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw settings.Bad($"The identifier can't be read: {e.Message}",
                "Name a fastText model, such as lid.176.ftz.");
        }
    }
}

/// <summary>The fields that every entry of such a kind may have.</summary>
public record TranslationOptions
{
    /// <summary>Path of a fastText model that tells languages.</summary>
    public string? Identifier { get; init; }

    /// <summary>The language of all texts, where there is only one.</summary>
    public string? Source { get; init; }

    public string Target { get; init; } = LanguageCodes.English;
}
