using Lunaria.Appliance.Settings;
using Lunaria.Backends.Pool;
using Lunaria.Backends.Sealing;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Io;
using Lunaria.WebUi.Administration;
using Lunaria.WebUi.Contracts;
using Microsoft.Extensions.Logging;

namespace Lunaria.Appliance.Hosting;

/// <summary>
/// The places of the pool's components, and the pool on them. What belongs to the pool its labels say; appliance.json and the last list of paths in the data
/// directory say where to look. Owned by <see cref="BackendStore"/>.
/// </summary>
internal sealed class PoolFiles : IAsyncDisposable
{
    private readonly PoolPlaces _places;
    private readonly PoolPaths _paths;

    private PoolFiles(PoolPlaces places, PoolPaths paths, LocalPool pool) => (_places, _paths, Pool) = (places, paths, pool);

    /// <summary>The pool.</summary>
    public LocalPool Pool { get; }

    /// <summary>What the administration can do with it.</summary>
    public PoolAccess Access => new(
        Show,
        component => ChangeAsync(() => Pool.AddAsync(_places.ForNew(component.Path, component.SizeBytes ?? 0), CancellationToken.None)),
        (id, progress, stop) => Pool.EvacuateAsync(id.ToString(), progress, stop).AsTask(),
        id => ChangeAsync(() => Pool.RemoveAsync(id.ToString(), CancellationToken.None)),
        copies => ChangeAsync(() => Pool.SetCopiesAsync(copies, CancellationToken.None)),
        Pool.GetKeysOnlyOn,
        (low, full) => Pool.SetWatermarks(new WatermarkOptions
        {
            LowFreePercent = low.Percent ?? 0,
            LowFreeBytes = low.Bytes ?? 0,
            FullFreePercent = full.Percent ?? 0,
            FullFreeBytes = full.Bytes ?? 0,
        }));

    /// <summary>
    /// Opens the pool; makes it only where <paramref name="isFirstStart"/> (metadata that names objects must never meet a new, empty pool). It goes on
    /// <paramref name="without"/> the components of these paths or ids.
    /// </summary>
    public static async Task<PoolFiles> OpenAsync(
        ApplianceSettings settings, IReadOnlyList<string> without, bool isFirstStart, TimeProvider time, ILoggerFactory loggers)
    {
        var places = new PoolPlaces(settings.DataDirectory);
        try
        {
            var paths = new PoolPaths(settings.DataDirectory);
            var pool = await LocalPool.OpenAsync(
                new LocalPoolOptions
                {
                    Components = [.. settings.PoolComponents.Select(component => isFirstStart ? places.ForNew(component.Path, component.Size.Bytes) : places.At(component.Path, component.Size.Bytes))],
                    LastPaths = paths.Read(),
                    Locate = places.Find,
                    MayCreate = isFirstStart,
                    Without = [.. without.Select(name => Guid.TryParse(name, out _) ? name : Path.GetFullPath(name, settings.DataDirectory))],
                    SecretTwins = SealedStore.KeyRingNames,
                    Time = time,
                },
                loggers.CreateLogger<LocalPool>());
            paths.Write(pool.ComponentPaths);
            return new PoolFiles(places, paths, pool);
        }
        catch
        {
            places.Dispose();
            throw;
        }
    }

    /// <summary>Closes the pool, then the places.</summary>
    public async ValueTask DisposeAsync()
    {
        await Pool.DisposeAsync();
        _places.Dispose();
    }

    private async Task ChangeAsync(Func<ValueTask> change)
    {
        try
        {
            await change();
            _paths.Write(Pool.ComponentPaths);
        }
        catch (IOException e)
        {
            throw new ObjectStoreException(ObjectStoreError.Fatal, e.Message, e);
        }
    }

    private PoolView Show()
    {
        var status = Pool.GetStatus();
        return new PoolView(
            status.Name, status.Id, (long)status.Membership, status.ChunkBytes, (PoolSpaceState)(int)status.Watermark,
            status.Space.TotalBytes, status.Space.UsedBytes, status.Space.ReservedBytes, status.Space.FreeBytes, 0, 0, null, status.Copies, Mending(status), status.RepairedCopies, status.DamagedObjects,
            [.. status.Components.Select(component => new ComponentView(
                component.Path, component.Id, component.IsDevice, (ComponentState)(int)component.State, component.TotalBytes, component.UsedBytes, component.FailureCause)
            {
                StableName = component.IsDevice ? DeviceNames.FindStable(component.Path) : null,
            })],
            [.. status.Findings.Select(finding => finding.Message)]);
    }

    private static MendingView? Mending(PoolStatus status) =>
        status.Mending is { } now ? new MendingView(now.Objects, now.TotalBytes, now.DoneBytes, now.Cause) : null;
}
