namespace Toolformer.Torch.Hub;

/// <summary>A hub did not give what was asked for; the message has three parts.</summary>
public sealed class HubException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>Something that may go better the next time.</summary>
/// <param name="wait">How long the server asks to wait.</param>
internal sealed class PassingFault(string reason, TimeSpan? wait = null, Exception? cause = null)
    : Exception(reason, cause)
{
    public TimeSpan? Wait => wait;
}
