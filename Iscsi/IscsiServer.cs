using System.Net;
using Lunaria.Iscsi.Login;
using Lunaria.Iscsi.Scsi;
using Lunaria.Iscsi.Scsi.Units;
using Lunaria.Iscsi.Sessions;
using Lunaria.Iscsi.Transport;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lunaria.Iscsi;

/// <summary>
/// An iSCSI target server: portals that listen, and targets with logical units. Embed it: make one, add targets, start it, dispose it.
/// Any thread. Media are the embedder's and are never disposed here.
/// </summary>
public sealed class IscsiServer : IAsyncDisposable
{
    private static readonly TimeSpan spaceInterval = TimeSpan.FromSeconds(5);

    private readonly ServerContext context;
    private readonly Lock gate = new();
    private readonly PortalSet portals;
    private bool started, disposed;
    private ITimer? spaceTimer;
    private readonly UnitDirectory units;
    private int targetsAdded;

    /// <summary>A server that does not listen yet.</summary>
    /// <param name="options">Portals and limits.</param>
    /// <param name="logger">Where it reports logins, refusals and failures; null = nowhere.</param>
    /// <param name="time">Clock of its timers; null = the system's.</param>
    /// <exception cref="ArgumentOutOfRangeException">A limit is out of its range.</exception>
    public IscsiServer(IscsiServerOptions options, ILogger<IscsiServer>? logger = null, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        units = new(time);
        context = new(options, time ?? TimeProvider.System, logger ?? NullLogger<IscsiServer>.Instance);
        portals = new(context);
    }

    /// <summary>Where it listens, with the ports it really has; empty before <see cref="StartAsync"/>.</summary>
    public IReadOnlyList<IPEndPoint> Portals => context.Portals;

    /// <summary>The targets now.</summary>
    public IReadOnlyCollection<IscsiTarget> Targets => [.. context.Targets.All];

    /// <summary>The sessions now, discovery sessions left out.</summary>
    public IReadOnlyCollection<SessionInfo> Sessions =>
        [.. context.Targets.All.SelectMany(target => target.Sessions.Snapshot().Select(session => new SessionInfo(
            target.Name, session.Identity.InitiatorName, session.Identity.Isid, session.Tsih, session.Peer, session.Portal, session.Began, session.Connections.Length)))];

    /// <summary>How many logins have been refused since the start, by status class and detail as one number (RFC 7143 11.13.5).</summary>
    public IReadOnlyDictionary<ushort, long> RefusedLogins => context.RefusedLogins.Count();

    /// <summary>The last login that was refused; null before the first.</summary>
    public LoginRefusal? LastRefusedLogin => context.RefusedLogins.Last;

    internal ServerContext Context => context;

    /// <summary>Other times for connections from now on, and for the drain.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A time is not positive.</exception>
    public void ChangeTimes(TimeSpan loginTimeout, TimeSpan pingInterval, TimeSpan pingTimeout, TimeSpan drainTimeout)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(loginTimeout, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(pingInterval, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(pingTimeout, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(drainTimeout, TimeSpan.Zero);
        lock (gate)
            context.Options = context.Options with { LoginTimeout = loginTimeout, PingInterval = pingInterval, PingTimeout = pingTimeout, DrainTimeout = drainTimeout };
    }

    /// <summary>Adds a target without logical units. Allowed while the server runs.</summary>
    /// <param name="name">iSCSI name: <c>iqn.</c>, <c>eui.</c> or <c>naa.</c>, at most 223 bytes (RFC 7143 4.2.7).</param>
    /// <param name="options">Who may log in; null = everybody.</param>
    /// <exception cref="ArgumentException">The name is not one, or taken.</exception>
    public IscsiTarget AddTarget(string name, IscsiTargetOptions? options = null)
    {
        IscsiName.Check(name);
        IscsiTarget target = NewTarget(name, options ?? new(), (ushort)Interlocked.Increment(ref targetsAdded));
        if (!context.Targets.TryAdd(target)) throw new ArgumentException($"There is a target {target.Name} already.", nameof(name));
        return target;
    }

    /// <summary>Removes a target and closes its sessions; false where there is none of that name. Completes when its commands are gone.</summary>
    public async Task<bool> RemoveTargetAsync(string name)
    {
        if (context.Targets.Remove(name, LoginStatus.TargetRemoved) is not IscsiTarget target) return false;
        await target.Sessions.CloseAllAsync("the target has been removed");
        return true;
    }

    /// <summary>
    /// Puts a target anew in the place of the one of that name, with the same LUNs and other options: another portal group is another target port, so its sessions end.
    /// Completes when their commands are gone.
    /// </summary>
    /// <exception cref="ArgumentException">There is no such target.</exception>
    public async Task<IscsiTarget> ReplaceTargetAsync(string name, IscsiTargetOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (context.Targets.Remove(name, LoginStatus.ServiceUnavailable) is not IscsiTarget before) throw new ArgumentException($"There is no target {name}.", nameof(name));
        await before.Sessions.CloseAllAsync("the target moves to other portals");
        IscsiTarget target = NewTarget(before.Name, options, before.Port.RelativeId);
        target.Redirect = before.Redirect;
        foreach ((int lun, LogicalUnit unit) in before.Luns.Units) target.Luns.Add(lun, unit);
        if (!context.Targets.TryAdd(target)) throw new ArgumentException($"There is a target {name} already.", nameof(name));
        return target;
    }

    /// <summary>
    /// Shows a target on other portals of its group from now on (empty = on all of the server's). Its target port stays the same, and with it registrations,
    /// reservations and sessions; hosts of connections at a portal that is none of the target's any more are asked to log out, and their connections closed after
    /// <see cref="IscsiServerOptions.DrainTimeout"/>.
    /// </summary>
    /// <exception cref="ArgumentException">There is no such target.</exception>
    public void ChangeTargetPortals(string name, IReadOnlyList<IPEndPoint> wanted)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        if (context.Targets.Find(name) is not IscsiTarget target) throw new ArgumentException($"There is no target {name}.", nameof(name));
        target.Portals = [.. wanted];
        HashSet<ConnectionInbox> own = [.. target.Sessions.Snapshot().SelectMany(session => session.Connections).Select(connection => connection.Inbox)];
        portals.Drain(
            [.. context.Connections.Snapshot().Where(connection => own.Contains(connection.Inbox) && !target.IsAt(connection.Local))],
            "its portal is none of the target's any more");
    }

    /// <summary>
    /// Listens on these portals from now on. Hosts at an address that is no portal any more are asked to log out, and their connections closed after
    /// <see cref="IscsiServerOptions.DrainTimeout"/>; other connections notice nothing.
    /// </summary>
    /// <exception cref="System.Net.Sockets.SocketException">One cannot be bound; everything is as it was.</exception>
    public Task ChangePortalsAsync(IReadOnlyList<IPEndPoint> wanted)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        ObjectDisposedException.ThrowIf(disposed, this);
        if (!started) throw new InvalidOperationException("The server has not been started: say in its options where it listens.");
        return portals.ChangeAsync(wanted);
    }

    /// <summary>
    /// Closes a session; false where there is none of that target and handle. Completes when its commands are gone. The host may log in again.
    /// </summary>
    public async Task<bool> CloseSessionAsync(string targetName, int tsih, string reason)
    {
        Session? session = context.Targets.Find(targetName)?.Sessions.Snapshot().FirstOrDefault(session => session.Tsih == tsih);
        if (session is null) return false;
        session.Post(new(MessageKind.Drop, reason));
        await session.Ended.Task;
        return true;
    }

    /// <summary>
    /// Closes the sessions of initiators that <see cref="IscsiTarget.Access"/> does not let in any more. Completes when their commands are gone.
    /// </summary>
    public async Task CloseRefusedSessionsAsync(string targetName, string reason)
    {
        if (context.Targets.Find(targetName) is not IscsiTarget target) return;
        foreach (Session session in target.Sessions.Snapshot().Where(session => !target.LetsIn(session)))
        {
            session.Post(new(MessageKind.Drop, reason));
            await session.Ended.Task;
        }
    }

    /// <summary>
    /// Asks the hosts of a target to log out (asynchronous event 1, RFC 7143 11.9.1), so that they come again, and are sent elsewhere where
    /// <see cref="IscsiTarget.Redirect"/> says so. Waits for nothing; who does not log out stays. False where there is no target of that name.
    /// </summary>
    public bool RequestLogouts(string targetName)
    {
        if (context.Targets.Find(targetName) is not IscsiTarget target) return false;
        foreach (Session session in target.Sessions.Snapshot()) session.Post(new(MessageKind.Drain, null));
        return true;
    }

    /// <summary>
    /// Asks the host of a session to negotiate its parameters anew on all its connections (asynchronous event 4, RFC 7143 11.9.1); one that does
    /// not within three seconds loses the connection. False where there is no session of that target and handle.
    /// </summary>
    public bool RequestNegotiation(string targetName, int tsih)
    {
        Session? session = context.Targets.Find(targetName)?.Sessions.Snapshot().FirstOrDefault(session => session.Tsih == tsih);
        session?.Post(new(MessageKind.Negotiate, null));
        return session is not null;
    }

    /// <summary>The targets are there: from now on logins are let in (<see cref="IscsiServerOptions.HoldsLogins"/>).</summary>
    public void AdmitLogins() => context.AdmitsLogins = true;

    /// <summary>Binds every portal and answers logins from then on.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">A portal cannot be bound; none listens then.</exception>
    public Task StartAsync()
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            if (started) throw new InvalidOperationException("The server has been started already.");
            portals.Open(context.Options.Portals);
            started = true;
        }
        spaceTimer = context.Time.CreateTimer(_ => NoticeSpace(), null, spaceInterval, Timeout.InfiniteTimeSpan);
        return Task.CompletedTask;
    }

    /// <summary>
    /// Drains: no new logins, initiators are asked to log out, and after <see cref="IscsiServerOptions.DrainTimeout"/> the connections that
    /// are left are closed. Completes when every command has left its medium, so that the media may be closed then.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        lock (gate)
        {
            if (disposed) return;
            disposed = true;
        }
        if (spaceTimer is not null) await spaceTimer.DisposeAsync();
        await portals.DisposeAsync();
        foreach (Connection connection in context.Connections.Snapshot()) connection.Inbox.Post(new(MessageKind.Drain, null));
        Task drained = context.Connections.WhenAtMostAsync(0);
        await Task.WhenAny(drained, Task.Delay(context.Options.DrainTimeout, context.Time));
        foreach (Connection connection in context.Connections.Snapshot())
            connection.Inbox.Post(new(MessageKind.Close, "the target shuts down"));
        await drained;
    }

    private IscsiTarget NewTarget(string name, IscsiTargetOptions options, ushort number) => new(
        new TargetPort(name.ToLowerInvariant(), options.PortalGroupTag, options.RelativePortId == 0 ? number : options.RelativePortId), options, units);

    /// <summary>Thin media run short, and recover, without anybody writing through this server: hosts hear of it all the same.</summary>
    private void NoticeSpace()
    {
        foreach (LogicalUnit unit in context.Targets.All.SelectMany(target => target.Luns.Units.Values).Distinct()) unit.NoticeSpace();
        spaceTimer?.Change(spaceInterval, Timeout.InfiniteTimeSpan);
    }
}
