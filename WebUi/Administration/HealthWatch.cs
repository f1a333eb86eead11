using Lunaria.Iscsi;
using Lunaria.Volumes;
using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Administration;

/// <summary>
/// Looks at the appliance and makes events of what has changed since the last look: health, space, sessions. Nothing on the way of an I/O knows
/// of it. Owned by the run; one look at a time.
/// </summary>
internal sealed class HealthWatch(VolumeManager volumes, IscsiServer server, PoolService pool, SpaceWatch space, StoredSnapshots stored, EventService events, TimeProvider time)
{
    private readonly RefusedLoginWatch _refusedLogins = new(server, events, time);
    private readonly Dictionary<Guid, HealthState> _volumes = [];
    private readonly Dictionary<Guid, ComponentState> _components = [];
    private readonly HashSet<string> _failedCacheDevices = new(StringComparer.Ordinal);
    private Dictionary<(string Target, int Tsih), SessionInfo> _sessions = [];
    private HealthState _engine = HealthState.Online;
    private int _damages;
    private string? _mending;
    private bool _catalogFails, _rebuildTold;

    /// <summary>One look.</summary>
    public void Look()
    {
        var engine = volumes.GetStatistics();
        LookAtEngine(engine.Health);
        LookAtVolumes(engine.Health.State);
        space.Look();
        LookAtComponents();
        LookAtMending();
        LookAtCache();
        LookAtVerification();
        LookAtSnapshots();
        LookAtCatalog();
        LookAtSessions();
        _refusedLogins.Look();
    }

    private void LookAtSnapshots()
    {
        foreach (var snapshot in stored.TakeStored())
            events.Add(EventCode.SnapshotStored, Severity.Information, $"volume {snapshot.Volume.Name}", $"The pool has all of the snapshot {snapshot.Name}.");
    }

    private void LookAtCatalog()
    {
        if (volumes.Rebuilt is { } rebuilt && !_rebuildTold)
            events.Add(
                EventCode.CatalogRebuilt, Severity.Warning, "catalog",
                $"{rebuilt} What was stored after that moment and belongs to no volume any more stays in the store until an administrator clears it: 'lunaria pool audit' lists it.");
        _rebuildTold = true;
        var failure = volumes.GetBackend().Catalog.Failure;
        if (failure != null == _catalogFails)
            return;
        _catalogFails = failure != null;
        events.Add(EventCode.CatalogSave, failure == null ? Severity.Information : Severity.Warning, "catalog", failure == null
            ? "The store takes its catalog again."
            : $"The store does not take its catalog; it is tried again, and meanwhile nothing in the store is deleted: {failure}");
    }

    private void LookAtVerification()
    {
        var damages = volumes.Checks.GetVerification().Damages;
        if (damages.Count > _damages)
            events.Add(EventCode.CheckFound, Severity.Error, "pool", $"Background verification has found {damages.Count} damaged objects, the last: {damages[^1].Detail}");
        _damages = damages.Count;
    }

    private void LookAtEngine(VolumeHealth now)
    {
        if (now.State == _engine)
            return;
        _engine = now.State;
        events.Add(EventCode.EngineHealth, SeverityOf(now.State), "engine", now.Cause ?? "The engine is Online again.");
    }

    /// <summary>What is wrong with all volumes is told once, of the engine.</summary>
    private void LookAtVolumes(HealthState engine)
    {
        foreach (var volume in volumes.Volumes)
        {
            var now = volume.Health;
            var before = _volumes.GetValueOrDefault(volume.Uuid, HealthState.Online);
            if (now.State == before || (now.State == engine && before == HealthState.Online))
                continue;
            _volumes[volume.Uuid] = now.State;
            events.Add(EventCode.VolumeHealth, SeverityOf(now.State), $"volume {volume.Name}", now.Cause ?? $"The volume {volume.Name} is Online again.");
        }
    }

    private void LookAtComponents()
    {
        foreach (var component in pool.Peek()?.Components ?? [])
        {
            var before = _components.GetValueOrDefault(component.Id, ComponentState.Active);
            if (component.State == before)
                continue;
            _components[component.Id] = component.State;
            events.Add(
                EventCode.PoolComponent,
                component.State is ComponentState.Failed or ComponentState.SetAside ? Severity.Error : Severity.Information,
                $"pool component {component.Path}",
                component.State switch
                {
                    ComponentState.Failed => $"It failed and takes no changes until the next start: {component.Cause} {Lost(component)}",
                    ComponentState.SetAside => $"The pool goes on without it: {component.Cause} Nothing on it is used any more. Add another in its place, then remove it.",
                    ComponentState.Evacuating => "It takes no new data; what it holds moves to the others.",
                    _ => "It takes data again.",
                });
        }
    }

    private string Lost(ComponentView component) => pool.Affected(component) is { Count: > 0 } volumes
        ? $"Only it has data of {string.Join(", ", volumes)}. Evacuate it: what can still be read is saved."
        : "Nothing lies only on it.";

    /// <summary>Told when it begins, when what stands in its way changes, and when it is done.</summary>
    private void LookAtMending()
    {
        if (pool.Peek() is not { } now)
            return;
        var state = now.Mending is { } mending ? mending.Cause ?? "" : null;
        if (state == _mending)
            return;
        _mending = state;
        events.Add(EventCode.PoolMending, state == null ? Severity.Information : state.Length == 0 ? Severity.Warning : Severity.Error, "pool", now.Mending is { } of
            ? of.Cause == null
                ? $"{of.Objects} objects lack a copy or have one that must go; {of.TotalBytes} bytes are gone through."
                : $"{of.Objects} objects were gone through, and some still lack a copy: {of.Cause}"
            : $"Each object is on {now.Copies} components again, or on all that work.");
    }

    private void LookAtCache()
    {
        var failures = volumes.Cache.ListFailures();
        foreach (var (path, failure) in failures.Where(failed => _failedCacheDevices.Add(failed.Path)))
            events.Add(EventCode.CacheDevice, Severity.Warning, $"cache device {path}", $"It is not used, and reads go on without it: {failure} Remove it, and add it again once it works.");
        foreach (var path in _failedCacheDevices.Except(failures.Select(failed => failed.Path)).ToArray())
        {
            _failedCacheDevices.Remove(path);
            events.Add(EventCode.CacheDevice, Severity.Information, $"cache device {path}", "It was taken out of the cache, or is used again.");
        }
    }

    private void LookAtSessions()
    {
        var now = server.Sessions.ToDictionary(session => (session.TargetName, session.Tsih));
        foreach (var (key, session) in now)
        {
            if (!_sessions.TryGetValue(key, out var before) || before.Began != session.Began)
                events.Add(EventCode.SessionBegan, Severity.Information, $"target {session.TargetName}", $"{session.InitiatorName} has logged in from {session.Peer}.");
        }

        foreach (var (key, session) in _sessions)
        {
            if (!now.TryGetValue(key, out var after) || after.Began != session.Began)
                events.Add(EventCode.SessionEnded, Severity.Information, $"target {session.TargetName}", $"The session of {session.InitiatorName} is over.");
        }

        _sessions = now;
    }

    private static Severity SeverityOf(HealthState state) => state switch
    {
        HealthState.Online => Severity.Information,
        HealthState.StoreFailing => Severity.Warning,
        _ => Severity.Error,
    };
}
