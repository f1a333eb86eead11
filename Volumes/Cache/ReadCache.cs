using Lunaria.Volumes.Diagnostics;
using Lunaria.Volumes.Metadata;
using Lunaria.Volumes.Segments;
using Microsoft.Extensions.Logging;
using Nito.AsyncEx;

namespace Lunaria.Volumes.Cache;

/// <summary>
/// The read cache of an engine: windows of segments on flash devices, which may lose what they hold and never change it. Owned by the volume manager; thread-safe. Without a device
/// it costs nothing.
/// </summary>
public sealed class ReadCache : IAsyncDisposable
{
    /// <summary>Smallest device, in bytes.</summary>
    public const long MinDeviceBytes = CacheLabel.MinDeviceBytes;

    private const int MaxWaitingWindows = 512, MaxDevices = 16, IndexBytesPerSlot = 44;
    private readonly ReadCacheOptions _options;
    private readonly string _directory;
    private readonly Guid _poolId;
    private readonly SegmentTable _segments;
    private readonly CacheSettings _settings;
    private readonly CacheFailures _failures;
    private readonly ILogger _logger;
    private readonly AsyncLock _changing = new();
    private readonly List<CacheDevice> _opened = [];
    private readonly List<CacheDeviceStatus> _unusable = [];
    private readonly CancellationTokenSource _stop = new();
    private CacheWarmer? _warmer;
    private volatile Task _loading = Task.CompletedTask, _warming = Task.CompletedTask;

    internal ReadCache(ReadCacheOptions options, string directory, Guid poolId, SegmentTable segments, MetadataDatabase metadata, ILogger logger)
    {
        (_options, _directory, _poolId, _segments, _logger) = (options, directory, poolId, segments, logger);
        _settings = new(metadata);
        Memory = new(options.MemoryBytes);
        _failures = new(Slots, logger);
        Reader = new(Slots, _failures, options.ReadDurations);
        Admission = new(Slots, _failures, poolId);
        int waiting = (int)Math.Clamp(options.MemoryBytes / CacheWindow.Bytes / 2, 1, MaxWaitingWindows);
        Queue = new(Admission, waiting);
        Staging = new(Slots, Admission);
    }

    internal CacheSlots Slots { get; } = new();

    internal SlotReader Reader { get; }

    internal CacheAdmission Admission { get; }

    internal AdmissionQueue Queue { get; }

    internal StagedSegments Staging { get; }

    internal WindowMemory Memory { get; }

    /// <summary>True where there is a device to keep something on.</summary>
    public bool HasDevices => Slots.Any;

    /// <summary>Ends when what earlier lives left on the devices has been looked through.</summary>
    public Task Loading => _loading;

    /// <summary>Ends when what was in use on devices that left has been read again for the one that was added last.</summary>
    public Task Warming => _warming;

    /// <summary>
    /// Opens all devices; one that cannot be used is said in the log and the status, and the cache does without it. <paramref name="store"/> reads what new ones are warmed up with.
    /// </summary>
    internal async ValueTask OpenDevicesAsync(SegmentStore store)
    {
        _warmer = new(Slots, Queue, store);
        IEnumerable<CacheDeviceOptions> devices = _options.Devices.Concat(_settings.ReadDevices()).DistinctBy(device => FullPath(device.Path)).Take(MaxDevices);
        foreach (CacheDeviceOptions wanted in devices)
            try
            {
                CheckSize(wanted.SizeBytes);
                await OpenAsync(wanted with { Path = FullPath(wanted.Path) });
            }
            catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException or ArgumentException)
            {
                VolumesLog.CacheDeviceUnusable(_logger, wanted.Path, e);
                lock (_opened)
                    _unusable.Add(new(wanted.Path, wanted.SizeBytes, 0, e.Message));
            }
    }

    /// <summary>
    /// Adds a device, also for later starts; what was in use on devices that left or failed in this life is read again for it, beside what hosts read. InvalidOperationException where it is there already or there are too many, ArgumentException for a size below
    /// <see cref="MinDeviceBytes"/>, IOException or InvalidDataException where it cannot be used.
    /// </summary>
    public ValueTask AddDeviceAsync(string path, long sizeBytes) => ChangeAsync(async () =>
    {
        string full = FullPath(path);
        CheckSize(sizeBytes);
        if (Slots.Devices.Any(device => device.Path == full))
            throw new InvalidOperationException($"{full} is a cache device already. Remove it first to give it another size.");
        if (Slots.Devices.Count >= MaxDevices)
            throw new InvalidOperationException($"There are {MaxDevices} cache devices already, which is the most. Remove one first.");
        await OpenAsync(new(full, sizeBytes));
        _settings.WriteDevices([.. _settings.ReadDevices().Where(device => device.Path != full), new(full, sizeBytes)]);
        lock (_opened)
            _unusable.RemoveAll(device => device.Path == full);
        _warming = WarmAsync(_warming);
    });

    /// <summary>
    /// Takes a device out, also one that failed; what it holds is forgotten and reads go on. A device that the options name is there again at the next start.
    /// InvalidOperationException where there is none of that path.
    /// </summary>
    public ValueTask RemoveDeviceAsync(string path) => ChangeAsync(async () =>
    {
        string full = FullPath(path);
        CacheDevice? device;
        lock (_opened)
        {
            device = _opened.Find(device => device.Path == full);
            if (device is null && _unusable.RemoveAll(unusable => unusable.Path == full) == 0)
                throw new InvalidOperationException($"{full} is no cache device. `cache status` lists them.");
        }
        _settings.WriteDevices(_settings.ReadDevices().Where(other => other.Path != full));
        if (device is null)
            return;
        await _loading;
        Slots.Remove(device);
        lock (_opened)
            _opened.Remove(device);
        try
        {
            device.Clear();
        }
        catch (IOException e)
        {
            VolumesLog.CacheDeviceUnusable(_logger, full, e);
        }
        finally
        {
            device.Dispose();
        }
    });

    /// <summary>What was said about a volume's part.</summary>
    public CachePolicy PolicyOf(Volume volume) => Slots.Client(volume.Uuid).Policy;

    /// <summary>Says what a volume's part of the cache is, durably and at once. ArgumentException where the values do not fit together.</summary>
    public ValueTask SetPolicyAsync(Volume volume, CachePolicy policy) => ChangeAsync(() =>
    {
        if (policy.LimitBytes < 0 || policy.ReserveBytes < 0 || (policy.LimitBytes > 0 && policy.ReserveBytes > policy.LimitBytes))
            throw new ArgumentException($"Volume '{volume.Name}' cannot have {policy.ReserveBytes} bytes of the cache reserved with a limit of {policy.LimitBytes}.", nameof(policy));
        long others = Slots.Clients.Where(client => client.Volume != volume.Uuid).Sum(client => client.Policy.ReserveBytes);
        long capacity = (long)Slots.LiveSlots * CacheWindow.Bytes;
        if (policy.ReserveBytes > 0 && others + policy.ReserveBytes > capacity / 10 * 9)
            throw new ArgumentException(
                $"{policy.ReserveBytes} bytes cannot be reserved for volume '{volume.Name}': of {capacity} bytes {others} are reserved for others, and a tenth stays for all.", nameof(policy));
        _settings.WritePolicy(volume.Uuid, policy);
        Slots.SetPolicy(Slots.Client(volume.Uuid), policy);
        return ValueTask.CompletedTask;
    });

    /// <summary>Devices that failed, or could not be opened, and why.</summary>
    public IReadOnlyList<(string Path, string Failure)> ListFailures()
    {
        lock (_opened)
            return [.. _opened.Where(device => device.Failure is not null).Select(device => (device.Path, device.Failure!)), .. _unusable.Select(device => (device.Path, device.Failure!))];
    }

    /// <summary>The cache now.</summary>
    public ReadCacheStatus GetStatus()
    {
        List<VolumeCacheStatus> volumes = [.. Slots.Clients.Select(Slots.GetStatus)];
        (long used, long references, long content, long dropped, long memory) = Slots.GetTotals();
        List<CacheDeviceStatus> devices;
        lock (_opened)
            devices = [.. _opened.Select(device => new CacheDeviceStatus(device.Path, device.SizeBytes, Slots.UsedBytes(device), device.Failure)), .. _unusable];
        return new(
            devices,
            volumes,
            _loading.IsCompleted,
            (long)Slots.LiveSlots * CacheWindow.Bytes,
            used * CacheWindow.Bytes,
            used + references,
            content,
            volumes.Sum(volume => volume.HitBytes),
            volumes.Sum(volume => volume.MissBytes),
            volumes.Sum(volume => volume.Evictions),
            dropped,
            Queue.Skipped,
            memory,
            Memory.UsedBytes);
    }

    /// <summary>Who reads the volume, for the cache; its policy is the one it had.</summary>
    internal CacheClient ClientOf(Guid volume)
    {
        CacheClient client = Slots.Client(volume);
        CachePolicy policy = _settings.ReadPolicy(volume);
        if (client.Policy != policy)
            Slots.SetPolicy(client, policy);
        return client;
    }

    /// <summary>The volume is deleted.</summary>
    internal void Forget(Guid volume)
    {
        Slots.RemoveClient(volume);
        _settings.WritePolicy(volume, null);
    }

    /// <summary>True where the devices have unused room, and room for all that is stored of the line that a segment is of.</summary>
    internal bool HasRoomForAllOf(SegmentId segment) =>
        Slots.HasUnused && _segments.TryGet(segment, out SegmentRow row) && _segments.VolumeStoredBytes(row.Volume) <= (long)Slots.LiveSlots * CacheWindow.Bytes;

    /// <summary>The segment is deleted.</summary>
    internal void Forget(SegmentId segment, int blockCount)
    {
        Slots.Forget(segment, blockCount);
        for (int window = 0; window << CacheWindow.BlocksShift < blockCount; window++)
            Memory.Forget(CacheWindow.Key(segment, window));
    }

    /// <summary>
    /// Empties and overwrites all devices, since blocks lie on them as hosts wrote them, also in places that were given up; what was in use is read again. Nothing of
    /// <paramref name="line"/>, all of whose segments are deleted, is taken in again. Complete = durable. IOException where a device cannot be overwritten: then it is out of use.
    /// </summary>
    internal ValueTask EraseAsync(Guid line) => ChangeAsync(async () =>
    {
        await _loading;
        foreach (CacheDevice device in _opened.ToList())
        {
            Slots.Remove(device);
            Admission.Exclude(line);
            lock (_opened)
                _opened.Remove(device);
            try
            {
                await device.EraseAsync();
                device.Dispose();
                await OpenAsync(new(device.Path, device.SizeBytes));
            }
            catch (Exception e) when (e is IOException or InvalidDataException)
            {
                device.Dispose();
                VolumesLog.CacheDeviceUnusable(_logger, device.Path, e);
                lock (_opened)
                    _unusable.Add(new(device.Path, device.SizeBytes, 0, e.Message));
                throw new IOException($"Cache device {device.Path} cannot be erased: {e.Message} Take it out and wipe it.", e);
            }
        }
        Admission.Exclude(line);
        _warming = WarmAsync(_warming);
    });

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        using IDisposable held = await _changing.LockAsync();
        _stop.Cancel();
        await _loading;
        await _warming;
        await Queue.DisposeAsync();
        foreach (CacheDevice device in _opened)
            device.Dispose();
        _stop.Dispose();
    }

    /// <summary>A path as it is; one that is not absolute starts at the engine's directory and stays below it.</summary>
    private string FullPath(string path) =>
        path.Length == 0 || path.Contains('\0', StringComparison.Ordinal) || (!Path.IsPathFullyQualified(path) && path.Split('/', '\\').Contains(".."))
            ? throw new ArgumentException($"'{path}' is no path of a cache device: write an absolute one, or one below the data directory.", nameof(path))
            : Path.GetFullPath(path, _directory);

    private static void CheckSize(long sizeBytes)
    {
        if (sizeBytes < MinDeviceBytes)
            throw new ArgumentException($"A cache device has at least {MinDeviceBytes} bytes, not {sizeBytes}.", nameof(sizeBytes));
        long memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, index = sizeBytes / CacheWindow.Bytes * IndexBytesPerSlot;
        if (index > memory / 4)
            throw new ArgumentException(
                $"A cache device of {sizeBytes} bytes needs {index} bytes of memory for its index, more than a quarter of this machine's {memory}. Take a smaller one.", nameof(sizeBytes));
    }

    private async ValueTask OpenAsync(CacheDeviceOptions wanted)
    {
        CacheDevice device = await CacheDevice.OpenAsync(wanted.Path, wanted.SizeBytes, _poolId, _options.OpenDisk);
        Slots.Add(device);
        lock (_opened)
            _opened.Add(device);
        Task before = _loading;
        _loading = LoadAsync(before, device);
    }

    private async Task LoadAsync(Task before, CacheDevice device)
    {
        await before;
        try
        {
            CacheLoader loader = new(Slots, _segments, device);
            await loader.LoadAsync();
            Admission.ContinueAfter(loader.LastAdmission);
        }
        catch (IOException e)
        {
            _failures.Fail(device, e);
        }
    }

    private async Task WarmAsync(Task before)
    {
        await before;
        await _loading;
        await _warmer!.WarmAsync(_stop.Token);
    }

    private async ValueTask ChangeAsync(Func<ValueTask> change)
    {
        using (await _changing.LockAsync())
        {
            await change();
        }
    }
}
