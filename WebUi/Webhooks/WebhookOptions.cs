using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Webhooks;

/// <summary>
/// Where events are sent. <paramref name="Secret"/>: what messages are signed with, null = they are not; <paramref name="Least"/>: the least severe event that is sent.
/// </summary>
public sealed record WebhookOptions(Uri Url, string? Secret, Severity Least)
{
    /// <summary>Without the secret.</summary>
    public override string ToString() => $"{Url} from {Least}";
}
