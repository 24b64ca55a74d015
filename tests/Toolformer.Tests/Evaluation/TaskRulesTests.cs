using Toolformer.Evaluation;

namespace Toolformer.Tests.Evaluation;

/// <summary>The rules of each task on cases worked out by hand, with the paper's exceptions.</summary>
public class TaskRulesTests
{
    [Theory]
    [InlineData("asdiv", "8", " 8 (pens)", true)]
    [InlineData("asdiv", "8", " 5+3=8", true)] // footnote 7: the number behind the equals sign
    [InlineData("asdiv", "8", " 5 + 3", false)]
    [InlineData("svamp", "8", " 8.0", true)]
    [InlineData("svamp", "8", " = 7, so 8", false)]
    [InlineData("mawps", "1250", " 1,250 stamps", true)]
    [InlineData("mawps", "0.33", " 0.333333", true)]
    [InlineData("gsm8k", "-5", " −5", true)]
    [InlineData("funcqa_one_hop", "0.3936", " 0.39", true)]
    [InlineData("funcqa_one_hop", "0.3936", " 0.4", false)]
    [InlineData("funcqa_multi_hop", "1000", " 1000.9", true)]
    [InlineData("funcqa_multi_hop", "1000", " 1001.1", false)]
    [InlineData("bbh_multistep_arithmetic_two", "-50", " -50", true)]
    [InlineData("lama_squad", "gold", " one two three four gold", true)]
    [InlineData("lama_squad", "gold", " one two three four five gold", false)]
    [InlineData("lama_trex", "Ys", " Ysel", false)]
    [InlineData("lama_google_re", "1941", " 1941)", true)]
    [InlineData("templama", "Ys United", " the Ys United club", true)]
    [InlineData("dateset", "20", " the 20th of May", false)] // the 20th has to be among the answers
    [InlineData("dateset", "Friday", " It was on a Friday", true)]
    [InlineData("dateset", "Friday", " It was just before a Friday", false)]
    [InlineData("bbh_temporal_sequences", "(B)", " (B) and not (A)", true)]
    [InlineData("bbh_temporal_sequences", "(B)", " B", true)]
    [InlineData("bbh_temporal_sequences", "(B)", " Before noon", false)]
    public void A_prediction_is_right_or_wrong(string task, string answer, string prediction, bool right) =>
        Assert.Equal(right, Of(task).IsCorrect(prediction, new EvalExample("1", "q", [answer])));

    [Theory]
    [InlineData("webquestions", 20)]
    [InlineData("natural_questions", 20)]
    [InlineData("triviaqa", 20)]
    [InlineData("hotpotqa", 20)]
    [InlineData("mlqa_hi", 10)]
    [InlineData("xquad_de", 10)]
    [InlineData("lama_squad", 5)]
    [InlineData("templama", 5)]
    [InlineData("dateset", 5)]
    public void The_last_word_that_counts_is_the_papers(string task, int words)
    {
        var example = new EvalExample("1", "q", ["Ys"]);
        string before = string.Join(' ', Enumerable.Repeat("word", words - 1));
        Assert.True(Of(task).IsCorrect($" {before} Ys", example));
        Assert.False(Of(task).IsCorrect($" {before} word Ys", example));
        // There is room to write so many words, at two tokens and more for each.
        Assert.True(Of(task).MaxNewTokens >= 2 * words);
    }

    [Theory]
    [InlineData("who wrote ys", "Answer the following question: who wrote ys?")]
    [InlineData("who wrote ys? ", "Answer the following question: who wrote ys?")]
    public void A_question_mark_is_put_behind_questions_that_have_none(string question, string prompt)
    {
        using var file = new MadeFiles(new WorkedExample("q.jsonl",
            $$"""{"question": "{{question}}", "answer": "Ann"}""", ""));
        Assert.Equal(prompt, Of("natural_questions").Load(file.Path)[0].Prompt);
    }

    [Theory]
    [InlineData("lama_squad", "WikiSearch")]
    [InlineData("lama_google_re", "WikiSearch")]
    [InlineData("lama_trex", "WikiSearch")]
    [InlineData("webquestions", "QA")]
    [InlineData("natural_questions", "QA")]
    [InlineData("triviaqa", "QA")]
    public void What_the_paper_bans_is_banned(string task, string tool) =>
        Assert.Equal(tool, Assert.Single(Of(task).BannedTools));

    [Fact]
    public void Nothing_else_is_banned() => Assert.Equal(
        ["lama_google_re", "lama_squad", "lama_trex", "natural_questions", "triviaqa", "webquestions"],
        Catalog.Find<EvalTask>().Where(t => t.BannedTools.Count > 0).Select(t => t.Name).Order());

    [Theory]
    [InlineData("The grass is [MASK].", "The grass is")]
    [InlineData("Ann (born [MASK]).", "Ann (born")]
    [InlineData("The grass is [MASK] now.", null)]
    [InlineData("[MASK] and [MASK].", null)]
    [InlineData("[MASK].", null)]
    [InlineData("no mask.", null)]
    public void Only_statements_that_end_with_their_mask_are_kept(string statement, string? before) =>
        Assert.Equal(before, PaperPrompts.BeforeFinalMask(statement, "[MASK]"));

    [Fact]
    public void Each_question_of_TempLama_is_asked_in_its_own_year()
    {
        using var files = new MadeFiles(Of("templama").Worked!);
        var examples = Of("templama").Load(files.Path);
        Assert.Equal([2015, 2011], examples.Select(e => e.Date!.Value.Year));
        Assert.Equal(["Ys School", "Ys College"], examples[1].Answers);
    }

    [Fact]
    public void Answers_are_read_in_every_shape_that_official_files_have()
    {
        using var file = new MadeFiles(new WorkedExample("q.jsonl", """
            {"question": "a", "answer": "one"}
            {"question": "b", "answers": ["one", "two"]}
            {"Question": "c", "Answer": {"Value": "one", "Aliases": ["two"], "NormalizedAliases": ["x"]}}
            {"question": "d", "possible_answers": "[\"one\", \"two\"]"}
            {"utterance": "e", "targetValue": "(list (description \"one\") (description two))"}
            {"context": "Question: f\nAnswer:", "answer": "one", "aliases": ["one", "two"]}
            {"question": "g", "answer": 1}
            {"question": "h", "question_id": "q", "answer": {"value": "one", "aliases": ["two"],
            """ + """
             "normalized_aliases": ["x"], "normalized_value": "x", "type": "WikipediaEntity"}}
            """, ""));
        var examples = Of("natural_questions").Load(file.Path);
        Assert.Equal(["one", "one|two", "one|two", "one|two", "one|two", "one|two", "1", "one|two"],
            examples.Select(e => string.Join('|', e.Answers)));
        Assert.Equal("Answer the following question: f?", examples[5].Prompt);
    }

    [Fact]
    public void Quotation_marks_inside_an_answer_of_WebQuestions_belong_to_it()
    {
        using var file = new MadeFiles(new WorkedExample("webquestions.examples.test.json", """
            [{"url": "u", "utterance": "who?", "targetValue":
              "(list (description \"Ann \"Annie\" Example\") (description \"Ys (\"Old?\"): Song\") (description Bo))"},
             {"url": "u", "utterance": "why?", "targetValue": "(list (description \"\"So\" they say (or not).\"))"}]
            """, ""));
        var examples = Of("webquestions").Load(file.Path);
        Assert.Equal("Ann \"Annie\" Example|Ys (\"Old?\"): Song|Bo", string.Join('|', examples[0].Answers));
        Assert.Equal("\"So\" they say (or not).", Assert.Single(examples[1].Answers));
        Assert.NotEqual(examples[0].Id, examples[1].Id);
    }

    [Fact]
    public void Rows_of_tables_have_lists_of_answers_and_of_their_names()
    {
        using var rows = new MadeFiles(new WorkedExample("mlqa.en.hi.jsonl", """
            {"context": "Ys sank.", "question": "¿Ys?", "id": "1", "answers":
            """ + """
             {"answer_start": [3, 0], "text": ["sank", "Ys sank"]}}
            """, ""));
        Assert.Equal(["sank", "Ys sank"], Assert.Single(Of("mlqa_hi").Load(rows.Path)).Answers);
        using var aliases = new MadeFiles(new WorkedExample("test_with_aliases.json", """
            {"query": "Al plays for _X_.", "answer": [{"wikidata_id": "Q1", "name": ["Ys United", "Ys FC"]},
            """ + """
             {"name": "Is"}], "date": "2012", "id": "Q2_P54_2012", "most_recent_answer": {"name": "Atlantis"}}
            """, ""));
        Assert.Equal(["Ys United", "Ys FC", "Is"], Assert.Single(Of("templama").Load(aliases.Path)).Answers);
    }

    [Fact]
    public void Paragraphs_that_are_not_English_are_refused_unless_the_English_file_is_named()
    {
        var worked = Of("mlqa_de").Worked!;
        var (name, content) = worked.Files[0];
        using var files = new MadeFiles(new WorkedExample(
            [("test-context-de-question-de.json", content.Replace("Ys lies", "Ys liegt")), (name, content)], ""));
        var refused = Assert.Throws<InvalidDataException>(() => Of("mlqa_de").Load(files.Path));
        Assert.Contains("test-context-en-question-de.json", refused.Message);
        Assert.Equal(worked.Prompt, Of("mlqa_de").Load($"{files.Path}#{name}")[0].Prompt);
    }

    [Fact]
    public void Tables_of_comma_and_tab_separated_values_are_read_like_other_files()
    {
        using var sheet = new MadeFiles(new WorkedExample(
            "a.csv", "\uFEFFQuestion,,Answer,Answer 2\r\n\"Who, \"\"A\"\"?\",,ann,Ann I\r\nWhere?,,Ys,\r\n", ""));
        var read = Of("bamboogle").Load(sheet.Path);
        Assert.Equal("Answer the following question: Who, \"A\"?", read[0].Prompt);
        Assert.Equal(["ann|Ann I", "Ys"], read.Select(e => string.Join('|', e.Answers)));
        using var tabs = new MadeFiles(new WorkedExample(
            "a.tsv", "id\tquestion\tpossible_answers\n7\tWho?\t\"[\"\"Ann\"\", \"\"A. B.\"\"]\"\n", ""));
        var one = Assert.Single(Of("popqa").Load(tabs.Path));
        Assert.Equal("7 Ann|A. B.", $"{one.Id} {string.Join('|', one.Answers)}");
        using var broken = new MadeFiles(new WorkedExample("b.tsv", "id\tquestion\n1\n", ""));
        Assert.Contains("row 2 has 1 fields", Assert.Throws<InvalidDataException>(
            () => Of("popqa").Load(broken.Path)).Message);
    }

    [Fact]
    public void A_fact_that_is_repeated_for_each_of_its_sentences_is_asked_once()
    {
        using var file = new MadeFiles(new WorkedExample("trex.jsonl", """
            {"uuid": "1", "predicate_id": "P19", "sub_label": "Al", "obj_label": "Ys", "template": "[X] is of [Y] .",
            """ + """
             "masked_sentence": "Al, of [MASK], sings."}
            {"uuid": "1", "predicate_id": "P19", "sub_label": "Al", "obj_label": "Ys", "template": "[X] is of [Y] .",
            """ + """
             "masked_sentence": "Al lives in [MASK]."}
            """, ""));
        Assert.EndsWith(": Al is of", Assert.Single(Of("lama_trex").Load(file.Path)).Prompt);
        Assert.EndsWith(": Al lives in", Assert.Single(Of("lama_trex").Load(file.Path + "#sentences")).Prompt);
    }

    [Fact]
    public void The_templates_of_LAMA_may_lie_among_its_facts()
    {
        var worked = Of("lama_trex").Worked!;
        using var files = new MadeFiles(worked with
        {
            Files = [worked.Files[0], ("TREx/relations.jsonl", worked.Files[1].Content)],
        });
        Assert.Equal(2, Of("lama_trex").Load(Path.GetDirectoryName(files.Path)!).Count);
    }

    [Fact]
    public void Half_a_surrogate_pair_is_named_with_its_line()
    {
        using var file = new MadeFiles(new WorkedExample("q.jsonl", """
            {"question": "a", "answer": "one"}
            {"question": "b", "answer": ["two", "\ud800"]}
            """, ""));
        Assert.Contains("line 2", Assert.Throws<InvalidDataException>(
            () => Of("natural_questions").Load(file.Path)).Message);
    }

    [Fact]
    public void The_English_paragraphs_of_XQuAD_may_lie_in_a_folder_of_their_own()
    {
        var worked = Of("xquad_de").Worked!;
        using var files = new MadeFiles(new WorkedExample(
            [("xquad.de/test.json", worked.Files[0].Content), ("xquad.en/test.json", worked.Files[1].Content)], ""));
        Assert.Equal(worked.Prompt, Of("xquad_de").Load(files.Path)[0].Prompt);
    }

    private static EvalTask Of(string name) => Catalog.Find<EvalTask>().Single(t => t.Name == name);
}
