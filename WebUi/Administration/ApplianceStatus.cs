using System.Diagnostics.Metrics;
using Lunaria.Iscsi;
using Lunaria.Volumes;
using Lunaria.Volumes.Backend;
using Lunaria.WebUi.Contracts;
using Lunaria.WebUi.Metrics;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Lunaria.WebUi.Administration;

/// <summary>
/// What the appliance is at a glance: the run tells it what is open, any thread asks for the report. Owned by the run.
/// </summary>
public sealed partial class ApplianceStatus(string version, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan WatchInterval = TimeSpan.FromSeconds(1);

    private readonly MeasuredAppliance _measured = new();
    private readonly long _started = time.GetTimestamp();
    private volatile Serving? _serving;

    /// <summary>What can be administered; null until log-ins are answered.</summary>
    public ApplianceServices? Services => _serving?.Services;

    /// <summary>Where all parts of the appliance record what they measure.</summary>
    public Meter Meter => _measured.Meter;

    /// <summary>Log-ins are answered from now on. The parts must stay open as long as reports are asked for.</summary>
    public void Ready(VolumeManager volumes, IObjectStore store, IscsiServer server, ApplianceServices services)
    {
        ApplianceInstruments.Create(Meter, volumes, store, server, services);
        var space = new SpaceWatch(volumes, store, services.Load, services.Watermarks, services.Events);
        _serving = new Serving(volumes, store, server, services, new HealthWatch(volumes, server, services.Pool, space, services.Stored, services.Events, time));
    }

    /// <summary>Makes events of what changes, until <paramref name="stop"/>. A look that fails is logged, and the next one tells.</summary>
    public async Task WatchAsync(ILogger logger, CancellationToken stop)
    {
        var serving = _serving!;
        serving.Services.Events.Add(EventCode.ApplianceStarted, Severity.Information, "appliance", $"Lunaria {version} serves {Plural.Of(serving.Services.Catalog.Count, "target")}.");
        using var timer = new PeriodicTimer(WatchInterval, time);
        while (!stop.IsCancellationRequested)
        {
            try
            {
                serving.Watch.Look();
                serving.Services.Load.Look(serving.Store.Space);
                serving.Services.Backend.Look();
                await timer.WaitForNextTickAsync(stop);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception e) when (e is IOException or SqliteException)
            {
                LogNotWatched(logger, e);
                await timer.WaitForNextTickAsync(CancellationToken.None);
            }
        }
    }

    /// <summary>One look, for tests.</summary>
    internal void Look()
    {
        _serving!.Watch.Look();
        _serving.Services.Load.Look(_serving.Store.Space);
        _serving.Services.Backend.Look();
    }

    /// <summary>A message of the live stream: the report of this moment, and the load of the last second.</summary>
    public LiveView ReportLive() => new(Report(), null, _serving?.Services.Load.Newest);

    /// <summary>The space of the pool over time; <see cref="RefusalKind.NotFound"/> where the store does not tell its space.</summary>
    public CapacityView ReportCapacity() => _serving is { Store.Space: { } space } serving
        ? serving.Services.Load.GetCapacity(space)
        : throw new RefusedException(RefusalKind.NotFound, "The store does not tell how much space it has: a bucket ends where its operator says.");

    /// <summary>What is measured, as text for Prometheus; <see cref="RefusalKind.Unavailable"/> until log-ins are answered.</summary>
    public string WriteMetrics() => _serving != null
        ? PrometheusText.Write(_measured)
        : throw new RefusedException(RefusalKind.Unavailable, "The appliance is starting: ask again when /readyz answers 200.");

    /// <inheritdoc/>
    public void Dispose() => _measured.Dispose();

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
            Pool = serving.Store.Space is { } space ? new SpaceView(space.TotalBytes, space.UsedBytes, space.ReservedBytes, space.FreeBytes) : null,
            Portals = [.. serving.Server.Portals.Select(portal => portal.ToString())],
            Volumes = serving.Volumes.Volumes.Count,
            PromisedBytes = serving.Volumes.Volumes.Sum(volume => volume.SizeBytes),
            Targets = serving.Services.Catalog.Count,
            Sessions = serving.Server.Sessions.Count,
        };
    }

    [LoggerMessage(310, LogLevel.Warning, "Events could not be kept")]
    private static partial void LogNotWatched(ILogger logger, Exception e);

    private sealed record Serving(VolumeManager Volumes, IObjectStore Store, IscsiServer Server, ApplianceServices Services, HealthWatch Watch);
}
