using System.Diagnostics.Metrics;
using System.Net.Sockets;
using Lunaria.Appliance.Settings;
using Lunaria.Appliance.Targets;
using Lunaria.Iscsi;
using Lunaria.Iscsi.Isns;
using Lunaria.Volumes;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Cache;
using Lunaria.Volumes.Catalog;
using Lunaria.Volumes.Io;
using Lunaria.Volumes.Log;
using Lunaria.Volumes.Metadata;
using Lunaria.Volumes.Recovery;
using Lunaria.WebUi;
using Lunaria.WebUi.Administration;
using Lunaria.WebUi.Catalog;
using Lunaria.WebUi.Contracts;
using Lunaria.WebUi.Security;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Lunaria.Appliance.Hosting;

/// <summary>
/// The composition root: everything that makes the appliance, in the order of the start. Each part is closed in the reverse order.
/// </summary>
internal static partial class ApplianceHost
{
    /// <summary>
    /// Serves until <paramref name="stop"/>, then drains and closes. Writes what to type on a host, and the line that begins with "ready", to
    /// <paramref name="output"/>. <see cref="StartException"/> where that cannot be done. With <paramref name="takeOver"/> it takes a shared store from the
    /// appliance that has it.
    /// </summary>
    public static async Task RunAsync(ApplianceSettings settings, StartChoices choices, TextWriter output, TimeProvider time, CancellationToken stop)
    {
        try
        {
            await ServeAsync(settings, choices, output, time, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Told to stop while it waited for a part that was not there.
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException or ObjectStoreException or SqliteException or SocketException)
        {
            throw new StartException(e.Message, e);
        }
    }

    private static async Task ServeAsync(ApplianceSettings settings, StartChoices choices, TextWriter output, TimeProvider time, CancellationToken stop)
    {
        using var data = DataDirectory.Acquire(settings);
        using var log = new ApplianceLog(settings.Logging);
        var logger = log.Factory.CreateLogger("Lunaria.Appliance");
        LogStart(logger, ProductVersion.Text, data.FullPath);

        var webhookOptions = Webhook.Read(settings.Webhook);
        using var status = new ApplianceStatus(ProductVersion.Text, time);
        await using var pages = WebPages.Begin(settings.Web, data.FullPath, status, time, log.Factory);

        await using var backend = await BackendStore.OpenAsync(settings, choices.Without, data.IsNew, status.Meter, time, log.Factory, stop);
        using var logDisk = new FileSystemDisk(
            settings.Log.Directory, status.Meter.CreateHistogram<double>("lunaria_log_flush_duration_seconds", "s", "Time of flushes of the write log and the journal."));
        await new CatalogRecovery(logDisk, data.FullPath, backend.Store, time, log.Factory.CreateLogger<CatalogRecovery>()).RunAsync(stop);
        using (var metadata = MetadataDatabase.Open(Path.Combine(data.FullPath, "lunaria.db"), time))
            await backend.ClaimAsync(metadata, data.FullPath, choices.TakeOver, time, log.Factory, stop);
        await using var server = new IscsiServer(ServerOptions(settings.Iscsi, backend.Ownership), log.Factory.CreateLogger<IscsiServer>(), time);

        // Before the volumes: a host that comes meanwhile is told to try again, and is not refused as by a machine that serves nothing.
        await Portals.ListenAsync(server, settings.Iscsi.Portals);
        await using var volumes = await VolumeManager.OpenAsync(logDisk, data.FullPath, backend.Store, EngineOptions(settings, status.Meter), time, log.Factory, backend.Ownership);

        using var catalog = CatalogDatabase.Open(data.FullPath);

        // The volumes stay until no command uses them any more.
        await using var serving = server;
        var file = new SettingsFile(settings, async changed =>
        {
            await Portals.ChangeAsync(server, changed.Iscsi.Portals);
            log.SetLevel(changed.Logging.Level);
            server.ChangeTimes(changed.Iscsi.LoginTimeout.Value, changed.Iscsi.PingInterval.Value, changed.Iscsi.PingTimeout.Value, changed.Iscsi.DrainTimeout.Value);
        });
        await using var services = new ApplianceServices(
            volumes,
            server,
            catalog,
            SecretBox.Open(data.FullPath),
            TokenFile.Open(data.FullPath),
            (volume, unit) => new VolumeBlockDevice(volumes, volume, backend.Store, unit.BlockBytes, unit.ReadOnly),
            new SettingsAccess(file.List, file.SetAsync, settings.Logging.File),
            backend.Pool,
            backend.Encryption,
            time);
        await new BootstrapTargets(services, log.Factory.CreateLogger<BootstrapTargets>()).CreateAsync(settings.BootstrapTargets);
        server.AdmitLogins();
        await using var isns = settings.Iscsi.Isns is { } nameServer
            ? new IsnsClient(server, new IsnsOptions { Server = nameServer, EntityId = $"lunaria.{volumes.Metadata.PoolId:D}" }, log.Factory.CreateLogger<IsnsClient>(), time)
            : null;
        status.Ready(volumes, backend.Store, server, services);
        // What only those components had is lost: an event names the volumes.
        if (choices.Without.Count > 0)
            services.Integrity.Audit(new Actor("run --without", Scopes.All, "start"), new StartAudit());
        var url = await pages.GetUrlAsync();

        var targets = services.Targets.List();
        foreach (var line in ConnectionHints.Commands(server.Portals, targets))
            await output.WriteLineAsync(line);
        foreach (var line in ConnectionHints.Page(url, services.FirstRun.Code))
            await output.WriteLineAsync(line);
        await output.WriteLineAsync(ConnectionHints.ReadyLine(server.Portals, targets, url));
        await output.FlushAsync(CancellationToken.None);
        ServiceManager.TellReady($"Serves {Plural.Of(targets.Count, "target")}");

        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var schedules = services.ScheduleRunner.RunAsync(ending.Token);
        using var export = MetricsExport.Begin(settings.OtlpCollector, status.Meter.Name);
        var webhook = Webhook.RunAsync(webhookOptions, services.Events, log.Factory, time, ending.Token);
        var memory = IdleMemory.RunAsync(() => services.Load.Newest is { ReadsPerSecond: 0, WritesPerSecond: 0 }, time, ending.Token);
        var watch = status.WatchAsync(logger, ending.Token);
        await Task.WhenAny(backend.Ownership == null ? [watch] : [watch, backend.Ownership.Lost]);
        await ending.CancelAsync();
        await watch;
        await schedules;
        await webhook;
        await memory;
        ServiceManager.TellStopping();
        LogStop(logger, Plural.Of(server.Sessions.Count, "session"));
        await pages.DisposeAsync(); // First: a report reads the parts that close now.
        if (!stop.IsCancellationRequested)
            throw new StartException(await backend.Ownership!.Lost);
    }

    private const long LocalVerificationBytesPerSecond = 4 << 20;

    private static VolumesOptions EngineOptions(ApplianceSettings settings, Meter meter) => new()
    {
        Log = new WriteLogOptions { SizeBytes = settings.Log.Size.Bytes, DiscardDamagedTail = settings.Log.DiscardDamagedTail },
        MapMemoryBytes = settings.MapMemory.Bytes,
        SpaceWait = settings.SpaceWait.Value,
        // Reading a bucket costs money: there it begins when somebody says so.
        VerificationBytesPerSecond = settings.S3 is null ? LocalVerificationBytesPerSecond : 0,
        CollectionDurations = meter.CreateHistogram<double>("lunaria_collection_round_duration_seconds", "s", "Time of rounds of garbage collection, from their first copy to their checkpoint."),
        Cache = new ReadCacheOptions
        {
            ReadDurations = meter.CreateHistogram<double>("lunaria_cache_read_duration_seconds", "s", "Time of reads of the flash cache that waited for its device."),
            Devices = [.. settings.Cache.Devices.Select(device => new CacheDeviceOptions(device.Path, device.Size.Bytes))],
            MemoryBytes = settings.Cache.Memory.Bytes,
        },
    };

    private static IscsiServerOptions ServerOptions(IscsiSettings settings, StoreOwnership? ownership) => new()
    {
        Portals = settings.Portals,
        HoldsLogins = true,
        MaxConnections = settings.MaxConnections,
        LoginTimeout = settings.LoginTimeout.Value,
        PingInterval = settings.PingInterval.Value,
        PingTimeout = settings.PingTimeout.Value,
        DrainTimeout = settings.DrainTimeout.Value,
        BufferPoolBytes = settings.BufferMemory.Bytes,
        MayAnswer = ownership == null ? null : () => ownership.IsHeld,
    };

    [LoggerMessage(1, LogLevel.Information, "Lunaria {Version} starts on {Directory}")]
    private static partial void LogStart(ILogger logger, string version, string directory);

    [LoggerMessage(2, LogLevel.Information, "Lunaria stops; {Sessions} are asked to log out")]
    private static partial void LogStop(ILogger logger, string sessions);
}
