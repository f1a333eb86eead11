using System.Net;

namespace Lunaria.Iscsi.Isns;

/// <summary>Settings of an <see cref="IsnsClient"/>. Immutable.</summary>
public sealed record IsnsOptions
{
    /// <summary>The well-known port of iSNS.</summary>
    public const int DefaultPort = 3205;

    /// <summary>The iSNS server.</summary>
    public required IPEndPoint Server { get; init; }

    /// <summary>Names this server among all that register, and stays the same for ever: at most 223 bytes (RFC 4171 6.2.2).</summary>
    public required string EntityId { get; init; }

    /// <summary>After this long without a message of this client the server forgets it; the server may choose another. The client is heard three times as often.</summary>
    public TimeSpan RegistrationPeriod { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How often the client looks whether targets or portals have changed, and after a failure how long it waits at least.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(2);
}
