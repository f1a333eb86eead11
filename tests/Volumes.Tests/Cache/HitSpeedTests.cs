using System.Diagnostics;
using Lunaria.Volumes.Cache;
using Lunaria.Volumes.Io;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lunaria.Volumes.Tests.Cache;

/// <summary>Says how fast hits are beside reads of the write log, in the same process, by turns. It asserts no speed: machines differ.</summary>
[TestClass]
public sealed class HitSpeedTests
{
    private const int Blocks = 8192, Reads = 5_000, Rounds = 40;

    public required TestContext TestContext { get; set; }

    [TestMethod]
    public async Task Hits_beside_reads_of_the_log()
    {
        using TemporaryDirectory root = new();
        VolumesOptions options = new()
        {
            Log = new() { FileBytes = 64 << 20, SizeBytes = 4L * (64 << 20) },
            DestageThresholdBytes = 1L << 40,
            DestageIdleAge = TimeSpan.FromHours(1),
            Cache = new() { Devices = [new(root["0.lcache"], 64 << 20)], MemoryBytes = 1 << 20 },
        };
        using FileSystemDisk disk = new(root.FullPath);
        await using MemoryObjectStore store = new() { Cold = true };
        await using VolumeManager manager = await VolumeManager.OpenAsync(disk, root.FullPath, store, options, TimeProvider.System, NullLoggerFactory.Instance);
        await manager.Cache.Loading;
        byte[] content = new byte[Blocks * CacheBed.Block];
        new Random(1).NextBytes(content);
        Volume cached = await manager.CreateVolumeAsync("cached", content.Length), logged = await manager.CreateVolumeAsync("logged", content.Length);
        await manager.Cache.SetPolicyAsync(cached, new(CacheBehaviour.OnWrite));
        Assert.AreEqual(VolumeStatus.Ok, await cached.WriteAsync(0, content, false));
        await manager.DestageAsync();
        Assert.AreEqual(VolumeStatus.Ok, await logged.WriteAsync(0, content, false));
        (double log, double hit) = (double.MaxValue, double.MaxValue);
        for (int round = 0; round < Rounds; round++)
            (log, hit) = (Math.Min(log, await MeasureAsync(logged, content)), Math.Min(hit, await MeasureAsync(cached, content)));
        TestContext.WriteLine($"random reads of 4 KiB from the cache: {log / hit:0.00} x those from the log ({Reads / hit:0} and {Reads / log:0} a second, the best of {Rounds} rounds)");
    }

    /// <summary>Seconds for all reads of a round in which none waited; more where the kernel has given up pages of the files. Each read is right.</summary>
    private static async Task<double> MeasureAsync(Volume volume, byte[] content)
    {
        Random random = new(2);
        byte[] read = new byte[CacheBed.Block];
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < Reads; i++)
        {
            int block = random.Next(Blocks);
            if (!volume.TryRead((long)block * CacheBed.Block, read))
                Assert.AreEqual(VolumeStatus.Ok, await volume.ReadAsync((long)block * CacheBed.Block, read));
            Assert.AreEqual(content[block * CacheBed.Block], read[0]);
        }
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
