using Lunaria.Iscsi;
using Lunaria.Volumes;
using Lunaria.Volumes.Backend;
using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Administration;

/// <summary>
/// What the appliance is at a glance: the run tells it what is open, any thread asks for the report. Owned by the run.
/// </summary>
public sealed class ApplianceStatus(string version, TimeProvider time)
{
    private readonly long _started = time.GetTimestamp();
    private volatile Serving? _serving;

    /// <summary>What can be administered; null until log-ins are answered.</summary>
    public ApplianceServices? Services => _serving?.Services;

    /// <summary>Log-ins are answered from now on. The parts must stay open as long as reports are asked for.</summary>
    public void Ready(VolumeManager volumes, IObjectStore store, IscsiServer server, ApplianceServices services) =>
        _serving = new Serving(volumes, store, server, services);

    /// <summary>The report of this moment.</summary>
    public StatusView Report()
    {
        var report = new StatusView { Version = version, State = "starting", UptimeSeconds = (long)time.GetElapsedTime(_started).TotalSeconds };
        return _serving is { } serving ? Fill(report, serving) : report;
    }

    private static StatusView Fill(StatusView report, Serving serving)
    {
        var engine = serving.Volumes.GetStatistics();
        return report with
        {
            State = "ready",
            Engine = new EngineView(
                engine.Health.State.ToString(),
                engine.Health.Cause,
                engine.MappedBytes,
                engine.StoredBytes,
                engine.LogUsedBytes,
                engine.LogCapacityBytes,
                engine.DestageBytesPerSecond),
            Pool = serving.Store.Space is { } space ? new SpaceView(space.TotalBytes, space.FreeBytes) : null,
            Portals = [.. serving.Server.Portals.Select(portal => portal.ToString())],
            Volumes = serving.Volumes.Volumes.Count,
            PromisedBytes = serving.Volumes.Volumes.Sum(volume => volume.SizeBytes),
            Targets = serving.Services.Catalog.Count,
            Sessions = serving.Server.Sessions.Count,
        };
    }

    private sealed record Serving(VolumeManager Volumes, IObjectStore Store, IscsiServer Server, ApplianceServices Services);
}
