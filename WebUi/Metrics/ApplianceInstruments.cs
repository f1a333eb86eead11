using System.Diagnostics.Metrics;
using Lunaria.Iscsi;
using Lunaria.Volumes;
using Lunaria.Volumes.Backend;
using Lunaria.WebUi.Administration;
using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Metrics;

/// <summary>
/// The instruments of the appliance that are observed, so that what is measured costs nothing until somebody asks. Stateless.
/// </summary>
internal static class ApplianceInstruments
{
    private static readonly ushort[] AlwaysCounted = [0x0201, 0x0202];

    /// <summary>Makes them over the parts, which must stay open as long as the meter is read.</summary>
    public static void Create(Meter meter, VolumeManager volumes, IObjectStore store, IscsiServer server, ApplianceServices services)
    {
        Engine(meter, volumes);
        meter.CreateObservableGauge("lunaria_pool_size_bytes", () => store.Space?.TotalBytes ?? 0, "By", "Space of the pool.");
        meter.CreateObservableGauge("lunaria_pool_used_bytes", () => store.Space?.UsedBytes ?? 0, "By", "Space of the pool that data has.");
        meter.CreateObservableGauge("lunaria_pool_reserved_bytes", () => store.Space?.ReservedBytes ?? 0, "By", "Space of the pool that is kept so that metadata and deletes work when it is full.");
        meter.CreateObservableGauge("lunaria_pool_free_bytes", () => store.Space?.FreeBytes ?? 0, "By", "Space of the pool that new data can use.");
        meter.CreateObservableGauge("lunaria_pool_component_size_bytes", () => Components(services, component => component.TotalBytes), "By", "Space of a component of the pool.");
        meter.CreateObservableGauge("lunaria_pool_component_used_bytes", () => Components(services, component => component.UsedBytes), "By", "What a component holds.");
        meter.CreateObservableGauge("lunaria_pool_component_failed", () => Components(services, component => component.State is ComponentState.Failed or ComponentState.SetAside ? 1 : 0), null, "1 where a component has failed.");
        meter.CreateObservableCounter("lunaria_store_put_bytes_total", () => services.Encryption.Show().PutBytes, "By", "Bytes of objects stored through encryption or compression.");
        meter.CreateObservableCounter("lunaria_store_put_stored_bytes_total", () => services.Encryption.Show().StoredBytes, "By", "What those take in the store.");
        meter.CreateObservableGauge("lunaria_pool_mending_bytes", () => services.Pool.Peek()?.Mending is { } mending ? mending.TotalBytes - mending.DoneBytes : 0, "By", "Bytes of objects that lack a copy and were not gone through yet.");
        meter.CreateObservableCounter("lunaria_pool_repaired_copies_total", () => services.Pool.Peek()?.RepairedCopies ?? 0, null, "Damaged copies of objects that were replaced.");
        meter.CreateObservableGauge("lunaria_targets", () => services.Catalog.Count, null, "Targets.");
        meter.CreateObservableGauge("lunaria_sessions", () => Sessions(server, services), null, "Sessions of hosts by target.");
        meter.CreateObservableCounter(
            "lunaria_logins_refused_total",
            () => RefusedLogins(server),
            null,
            "Log-ins of hosts that were refused, by status class and detail (RFC 7143 11.13.5).");
        Volumes(meter, volumes);
        CacheInstruments.AddTo(meter, volumes);
        CatalogInstruments.AddTo(meter, volumes);
        UnitInstruments.Create(meter, volumes, services);
        meter.CreateObservableCounter("lunaria_gc_collections_total", Collections, null, "Garbage collections by generation.");
        meter.CreateObservableGauge("lunaria_gc_heap_bytes", () => GC.GetTotalMemory(false), "By", "Managed memory in use.");
        meter.CreateObservableGauge("lunaria_process_resident_bytes", () => Environment.WorkingSet, "By", "Resident memory of the process.");
        meter.CreateObservableCounter("lunaria_process_cpu_seconds_total", () => Environment.CpuUsage.TotalTime.TotalSeconds, "s", "Processor time of the process.");
    }

    private static void Engine(Meter meter, VolumeManager volumes)
    {
        meter.CreateObservableGauge(
            "lunaria_engine_health",
            () => Enum.GetValues<HealthState>().Select(state => new Measurement<int>(volumes.GetStatistics().Health.State == state ? 1 : 0, Tag("state", state.ToString()))),
            null,
            "1 for the state that the engine is in.");
        meter.CreateObservableGauge("lunaria_log_used_bytes", () => volumes.GetStatistics().LogUsedBytes, "By", "Write log not destaged yet.");
        meter.CreateObservableGauge("lunaria_log_size_bytes", () => volumes.GetStatistics().LogCapacityBytes, "By", "Size of the write log.");
        meter.CreateObservableGauge("lunaria_destage_bytes_per_second", () => volumes.GetStatistics().DestageBytesPerSecond, "By/s", "Log space freed a second while destaging.");
        meter.CreateObservableGauge("lunaria_mapped_bytes", () => volumes.GetStatistics().MappedBytes, "By", "Data of all volumes in the pool.");
        meter.CreateObservableCounter("lunaria_garbage_copied_bytes_total", () => volumes.CollectedBytes, "By", "Bytes that garbage collection has copied.");
        meter.CreateObservableGauge("lunaria_garbage_paused", () => volumes.IsCollectionPaused ? 1 : 0, null, "1 while garbage collection is paused.");
        meter.CreateObservableCounter("lunaria_verified_bytes_total", () => volumes.Checks.GetVerification().ReadBytes, "By", "Bytes that background verification has read.");
        meter.CreateObservableGauge("lunaria_damaged_objects", () => volumes.Checks.GetVerification().Damages.Count, null, "Objects that background verification has found damaged.");
        meter.CreateObservableGauge("lunaria_stored_bytes", () => volumes.GetStatistics().StoredBytes, "By", "Segments in the pool, garbage included.");
    }

    private static void Volumes(Meter meter, VolumeManager volumes)
    {
        meter.CreateObservableGauge("lunaria_volume_size_bytes", () => Each(volumes, volume => volume.SizeBytes), "By", "What a volume promises.");
        meter.CreateObservableGauge("lunaria_volume_mapped_bytes", () => Each(volumes, volume => volume.GetStatistics().MappedBytes), "By", "Data of a volume in the pool.");
        meter.CreateObservableGauge("lunaria_volume_online", () => Each(volumes, volume => volume.Health.State == HealthState.Online ? 1 : 0), null, "1 where a volume works.");
    }

    private static IEnumerable<Measurement<long>> Components(ApplianceServices services, Func<ComponentView, long> value) =>
        (services.Pool.Peek()?.Components ?? []).Select(component => new Measurement<long>(value(component), Tag("component", component.Path)));

    private static IEnumerable<Measurement<long>> Each(VolumeManager volumes, Func<Volume, long> value) =>
        volumes.Volumes.Select(volume => new Measurement<long>(value(volume), Tag("volume", volume.Name)));

    /// <summary>Also where none was refused for who it is, so that an alert sees the first.</summary>
    private static IEnumerable<Measurement<long>> RefusedLogins(IscsiServer server)
    {
        var counts = server.RefusedLogins;
        return counts.Keys.Union(AlwaysCounted).Select(status => new Measurement<long>(counts.GetValueOrDefault(status), Tag("status", $"{status:x4}")));
    }

    private static IEnumerable<Measurement<int>> Sessions(IscsiServer server, ApplianceServices services)
    {
        var counts = server.Sessions.CountBy(session => session.TargetName).ToDictionary();
        return services.Catalog.All.Select(target => new Measurement<int>(counts.GetValueOrDefault(target.Iqn), Tag("target", target.Iqn)));
    }

    private static IEnumerable<Measurement<int>> Collections() =>
        Enumerable.Range(0, GC.MaxGeneration + 1).Select(generation => new Measurement<int>(GC.CollectionCount(generation), Tag("generation", $"{generation}")));

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);
}
