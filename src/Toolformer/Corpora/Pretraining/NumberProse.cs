using Toolformer.Corpora.Pretraining.Domains;

namespace Toolformer.Corpora.Pretraining;

/// <summary>
/// Short everyday stories and word problems with quantities, dates and places: the words and turns that books of the
/// 19th
/// century lack. Results stated in them are right.
/// </summary>
public static class NumberProse
{
    /// <summary>One problem, story or report.</summary>
    public static string Text(Random random, ProseExcerpts? prose = null)
    {
        var composer = new Composer(random);
        switch (random.Next(10))
        {
            case < 5:
                for (var left = random.Of([1, 1, 1, 2]); left > 0; left--) new ProblemDomain(random).AddTo(composer);
                break;
            case < 7:
                for (var left = random.Between(2, 4); left > 0; left--)
                {
                    if (random.Chance(0.7)) NumberDomain.Draw(random).AddTo(composer);
                    else Filler.AddTo(composer, random, prose);
                }
                break;
            case < 9:
                foreach (var sentence in random.Some(ProseTemplates.Story,
                    random.Between(4, 9))) composer.Sentence(sentence);
                break;
            default:
                for (var left = random.Between(2, 5); left > 0; left--)
                    composer.Forget().Sentence(random.Of(ProseTemplates.Dated));
                break;
        }
        if (random.Chance(0.12)) composer.SpaceStops();
        return composer.ToString();
    }
}
