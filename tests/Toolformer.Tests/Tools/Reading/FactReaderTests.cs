using CsCheck;
using Toolformer.Tools;
using Toolformer.Tools.Reading;

namespace Toolformer.Tests.Tools.Reading;

public class FactReaderTests
{
    private static readonly Passage[] Known =
    [
        Passage.OfFact("1", "What is the capital of Zorn?", "Velim"),
        Passage.OfFact("2", "What is the capital of Ghana?", "Accra"),
        Passage.OfFact("3", "When was the Ost bridge built?", "1913"),
        Passage.OfFact("4", "Who designed the flag of Zorn?", "Ila Marn"),
        Passage.OfFact("5", "who wrote the song of the eel", "Tam Orrin"),
        new("6", "The capital of Kenya", "Nairobi is the capital of Kenya."),
    ];

    private static ToolResult Ask(string question) =>
        new FactReader().AnswerAsync(question, Known, default).AsTask().Result;

    [Theory]
    [InlineData("What is the capital of Zorn?", "Velim")]
    [InlineData("what is the capital of zorn", "Velim")]
    [InlineData("Zorn's capital?", "Velim")]
    [InlineData("Can you tell me the capital of Ghana?", "Accra")]
    [InlineData("In which year was the Ost bridge built?", "1913")]
    [InlineData("Who wrote the song of the eel?", "Tam Orrin")]
    public void The_same_question_in_other_words_is_answered(string question, string answer) =>
        Assert.Equal(answer, Ask(question).Text);

    [Theory]
    [InlineData("What is the capital of Kenya?")]
    [InlineData("What is the capital of Ghana in 1850?")]
    [InlineData("Who designed the flag of Ghana?")]
    [InlineData("How long is the Ost bridge?")]
    [InlineData("What is the")]
    [InlineData("")]
    public void Another_question_is_not(string question) => Assert.NotNull(Ask(question).Error);

    [Fact]
    public void Any_question_is_taken() => Gen.String.Sample(question => Ask(question) != default);
}
