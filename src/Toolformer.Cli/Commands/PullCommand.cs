using System.CommandLine;
using Toolformer.Cli.Displays;
using Toolformer.Cli.Options;
using Toolformer.Torch.Hub;

namespace Toolformer.Cli.Commands;

/// <summary>Downloads a model from a hub into the cache that Hugging Face's programs share.</summary>
public sealed class PullCommand : Verb
{
    private readonly CommonOptions _common = new();
    private readonly Argument<string> _model = new("model") { Description = "owner/name or owner/name@revision." };
    private readonly Option<string?> _revision = new("--revision")
    {
        Description = "Branch, tag or commit; without it: main.",
        HelpName = "NAME",
    };
    private readonly Option<bool> _verify = new("--verify")
    {
        Description = "Read again what is in the cache, and fetch anew what is damaged.",
    };

    public override string Name => "pull";

    public override string Description =>
        """
        Downloads a model from a hub: configuration, tokenizer and safetensors, nothing else.
        Prints the model's folder. What is in the cache is not fetched again; after a cut or a kill the same command
        goes on where it stopped; sizes and hashes are verified. Every verb's --model takes owner/name too: from the
        cache, else pulled. HF_HOME or HF_HUB_CACHE say where the cache is, HF_ENDPOINT names a mirror, HF_TOKEN or
        HF_HOME's file token log in, HF_HUB_OFFLINE=1 asks no host at all.
        Example: toolformer pull openai-community/gpt2 --revision 607a30d783dfa663caf39e06633721c8d4cfcd7e
        """;

    public override IEnumerable<Option> Options => [_revision, _verify, _common.Json];

    public override IEnumerable<Argument> Arguments => [_model];

    public override async Task<int> RunAsync(ParseResult arguments, Display display, CancellationToken cancellation)
    {
        var model = HubModel.Parse(arguments.GetValue(_model)!, arguments.GetValue(_revision));
        var snapshot = await Models.PullAsync(model, display, arguments.GetValue(_verify), cancellation);
        if (arguments.GetValue(_common.Json))
        {
            display.Result(new
            {
                Model = model.Id,
                Revision = model.Wanted,
                snapshot.Commit,
                snapshot.Folder,
                snapshot.Files,
                snapshot.Bytes,
                snapshot.BytesFetched,
                snapshot.Unverified,
            });
        }
        else
        {
            display.Note($"{model} is commit {snapshot.Commit}: {snapshot.Files.Count} files, {snapshot.Bytes:N0} "
                + $"bytes, of which {snapshot.BytesFetched:N0} were fetched.");
            display.Result(snapshot.Folder);
        }
        return CommandLine.Done;
    }
}
