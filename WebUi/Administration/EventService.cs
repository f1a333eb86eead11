using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Lunaria.WebUi.Catalog;
using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Administration;

/// <summary>What has happened, kept and told to who listens. Any thread.</summary>
public sealed class EventService
{
    /// <summary>Who listens too slowly loses the oldest.</summary>
    private const int MaxWaiting = 100;
    private const int MaxListeners = 100;

    private readonly EventStore _store;
    private readonly TimeProvider _time;
    private readonly Lock _sync = new();
    private readonly List<Channel<EventView>> _listeners = [];

    internal EventService(EventStore store, TimeProvider time) => (_store, _time) = (store, time);

    /// <summary>Every event there can be: its stable code and what it means. docs/API.md has the same table.</summary>
    public static IReadOnlyList<(string Code, string Meaning)> Codes { get; } =
    [
        (EventCode.ApplianceStarted, "hosts' log-ins are answered from now on"),
        (EventCode.EngineHealth, "the engine's health has changed"),
        (EventCode.VolumeHealth, "a volume's health has changed"),
        (EventCode.PoolSpace, "free space of the pool has passed a watermark, or is enough again"),
        (EventCode.PoolOverCommit, "volumes promise more of the pool than its limit, or no more than it again"),
        (EventCode.PoolComponent, "a component of the pool has failed, was set aside, is evacuated, or takes data again"),
        (EventCode.PoolMending, "objects of the pool lack a copy, or all have theirs again"),
        (EventCode.CheckFound, "a check or an audit has found damage"),
        (EventCode.CacheDevice, "a device of the read cache has failed or cannot be used, or was taken out or is used again"),
        (EventCode.CatalogSave, "the store does not take its catalog, so that the newest state could not be rebuilt from it alone, or takes it again"),
        (EventCode.CatalogRebuilt, "a file of the data directory was missing or damaged, or was imported, and was rebuilt from the store's catalog"),
        (EventCode.LogFilling, "free space of the write log has passed a watermark, or is enough again"),
        (EventCode.JobFailed, "work in the background has ended without doing what was asked for"),
        (EventCode.ScheduleRan, "a schedule has taken its snapshots and deleted those that its rules do not keep"),
        (EventCode.ScheduleFailed, "a run of a schedule has failed; it is tried again each minute"),
        (EventCode.SnapshotStored, "the pool has all of a snapshot that was taken"),
        (EventCode.SessionBegan, "a host has logged in"),
        (EventCode.SessionEnded, "a host's session is over"),
        (EventCode.LoginRefused, "log-ins of hosts were refused; more of them are told together, up to an hour later"),
    ];

    /// <summary>The newest events, newest first.</summary>
    public IReadOnlyList<EventView> List(long before, Severity least, int limit) => _store.Read(before, least, limit);

    /// <summary>The number of the newest event; 0 where there is none.</summary>
    public long NewestId => _store.Read(long.MaxValue, Severity.Information, 1) is [var newest] ? newest.Id : 0;

    /// <summary>The first events after one, oldest first.</summary>
    internal IReadOnlyList<EventView> ListAfter(long after, Severity least, int limit) => _store.ReadAfter(after, least, limit);

    /// <summary>Events from now on.</summary>
    public async IAsyncEnumerable<EventView> ListenAsync([EnumeratorCancellation] CancellationToken stop)
    {
        var channel = Channel.CreateBounded<EventView>(new BoundedChannelOptions(MaxWaiting) { FullMode = BoundedChannelFullMode.DropOldest });
        lock (_sync)
        {
            if (_listeners.Count >= MaxListeners)
                throw new RefusedException(RefusalKind.Unavailable, $"{MaxListeners} clients listen already. Close one.");
            _listeners.Add(channel);
        }

        try
        {
            await foreach (var happened in channel.Reader.ReadAllAsync(stop))
                yield return happened;
        }
        finally
        {
            lock (_sync)
                _listeners.Remove(channel);
        }
    }

    /// <summary>Keeps an event and tells it to who listens.</summary>
    internal void Add(string code, Severity severity, string subject, string message)
    {
        var happened = _store.Add(_time.GetUtcNow(), code, severity, subject, message);
        lock (_sync)
        {
            foreach (var listener in _listeners)
                listener.Writer.TryWrite(happened);
        }
    }
}
