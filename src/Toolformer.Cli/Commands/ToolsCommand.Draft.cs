using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using Toolformer.Cli.Displays;
using Toolformer.Cli.Options;
using Toolformer.Markup;
using Toolformer.Modeling;
using Toolformer.Pipeline;
using Toolformer.Tools;

namespace Toolformer.Cli.Commands;

public sealed partial class ToolsCommand
{
    /// <summary>Has a model write demonstrations for a tool, to be edited by hand.</summary>
    private sealed class DraftDemonstrations : Verb
    {
        /// <summary>Demonstrations are read again and again, so they are short.</summary>
        private const int MinText = 30, MaxText = 300;

        /// <summary>So many texts are read for each demonstration that is wanted.</summary>
        private const int TextsPerDraft = 25;

        private static readonly JsonSerializerOptions Readable = new()
        {
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        };

        private readonly CommonOptions _common = new();
        private readonly ToolOptions _tools = new();
        private readonly GuardOptions _guard = new();
        private readonly Argument<string> _name = new("name") { Description = "Name of the tool." };
        private readonly Option<string[]> _corpus = new("--corpus")
        {
            Description = "Texts to take them from: .txt (blank-line separated), .jsonl, .parquet.",
            Required = true,
            AllowMultipleArgumentsPerToken = true,
            HelpName = "FILE…",
        };
        private readonly Option<int> _count = new("--count")
        {
            Description = "Most demonstrations.",
            DefaultValueFactory = _ => 5,
            HelpName = "N",
        };

        public override string Name => "draft";

        public override string Description =>
            """
            Has a model put calls into texts, and prints those that the tool answers, as drafts of demonstrations.
            They are drafts: keep those that are true and whose call helps with the words after it, and mend the others.
            Example: toolformer tools draft Calculator --model models/nano --corpus examples/notes.txt
            """;

        public override IEnumerable<Option> Options =>
        [
            .. _common.Engine, _corpus, _count, .. _tools.Sources, _tools.Date, .. _guard.All, _common.Seed,
            _common.Json,
        ];

        public override IEnumerable<Argument> Arguments => [_name];

        public override async Task<int> RunAsync(
            ParseResult arguments, Display display, CancellationToken cancellation)
        {
            string name = arguments.GetValue(_name)!;
            int count = arguments.GetValue(_count);
            await using var set = await _tools.OpenAllAsync(arguments, display, [name], cancellation);
            var toolbox = _guard.Guard(set.Toolbox, arguments, display);
            var (model, _) = _common.OpenModel(arguments);
            using var _ = model;
            var texts = new Corpus(arguments.GetValue(_corpus)!).Read()
                .Where(d => d.Text.Length is >= MinText and <= MaxText && !d.Text.Contains('['))
                .Take(Math.Max(count, 1) * TextsPerDraft)
                .Select(d => new TokenisedDocument(d, model.Tokenizer.Encode(d.Text)))
                .ToList();
            if (texts.Count == 0)
                throw new ArgumentException($"There is no text of {MinText} to {MaxText} characters without brackets.\n"
                    + $"  in --corpus {string.Join(' ', arguments.GetValue(_corpus)!)}\n  Give shorter texts.");
            int drafts = 0;
            foreach (var (text, call) in Sampled(texts, toolbox[name], model, arguments, cancellation))
            {
                if (drafts >= count)
                    break;
                var context = _tools.Context(arguments, display) with { Document = text };
                var result = await toolbox.CallAsync(name, call.Input, context, cancellation);
                if (result.IsError)
                    continue;
                drafts++;
                string demonstration = CallSyntax.Insert(
                    text.Text, call.Offset, new ApiCall(name, call.Input)).TrimStart();
                if (arguments.GetValue(_common.Json))
                    display.Result(new { Draft = demonstration, Result = result.Text, call.PStart });
                else
                    display.Result($"{JsonSerializer.Serialize(demonstration, Readable)}, // draft: {result.Text}");
            }
            if (drafts > 0)
                return CommandLine.Done;
            display.Fail($"None of the calls that the model wrote into {texts.Count} texts was answered.",
                $"in: tools draft {name}", "Give texts in which the tool helps, or a larger model.");
            return CommandLine.Failed;
        }

        /// <summary>The likeliest call of each text, likeliest first.</summary>
        private IEnumerable<(Document Text, SampledCall Call)> Sampled(List<TokenisedDocument> texts, Tool tool,
            ILanguageModel model, ParseResult arguments, CancellationToken cancellation)
        {
            using var sampler = new SampleCalls(model, new SampleOptions
            {
                Seed = arguments.GetValue(_common.Seed),
                Constrained = true,
            });
            var numbers = tool.Annotation with { StartThreshold = 0, Positions = 2, CallsPerPosition = 2 };
            var (calls, _) = sampler.Sample(texts, new TaughtTool(tool, numbers), (_, _) => { }, cancellation);
            return texts.Zip(calls)
                .SelectMany(t => t.Second.Select(c => (Text: t.First.Document, Call: c)))
                .Where(c => c.Call.Offset > 0 && c.Call.Offset < c.Text.Text.Length)
                .OrderByDescending(c => c.Call.PStart)
                .DistinctBy(c => c.Text.Id);
        }
    }
}
