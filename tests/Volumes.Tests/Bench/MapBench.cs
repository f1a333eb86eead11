using System.Diagnostics;
using System.Globalization;
using Lunaria.Volumes.Tests.Engine;
using static Lunaria.Volumes.Tests.Bench.BenchEngine;

namespace Lunaria.Volumes.Tests.Bench;

/// <summary>
/// What the map costs: memory for each TiB, a TiB in 64 MiB, bytes written for metadata. Prints numbers. LUNARIA_BENCH=1 measures with the sizes (tests/bench/engine.sh), else
/// it is a short walk over the same code.
/// </summary>
[TestClass]
public sealed class MapBench(TestContext context)
{
    private const long MiB = 1 << 20, GiB = 1 << 30, TiB = 1L << 40;
    private const int Block = EngineBed.Block;

    [TestMethod]
    public async Task A_tebibyte_works_in_64_mebibytes()
    {
        long mapped = IsFull ? TiB : 4 * GiB;
        int count = IsFull ? 100_000 : 500;
        await OnDiskAsync(async manager =>
        {
            Volume volume = await manager.CreateVolumeAsync("large", 64 * TiB);
            await WriteAsync(manager, volume, 16 * MiB, 1, 16 * MiB);
            for (long at = 16 * MiB; at < mapped; at *= 2)
            {
                await manager.DestageAsync();
                Assert.AreEqual(VolumeStatus.Ok, await manager.CloneRangeAsync(volume, 0, volume, at, at));
            }
            await manager.DestageAsync(checkpoint: true);
            Assert.AreEqual(mapped, volume.GetStatistics().MappedBytes);
            Random random = new(5);
            byte[] block = new byte[Block], seen = new byte[Block];
            Dictionary<long, byte> written = [];
            double writesMs = await TimeAsync(async () =>
            {
                for (int i = 0; i < count; i++)
                {
                    long at = random.NextInt64(mapped / Block) * Block;
                    block.AsSpan().Fill(written[at] = (byte)(1 + i % 255));
                    Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync(at, block, durable: false));
                }
            });
            double destageMs = await TimeAsync(() => manager.DestageAsync(checkpoint: true));
            double readsMs = await TimeAsync(async () =>
            {
                foreach ((long at, byte value) in written)
                {
                    Assert.AreEqual(VolumeStatus.Ok, await volume.ReadAsync(at, seen));
                    Assert.IsFalse(seen.AsSpan().ContainsAnyExcept(value));
                }
            });
            Say($"{mapped / (double)TiB:0.###} TiB mapped, 64 MiB for the map: {count / writesMs * 1000:0} random writes and {written.Count / readsMs * 1000:0} random reads a second, destaged in {destageMs / 1000:0.0} s, "
                + $"map memory {manager.MapMemoryBytes / MiB} MiB");
        }, 64 * MiB);
    }

    [TestMethod]
    public Task A_mapped_tebibyte_takes_little_memory() => OnDiskAsync(async manager =>
    {
        long size = IsFull ? GiB : 64 * MiB;
        long before = manager.MapMemoryBytes;
        Volume sequential = await manager.CreateVolumeAsync("sequential", size);
        await WriteAsync(manager, sequential, size, 1, 64 * MiB);
        long afterSequential = manager.MapMemoryBytes;
        Volume random = await manager.CreateVolumeAsync("random", size);
        await WriteAsync(manager, random, size, null, 16 * MiB);
        Say($"map memory for a TiB: {PerTiB(afterSequential - before):0} MiB written in order, {PerTiB(manager.MapMemoryBytes - afterSequential):0} MiB written block by block at random");

        double PerTiB(long bytes) => bytes / (double)MiB * (TiB / size);
    }, GiB);

    [TestMethod]
    public Task Metadata_is_little_of_what_is_written() => OnDiskAsync(async manager =>
    {
        if (!OperatingSystem.IsLinux())
            Assert.Inconclusive("What a process has written is counted by Linux: /proc/self/io.");
        Volume volume = await manager.CreateVolumeAsync("v", 64 * GiB);
        long count = IsFull ? 750_000 : 2000;
        (long written, ulong lsn) = (WrittenBytes(), manager.LogNextLsn);
        byte[] block = new byte[Block];
        Random random = new(9);
        for (long i = 0; i < count; i++)
        {
            BitConverter.TryWriteBytes(block, i + 1);
            Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync(random.NextInt64(volume.SizeBytes / Block) * Block, block, durable: false));
        }
        await manager.DestageAsync(checkpoint: true);
        long metadata = WrittenBytes() - written - (long)(manager.LogNextLsn - lsn);
        Say($"{count} random writes of 4 KiB over 64 GiB, one checkpoint at the end included: {metadata / (double)MiB:0.0} MiB of metadata, {100.0 * metadata / (count * Block):0.0} % of what was written");
        if (IsFull)
            Assert.IsLessThanOrEqualTo(count * Block / 10, metadata, "bytes of metadata");
    }, 256 * MiB);

    /// <summary>Writes all of a volume's first bytes: in order in pieces of a MiB, or block by block at random; cut each so many bytes.</summary>
    private static async Task WriteAsync(VolumeManager manager, Volume volume, long lengthBytes, int? seed, long cutBytes)
    {
        Random random = new(seed ?? 2);
        int pieceBytes = seed is null ? Block : (int)MiB;
        long[] order = [.. Enumerable.Range(0, (int)(lengthBytes / pieceBytes))];
        if (seed is null)
            random.Shuffle(order);
        byte[] content = new byte[pieceBytes];
        long sinceCut = 0;
        foreach (long piece in order)
        {
            random.NextBytes(content);
            Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync(piece * pieceBytes, content, durable: false));
            if ((sinceCut += pieceBytes) >= cutBytes)
            {
                sinceCut = 0;
                await manager.DestageAsync();
            }
        }
        await manager.DestageAsync(checkpoint: true);
    }

    private static long WrittenBytes() =>
        long.Parse(File.ReadLines("/proc/self/io").First(line => line.StartsWith("wchar: ", StringComparison.Ordinal))["wchar: ".Length..], CultureInfo.InvariantCulture);

    private void Say(string line) => context.WriteLine($"bench: {line}");
}
