using Lunaria.Volumes.Io;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lunaria.Volumes.Tests.Engine;

/// <summary>The hot path allocates nothing: on a real disk, since the simulated one does.</summary>
[TestClass]
public sealed class AllocationTests
{
    private const int Operations = 10_000, Blocks = 512, BatchBlocks = 32;

    [TestMethod]
    public async Task Reads_from_log_and_segments_and_batches_of_writes_allocate_nothing()
    {
        string root = Directory.CreateTempSubdirectory("lunaria-allocations-").FullName;
        VolumesOptions options = new()
        {
            // Room for all batches below the fill at which a cut begins.
            Log = new() { FileBytes = 64 << 20, SizeBytes = 8L * (64 << 20) },
            DestageThresholdBytes = 1L << 40,
            DestageIdleAge = TimeSpan.FromHours(1),
        };
        using (FileSystemDisk disk = new(root))
        await using (MemoryObjectStore store = new())
        await using (VolumeManager manager = await VolumeManager.OpenAsync(
            disk, root, store, options, TimeProvider.System, NullLoggerFactory.Instance))
        {
            Volume volume = await manager.CreateVolumeAsync("v", 1 << 30);
            byte[] content = new byte[Blocks * EngineBed.Block];
            new Random(3).NextBytes(content);
            Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync(0, content, false));
            await manager.DestageAsync();
            Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync(0, content.AsMemory(0, content.Length / 2), false));

            // The lower half is in the log, the upper in a segment, what follows is a hole.
            Assert.AreEqual(0, Measure(volume, content, Read), "reads of 4 KiB");
            Assert.AreEqual(0, Measure(volume, content, ReadUnaligned), "unaligned reads");
            Assert.AreEqual(0, Measure(volume, content, WriteBatch, Operations / 80), "batches of writes");
        }
        Directory.Delete(root, true);
    }

    /// <summary>
    /// The least of six rounds: what the runtime makes once, when code gets hot, is not the engine's. Nor is the box of the flush that each 32 MiB of writes begin, where the runtime's pool has none
    /// for this core; every other round of writes begins none.
    /// </summary>
    private static long Measure(Volume volume, byte[] content, Func<Volume, byte[], int, bool> operation, int count = Operations)
    {
        long[] rounds = new long[6];
        bool all = true;
        for (int round = 0; round < rounds.Length; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < count; i++)
                all &= operation(volume, content, i);
            rounds[round] = GC.GetAllocatedBytesForCurrentThread() - before;
        }
        Assert.IsTrue(all, "an operation would have waited");
        Console.WriteLine($"bytes allocated in the rounds of {operation.Method.Name}: {string.Join(", ", rounds)}");
        return rounds.Min();
    }

    private static bool Read(Volume volume, byte[] content, int i) =>
        volume.TryRead((long)(i * 7 % (Blocks + 8)) * EngineBed.Block, content.AsSpan(0, EngineBed.Block));

    private static bool ReadUnaligned(Volume volume, byte[] content, int i) =>
        volume.TryRead(((long)(i * 7 % Blocks) * EngineBed.Block) + 512, content.AsSpan(0, 3 * 512));

    /// <summary>Blocks of zeros are in some of the batches.</summary>
    private static bool WriteBatch(Volume volume, byte[] content, int i)
    {
        Span<long> offsets = stackalloc long[BatchBlocks];
        Sources sources = default;
        for (int at = 0; at < BatchBlocks; at++)
        {
            offsets[at] = (long)(((i * 13) + (at * 3)) % 4096) * EngineBed.Block;
            sources[at] = content.AsMemory((i + at) % (Blocks - 1) * EngineBed.Block, EngineBed.Block);
        }
        if (i % 4 == 0)
            sources[5] = Zeros;
        return volume.TryWriteBatch(offsets, sources);
    }

    private static readonly ReadOnlyMemory<byte> Zeros = new byte[EngineBed.Block];

    [System.Runtime.CompilerServices.InlineArray(BatchBlocks)]
    private struct Sources
    {
        private ReadOnlyMemory<byte> _first;
    }
}
