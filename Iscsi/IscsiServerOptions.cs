using System.Net;
using Lunaria.Iscsi.Login;

namespace Lunaria.Iscsi;

/// <summary>Settings of an <see cref="IscsiServer"/>: where it listens, who may discover, and the limits. Immutable.</summary>
public sealed record IscsiServerOptions
{
    /// <summary>The well-known port of iSCSI.</summary>
    public const int DefaultPort = 3260;

    /// <summary>Addresses and ports to listen on, IPv4 and IPv6; port 0 takes a free one. Default: every address, port 3260.</summary>
    public IReadOnlyList<IPEndPoint> Portals { get; init; } = [new(IPAddress.IPv6Any, DefaultPort)];

    /// <summary>Who may ask for the list of targets. Each initiator is told only those it may log in to.</summary>
    public IReadOnlyList<InitiatorAccess> DiscoveryAccess { get; init; } = [InitiatorAccess.Anyone];

    /// <summary>Most connections at once that have logged in; further logins are refused (out of resources).</summary>
    public int MaxConnections { get; init; } = 1024;

    /// <summary>
    /// Most connections at once from one address. At the limit a few more may log in, as far as they take the place of others from there: a host that comes back is not
    /// kept out by its dead connections.
    /// </summary>
    public int MaxConnectionsPerAddress { get; init; } = 256;

    /// <summary>Most sessions at once of one target; further logins are refused (out of resources).</summary>
    public int MaxSessionsPerTarget { get; init; } = 512;

    /// <summary>Most connections that have not finished their login; when full, the oldest of them goes.</summary>
    public int MaxHalfOpenConnections { get; init; } = 64;

    /// <summary>
    /// True where targets are still to come when the server begins to listen: logins are answered "service unavailable" (0301), which hosts take for "try again", until
    /// <see cref="IscsiServer.AdmitLogins"/>.
    /// </summary>
    public bool HoldsLogins { get; init; }

    /// <summary>A login takes at most this long.</summary>
    public TimeSpan LoginTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>After this long without a sign of life from the initiator it is sent a NOP-In ping.</summary>
    public TimeSpan PingInterval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>A connection whose initiator does not answer a ping, or takes no data, for this long is closed.</summary>
    public TimeSpan PingTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// After this long without data that was asked for, it is asked for again (ErrorRecoveryLevel 1 and 2); the fifth time in vain the command fails.
    /// </summary>
    public TimeSpan DataRequestInterval { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// A function that ends many tasks waits for the data that its initiator was asked for before (RFC 7143 4.2.3.3), and the answer to a command that failed for what is
    /// on its way (11.4.2), but no longer than this without any: some hosts send none.
    /// </summary>
    public TimeSpan LastDataTimeout { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long <see cref="IscsiServer.DisposeAsync"/> waits for commands in flight and for logouts.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Commands one session may have outstanding: the width of its CmdSN window.</summary>
    public int CommandWindow { get; init; } = 128;

    /// <summary>Largest data segment this target takes (MaxRecvDataSegmentLength), bytes, 8 KiB to 1 MiB.</summary>
    public int MaxRecvDataSegmentLength { get; init; } = 262144;

    /// <summary>
    /// All buffers of all connections together, bytes. When used up, commands wait; none fails. The last eighth is for connections that hold little.
    /// </summary>
    public long BufferPoolBytes { get; init; } = 256L << 20;

    /// <summary>Buffers of one connection, bytes: room for the longest transfer of a logical unit beside ordinary ones.</summary>
    public int MaxConnectionBufferBytes { get; init; } = 64 << 20;

    /// <summary>
    /// Asked before each send, where another machine can take over what is served here: false = nothing more is answered, and the connection is cut. Must neither
    /// wait nor allocate. Null = always.
    /// </summary>
    public Func<bool>? MayAnswer { get; init; }

    /// <summary>
    /// How often a connection that is sent one command at a time looks for the next one before its thread sleeps, about a microsecond each; at
    /// most half of the processors do so at once. Zero saves the power and costs the latency of waking a core.
    /// </summary>
    public int BusyPollLooks { get; init; } = 64;

    /// <summary>Throws <see cref="ArgumentOutOfRangeException"/> for a limit that cannot work.</summary>
    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxConnections, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxConnectionsPerAddress, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxSessionsPerTarget, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxHalfOpenConnections, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(CommandWindow, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(CommandWindow, 4096);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxRecvDataSegmentLength, 8192);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxRecvDataSegmentLength, 1 << 20);
        ArgumentOutOfRangeException.ThrowIfNotEqual(MaxRecvDataSegmentLength % 4096, 0);
        ArgumentOutOfRangeException.ThrowIfLessThan(BufferPoolBytes, 16L << 20);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxConnectionBufferBytes, 1 << 20);
        ArgumentOutOfRangeException.ThrowIfLessThan(BusyPollLooks, 0);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(BusyPollLooks, 1000);
    }
}
