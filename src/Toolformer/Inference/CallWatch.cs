using Toolformer.Markup;

namespace Toolformer.Inference;

/// <summary>
/// Watches a text as it comes for a call, and says what can be shown of it: holds back what may yet become a call, and
/// cuts at its arrow. Work and memory are linear in the text.
/// </summary>
/// <param name="names">The tools; of other names a call is recognised by its arrow only.</param>
/// <param name="maxInput">Longer inputs, in UTF-16 units, make no call.</param>
internal sealed class CallWatch(IReadOnlySet<string> names, int maxInput)
{
    private const int MaxName = 100;

    private static readonly string Arrow = CallSyntax.Arrow.Trim();
    private static readonly char Bracket = CallSyntax.Open[^1];

    private readonly int _maxHeld = maxInput + MaxName;
    private string _held = "";

    /// <summary>The call that was found; what came after it is dropped.</summary>
    public ApiCall? Call { get; private set; }

    /// <summary>How much is held back, in UTF-16 units.</summary>
    public int Held => _held.Length;

    /// <summary>Adds text, and returns what is settled now and stands before any call.</summary>
    public string Add(string text)
    {
        _held += text;
        int at = 0;
        while (Call is null)
        {
            int open = _held.IndexOf(Bracket, at);
            if (open < 0)
                return Settle(_held.Length - (_held.EndsWith(' ') ? 1 : 0));
            string candidate = _held.Substring(open, Math.Min(_held.Length - open, _maxHeld));
            var parsed = CallSyntax.ParseAt(" " + candidate, 0);
            Call = parsed.State switch
            {
                ParseState.Complete => parsed.Call is { } call && (call.Result is not null || names.Contains(call.Tool))
                    ? call with { Result = null } : null,
                ParseState.Incomplete => BeforeArrow(candidate),
                _ => null,
            };
            int start = open > 0 && _held[open - 1] == ' ' ? open - 1 : open;
            if (Call is not null || (parsed.State == ParseState.Incomplete && candidate.Length < _maxHeld))
                return Settle(start);
            at = open + 1;
        }
        return "";

        string Settle(int end)
        {
            string done = _held[..end];
            _held = Call is null ? _held[end..] : "";
            return done;
        }
    }

    /// <summary>
    /// The text has ended: what was held back is settled, unless it is a call whose arrow the endpoint has cut off.
    /// </summary>
    public string End()
    {
        int open = _held.IndexOf(Bracket);
        if (Call is null && open >= 0)
        {
            string head = _held[(open + 1)..].TrimEnd();
            var call = CallSyntax.ParseHead(head) ?? CallSyntax.ParseHead(head + ")");
            Call = call is not null && names.Contains(call.Tool) && CallSyntax.IsInput(call.Input) ? call : null;
        }
        string rest = Call is null ? _held : _held[..Math.Max(0, open > 0 && _held[open - 1] == ' ' ? open - 1 : open)];
        _held = "";
        return rest;
    }

    private static ApiCall? BeforeArrow(string candidate) =>
        candidate.IndexOf(Arrow, StringComparison.Ordinal) is > 0 and var arrow
            ? CallSyntax.ParseHead(candidate[1..arrow])
            : null;
}
