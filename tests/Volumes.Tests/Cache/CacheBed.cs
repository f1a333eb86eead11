using System.Diagnostics.Metrics;
using Lunaria.Volumes.Cache;
using Lunaria.Volumes.Io;
using Lunaria.Volumes.Tests.Engine;

namespace Lunaria.Volumes.Tests.Cache;

/// <summary>An engine on a slow store with cache devices in a temporary directory, where every read of the store can be counted.</summary>
internal sealed class CacheBed : IAsyncDisposable
{
    public const int Block = 4096;
    private readonly TemporaryDirectory _directory = new();
    private int _gets;

    private CacheBed()
    {
    }

    public EngineBed Engine { get; private set; } = null!;

    public ReadCache Cache => Engine.Manager.Cache;

    /// <summary>Reads of the store since the start.</summary>
    public int Gets => Volatile.Read(ref _gets);

    public string DevicePath(int number = 0) => _directory[$"{number}.lcache"];

    public static async Task<CacheBed> OpenAsync(
        long deviceBytes, int devices = 1, long memoryBytes = 2 << 20, Func<string, IDisk>? openDisk = null, Histogram<double>? readDurations = null, bool isShared = false,
        int segmentBytes = 512 << 10)
    {
        CacheBed bed = new();
        VolumesOptions options = EngineBed.Tiny with
        {
            Log = new() { FileBytes = 8 << 20, SizeBytes = 8L * (8 << 20) },
            SegmentBytes = segmentBytes,
            CutBytes = 16 << 20,
            DestageThresholdBytes = 1L << 40,
            DestageIdleAge = TimeSpan.FromHours(1),
            MapMemoryBytes = 4 << 20,
            GarbageShare = 1,
            Cache = new()
            {
                Devices = [.. Enumerable.Range(0, devices).Select(number => new CacheDeviceOptions(bed.DevicePath(number), deviceBytes))],
                MemoryBytes = memoryBytes,
                ReadDurations = readDurations,
                OpenDisk = openDisk ?? (directory => new FileSystemDisk(directory)),
            },
        };
        bed.Engine = await EngineBed.OpenAsync(options, prepare: engine => engine.Store = new(isShared: isShared) { Cold = true });
        bed.Watch();
        return bed;
    }

    /// <summary>A volume whose blocks, from 0 on, are in segments.</summary>
    public async Task<(Volume Volume, byte[] Content)> FillAsync(string name, int blocks, int seed, CachePolicy? policy = null)
    {
        Volume volume = await Engine.CreateAsync(name, Math.Max(64 << 20, (long)blocks * Block));
        if (policy is not null)
            await Cache.SetPolicyAsync(volume, policy);
        byte[] content = new byte[blocks * Block];
        new Random(seed).NextBytes(content);
        for (int at = 0; at < content.Length; at += 4 << 20)
        {
            Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync(at, content.AsMemory(at, Math.Min(4 << 20, content.Length - at)), false));
            await Engine.Manager.DestageAsync();
        }
        return (volume, content);
    }

    /// <summary>Reads a range and checks it.</summary>
    public static async Task ReadAsync(Volume volume, byte[] content, int block, int blocks = 1)
    {
        byte[] read = new byte[blocks * Block];
        Assert.AreEqual(VolumeStatus.Ok, await volume.ReadAsync((long)block * Block, read));
        Assert.IsTrue(read.AsSpan().SequenceEqual(content.AsSpan(block * Block, read.Length)), $"block {block} of {volume.Name} is wrong");
    }

    /// <summary>Reads a range in pieces, each when what was read before it is in the cache.</summary>
    public async Task WarmAsync(Volume volume, byte[] content, int blocks)
    {
        for (int block = 0; block < blocks; block += 64)
        {
            await ReadAsync(volume, content, block, Math.Min(64, blocks - block));
            await SettleAsync();
        }
    }

    /// <summary>Ends when nothing waits to be taken in.</summary>
    public async Task SettleAsync()
    {
        await Cache.Loading;
        await Cache.Queue.WaitEmptyAsync();
    }

    /// <summary>The process dies and starts again.</summary>
    public async Task KillAsync(int seed = 1)
    {
        await Engine.KillAsync(new Random(seed));
        Watch();
        await SettleAsync();
    }

    public VolumeCacheStatus StatusOf(Volume volume) => Cache.GetStatus().Volumes.Single(status => status.Volume == volume.Uuid);

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();
        _directory.Dispose();
    }

    private void Watch() => Engine.Store.BeforeOperation = key =>
    {
        if (key.StartsWith("volumes/", StringComparison.Ordinal))
            Interlocked.Increment(ref _gets);
    };
}
