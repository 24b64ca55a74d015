using Toolformer.Corpora.Pretraining;
using Toolformer.Modeling;

namespace Toolformer.Torch.Training;

/// <summary>All options of pretraining a small base model, as they stand in a recipe.</summary>
public sealed record PretrainingRecipe
{
    public int Seed { get; init; } = 1;

    /// <summary>Tokens of the vocabulary, the 256 bytes and the end-of-text mark included.</summary>
    public int Vocabulary { get; init; } = 4096;

    /// <summary>Number of texts, drawn from the last phase's mixture, from which the vocabulary is learned.</summary>
    public int VocabularyTexts { get; init; } = 40_000;

    public int Width { get; init; } = 256;
    public int Layers { get; init; } = 8;
    public int Heads { get; init; } = 8;
    public int Context { get; init; } = 1024;
    public double LearningRate { get; init; } = 2e-3;
    public double WarmUp { get; init; } = 0.02;
    public double CoolDown { get; init; } = 0.4;
    public double WeightDecay { get; init; }
    public bool Muon { get; init; }
    public int EvaluateEvery { get; init; } = 250;
    public IReadOnlyList<PretrainingPhase> Phases { get; init; } = [];
}

/// <summary>A stretch of pretraining with its own mixture of texts.</summary>
/// <param name="Steps">Updates.</param>
/// <param name="Rows">Rows per update.</param>
/// <param name="Window">Tokens per row: texts follow each other until it is full.</param>
public sealed record PretrainingPhase(int Steps, int Rows, int Window, IReadOnlyList<MixturePart> Mixture);

/// <summary>
/// The rows of each step of a pretraining run. A row starts with the end-of-text mark and holds whole texts, each
/// followed by the mark, the last one cut; it depends on the recipe and its number alone. Rows stand at random offsets
/// within the context, so that short rows train all position embeddings.
/// </summary>
public sealed class PretrainingRows
{
    /// <summary>At most this many texts are drawn for one row; rows are numbered in strides of it.</summary>
    private const int TextsPerRow = 4096;

    private readonly PretrainingRecipe _recipe;
    private readonly ITokenizer _tokenizer;
    private readonly int _endOfText;
    private readonly PretrainingMixture[] _mixtures;

    public PretrainingRows(PretrainingRecipe recipe, ITokenizer tokenizer, int endOfText)
    {
        _recipe = recipe;
        _tokenizer = tokenizer;
        _endOfText = endOfText;
        _mixtures = [.. recipe.Phases.Select((p, i) => new PretrainingMixture(p.Mixture, recipe.Seed + i))];
    }

    /// <summary>Number of steps of all phases.</summary>
    public int Steps => _recipe.Phases.Sum(p => p.Steps);

    /// <summary>Texts of the last phase's mixture, for learning the vocabulary.</summary>
    public static IEnumerable<string> VocabularyTexts(PretrainingRecipe recipe)
    {
        var mixture = new PretrainingMixture(recipe.Phases[^1].Mixture, recipe.Seed - 1);
        return Enumerable.Range(0, recipe.VocabularyTexts).Select(i => mixture.Text(i));
    }

    /// <summary>The rows of update number <paramref name="step"/>, from 0.</summary>
    public IReadOnlyList<TrainingRow> Batch(long step)
    {
        int phase = 0;
        while (step >= _recipe.Phases[phase].Steps)
            step -= _recipe.Phases[phase++].Steps;
        var now = _recipe.Phases[phase];
        return [.. Enumerable.Range(0, now.Rows).Select(r => Row(phase, step * now.Rows + r))];
    }

    /// <summary>Rows of the last phase that no step uses.</summary>
    public IReadOnlyList<TrainingRow> HeldOut(int count)
    {
        int phase = _recipe.Phases.Count - 1;
        long first = (long)_recipe.Phases[phase].Steps * _recipe.Phases[phase].Rows;
        return [.. Enumerable.Range(0, count).Select(r => Row(phase, first + r))];
    }

    private TrainingRow Row(int phase, long number)
    {
        int window = _recipe.Phases[phase].Window;
        var tokens = new List<int>(window + 512) { _endOfText };
        for (int t = 0; t < TextsPerRow && tokens.Count < window; t++)
        {
            foreach (var token in _tokenizer.Encode(_mixtures[phase].Text(number * TextsPerRow + t)))
                tokens.Add(token.Id);
            tokens.Add(_endOfText);
        }
        int seed = (int)((number * 7919 + phase * 104_729 + _recipe.Seed) % int.MaxValue);
        int offset = new Random(seed).Next(_recipe.Context - window + 1);
        return new TrainingRow([.. tokens.Take(window)], Offset: offset);
    }
}
