using Lunaria.Appliance.Targets;
using Lunaria.Iscsi;
using Lunaria.Volumes;
using Lunaria.Volumes.Backend;
using Lunaria.WebUi.Status;

namespace Lunaria.Appliance.Hosting;

/// <summary>What the status pages show: the run tells it what is open, any thread asks for the report.</summary>
internal sealed class ApplianceStatus(TimeProvider time)
{
    private readonly long _started = time.GetTimestamp();
    private volatile Serving? _serving;

    /// <summary>Log-ins are answered from now on. The parts must stay open as long as reports are asked for.</summary>
    public void Ready(VolumeManager volumes, IObjectStore store, IscsiServer server, IReadOnlyList<TargetRecord> targets) =>
        _serving = new Serving(volumes, store, server, targets);

    /// <summary>The report of this moment.</summary>
    public StatusReport Report()
    {
        var report = new StatusReport
        {
            Version = ProductVersion.Text,
            State = "starting",
            UptimeSeconds = (long)time.GetElapsedTime(_started).TotalSeconds,
        };
        return _serving is { } serving ? Fill(report, serving) : report;
    }

    private static StatusReport Fill(StatusReport report, Serving serving)
    {
        var engine = serving.Volumes.GetStatistics();
        return report with
        {
            State = "ready",
            Engine = new EngineReport(
                engine.Health.State.ToString(),
                engine.Health.Cause,
                engine.MappedBytes,
                engine.StoredBytes,
                engine.LogUsedBytes,
                engine.LogCapacityBytes,
                engine.DestageBytesPerSecond),
            Pool = serving.Store.Space is { } space ? new PoolReport(space.TotalBytes, space.FreeBytes) : null,
            Volumes = [.. serving.Volumes.Volumes.Select(Describe)],
            Portals = [.. serving.Server.Portals.Select(portal => portal.ToString())],
            Targets = [.. serving.Targets.Select(Describe)],
            Sessions = serving.Server.Sessions.Count,
        };
    }

    private static VolumeReport Describe(Volume volume)
    {
        var space = volume.GetStatistics();
        var health = volume.Health;
        return new VolumeReport(volume.Name, volume.Uuid, volume.SizeBytes, space.MappedBytes, space.InLogBytes, health.State.ToString(), health.Cause);
    }

    private static TargetReport Describe(TargetRecord target) =>
        new(target.Iqn, target.Chap != null, [.. target.Luns.Select(lun => new LunReport(lun.Lun, lun.Volume))]);

    private sealed record Serving(VolumeManager Volumes, IObjectStore Store, IscsiServer Server, IReadOnlyList<TargetRecord> Targets);
}
