namespace Toolformer.Torch.Chat.Jinja;

/// <summary>
/// A chat template, executed as Hugging Face's transformers does: Jinja 3.1 in its sandbox with trim_blocks,
/// lstrip_blocks and loop controls.
/// </summary>
/// <remarks>
/// Not done, for chat templates do not use it: inheritance and inclusion, recursive loops and translation.
/// </remarks>
internal sealed class JinjaTemplate
{
    private readonly Block _block;

    private JinjaTemplate(Block block, IReadOnlySet<string> names) => (_block, Names) = (block, names);

    /// <summary>The variables that the template reads.</summary>
    public IReadOnlySet<string> Names { get; }

    /// <exception cref="TemplateException">It can't be read.</exception>
    public static JinjaTemplate Parse(string source)
    {
        var parser = new TemplateParser(TemplateLexer.Read(source));
        return new JinjaTemplate(parser.ReadTemplate(), parser.Names);
    }

    /// <exception cref="TemplateException">It fails, takes too long, or refuses.</exception>
    public MarkedText Render(IEnumerable<(string Name, object? Value)> variables, TimeProvider clock)
    {
        var output = new MarkedText.Builder();
        var scope = new Scope(new Run(clock), output, null);
        foreach (var (name, value) in variables)
            scope[name] = value;
        _block.Execute(scope);
        return output.ToText();
    }
}
