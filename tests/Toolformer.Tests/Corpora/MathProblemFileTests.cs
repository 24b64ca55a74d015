using Toolformer.Corpora;

namespace Toolformer.Tests.Corpora;

public sealed class MathProblemFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("problems").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Asdiv_is_read_from_xml_and_a_fold_chooses_among_it()
    {
        string path = Write("ASDiv.xml", """
            <Machine-Reading-Corpus-File><ProblemSet>
              <Problem ID="x-1" Grade="1" Source="s"><Body>Two &amp; two lie here.</Body>
                <Question>How many? </Question><Solution-Type>Addition</Solution-Type>
                <Answer>4 (things)</Answer><Formula>2+2=4</Formula></Problem>
              <Problem ID="x-2" Grade="1" Source="s"><Body>Clara ran.</Body><Question>Who ran?</Question>
                <Answer>Clara</Answer><Formula></Formula></Problem>
            </ProblemSet></Machine-Reading-Corpus-File>
            """);
        Write("fold0.txt", "x-2\n");
        Write("fold1.txt", "x-1\r\n");
        var problems = MathProblemFile.Read(path);
        Assert.Equal(new MathProblem("x-1", "Two & two lie here.", "How many?", "4 (things)"), problems[0]);
        Assert.Equal(4, problems[0].Number);
        Assert.Null(problems[1].Number);
        Assert.Equal("x-2", Assert.Single(MathProblemFile.Read(path + "#fold0.txt")).Id);
        Assert.Equal(2, MathProblemFile.Read(path + "#fold0.txt,fold1.txt").Count);
    }

    [Fact]
    public void Asdiv_with_its_fields_in_small_letters_keeps_the_body()
    {
        var problem = Assert.Single(MathProblemFile.Read(Write("validation.jsonl",
            """{"body": "Two lie here.", "question": "How many?", "answer": "2 (things)", "formula": "2=2"}""")));
        Assert.Equal("Two lie here. How many?", problem.Text);
        Assert.Equal(2, problem.Number);
    }

    [Fact]
    public void Svamp_is_read_from_the_json_of_its_authors()
    {
        string path = Write("SVAMP.json", """
            [{"ID": "chal-1", "Body": "Each pack costs 76 dollars. There is a discount of 25 dollars on each pack",
              "Question": "How much is a pack?", "Equation": "( 76.0 - 25.0 )", "Answer": 51.0, "Type": "Subtraction"}]
            """);
        var problem = Assert.Single(MathProblemFile.Read(path));
        Assert.Equal("chal-1", problem.Id);
        Assert.Equal("Each pack costs 76 dollars. There is a discount of 25 dollars on each pack How much is a pack?",
            problem.Text);
        Assert.Equal(51, problem.Number);
    }

    [Theory]
    [InlineData("a.json", """
        [{"iIndex":7,"sQuestion":" He has $ 5 , then 2 . How many ? ","lEquations":["X=5+2"],"lSolutions":[7.0]}]
        """)]
    [InlineData("b.json", """
        [{"id":7,"original_text":"He has $ 5 , then 2 . How many ?","equation":"x=5+2","ans":"7.0"}]
        """)]
    [InlineData("c.json", """
        [{"id":7,"original_text":"He has $ number0 , then number1 . How many ?","number_list":["5","2"],"ans":7}]
        """)]
    [InlineData("d.json", """
        [{"id":7,"Question":"He has $ N_00 , then N_01 . How many ?","Numbers":"5 2","Answer":7.0,"Body":null}]
        """)]
    [InlineData("e.json", """
        [{"id":7,"Question":"He has $ number0 , then number1 . How many ?","Numbers":"5 2","Answer":"7.0",
          "Body":"He has $ number0 , then number1 .","Ques":"How many ?"}]
        """)]
    [InlineData("f.jsonl", """
        {"iIndex":"7","sQuestion":"He has $5, then 2. How many?","lEquations":["X=5+2"],"lSolutions":"7.0"}
        """)]
    public void Mawps_is_read_from_the_json_of_its_authors_and_from_that_of_the_toolkit(string name, string json)
    {
        var problem = Assert.Single(MathProblemFile.Read(Write(name, json)));
        Assert.Equal("7", problem.Id);
        Assert.Equal("He has $5, then 2. How many?", problem.Text);
        Assert.Equal(7, problem.Number);
    }

    [Fact]
    public void Mawps_in_five_folds_is_read_from_csv_and_its_number_slots_are_filled()
    {
        string path = Write("dev.csv", "Question,Numbers,Equation,Answer,group_nums\n"
            + "\"Mary had number0 , \"\"red\"\" hens and number1 more . How many ?\","
            + "35.0 5.5,+ number0 number1,40.5,\"[0, 1]\"\n"
            + "How many is number0 ?,3,number0,3.0,[0]\n");
        var problems = MathProblemFile.Read(path);
        Assert.Equal("Mary had 35, \"red\" hens and 5.5 more. How many?", problems[0].Text);
        Assert.Equal(40.5m, problems[0].Number);
        Assert.Equal("How many is 3?", problems[1].Text);
    }

    [Fact]
    public void Gsm8k_is_read_from_json_lines_and_its_worked_solution_is_left_out()
    {
        string path = Write("train.jsonl", """
            {"question": "He earns $12 an hour. In 90 hours?", "answer": "12*90=<<12*90=1080>>1080\n#### 1,080"}

            {"question": "What is left?", "answer": "#### -5"}
            """);
        var problems = MathProblemFile.Read(path);
        Assert.Equal(2, problems.Count);
        Assert.Equal(1080, problems[0].Number);
        Assert.Equal(-5, problems[1].Number);
        var texts = SolvedProblems.Documents(problems, "gsm8k").ToList();
        Assert.Equal("He earns $12 an hour. In 90 hours? The answer is 1080.", texts[0].Text);
        Assert.Equal("gsm8k-2", texts[1].Id);
    }

    [Theory]
    [InlineData("9 (apples)", 9.0)]
    [InlineData("14  (seats)", 14.0)]
    [InlineData("$1,250.50", 1250.5)]
    [InlineData(" -3.5 ", -3.5)]
    [InlineData("3:30 p.m.", null)]
    [InlineData("2:5", null)]
    [InlineData("6th", null)]
    [InlineData("3 (cats); 4 (dogs)", null)]
    [InlineData("Yes", null)]
    [InlineData("", null)]
    public void Only_answers_that_are_one_number_count_as_a_number(string answer, double? expected) =>
        Assert.Equal((decimal?)expected, new MathProblem("1", "", "?", answer).Number);

    [Fact]
    public void Other_files_are_refused_with_what_was_found_in_them()
    {
        string other = Write("a.json", """[{"foo":1}]""");
        var fields = Assert.Throws<InvalidDataException>(() => MathProblemFile.Read(other));
        Assert.Contains("problem 1 has the fields foo", fields.Message);
        Assert.Contains("a.json", fields.Message);
        Assert.Throws<InvalidDataException>(() => MathProblemFile.Read(Write("b.json", """[{"foo":""")));
        Assert.Throws<InvalidDataException>(() => MathProblemFile.Read(Write("b.xml", "<a><Problem></a>")));
        Assert.Throws<InvalidDataException>(() => MathProblemFile.Read(Write("b.csv", "a,b\n1,2\n")));
        Assert.Throws<FileNotFoundException>(() => MathProblemFile.Read(Path.Combine(_folder, "none.json")));
        string good = Write("g.jsonl", """{"question": "a?", "answer": "#### 1"}""");
        Write("ids.txt", "17\n");
        Assert.Throws<InvalidDataException>(() => MathProblemFile.Read(good + "#ids.txt"));
    }

    [Fact]
    public void Solved_problems_leave_out_what_shares_thirteen_words_with_a_test_problem()
    {
        const string shared = "a b c d e f g h i j k l m";
        MathProblem[] training = [new("1", "", $"{shared} n?", "1"), new("2", "", "Something else?", "2.666")];
        MathProblem[] test = [new("9", "", $"Well: {shared.ToUpperInvariant()}!", "3")];
        var text = Assert.Single(SolvedProblems.Documents(training, "x", test));
        Assert.Equal("Something else? The answer is 2.67.", text.Text);
    }

    private string Write(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}
