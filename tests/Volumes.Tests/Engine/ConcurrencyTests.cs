using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Lunaria.Volumes.Tests.Model;

namespace Lunaria.Volumes.Tests.Engine;

/// <summary>
/// Many threads on the same blocks, while the log wraps, is destaged, checkpointed and its segments deleted. Each block carries a version in every word,
/// which only grows: so a torn block and a stale read show.
/// </summary>
[TestClass]
public sealed class ConcurrencyTests
{
    private const int Blocks = 256, Writers = 4, Readers = 3, WritesPerWriter = 2500;

    [TestMethod]
    public async Task No_read_is_torn_or_stale_while_everything_moves()
    {
        int seed = Seed.One();
        await using EngineBed bed = await EngineBed.OpenAsync();
        Volume volume = await bed.CreateAsync(sizeBytes: Blocks * EngineBed.Block);
        long[] started = new long[Blocks], completed = new long[Blocks];
        using CancellationTokenSource done = new();
        try
        {
            Task[] readers = [.. Enumerable.Range(0, Readers).Select(i => Task.Run(() => ReadAsync(volume, started, completed, new(seed + i), done.Token)))];
            Task checkpoints = Task.Run(async () =>
            {
                while (!done.IsCancellationRequested)
                    await bed.Manager.DestageAsync(checkpoint: true);
            });
            await Task.WhenAll(Enumerable.Range(0, Writers).Select(i => Task.Run(() => WriteAsync(volume, started, completed, i, new(seed - 1 - i)))));
            await done.CancelAsync();
            await Task.WhenAll([.. readers, checkpoints]);

            byte[] content = new byte[EngineBed.Block];
            for (int block = 0; block < Blocks; block++)
            {
                Assert.AreEqual(VolumeStatus.Ok, await volume.ReadAsync((long)block * EngineBed.Block, content));
                Assert.AreEqual(completed[block], Version(content), $"block {block}");
            }
        }
        catch (Exception e)
        {
            await done.CancelAsync();
            throw new AssertFailedException($"LUNARIA_SEED={seed}: {e.Message}", e);
        }
    }

    [TestMethod]
    public async Task What_is_shared_meanwhile_is_of_one_time_and_stays_so()
    {
        int seed = Seed.One();
        await using EngineBed bed = await EngineBed.OpenAsync();
        Volume source = await bed.CreateAsync("source", Blocks * EngineBed.Block), target = await bed.CreateAsync("target", Blocks * EngineBed.Block);
        long[] started = new long[Blocks], completed = new long[Blocks];
        using CancellationTokenSource done = new();
        Task moving = Task.Run(async () =>
        {
            while (!done.IsCancellationRequested)
            {
                await bed.Manager.DestageAsync(checkpoint: true);
                await bed.Manager.CollectGarbageAsync();
            }
        });
        Task cloning = Task.Run(() => CloneAsync(bed, source, target, started, completed, new(seed), done.Token));
        try
        {
            await Task.WhenAll(Enumerable.Range(0, Writers).Select(i => Task.Run(() => WriteAsync(source, started, completed, i, new(seed - 1 - i)))));
            await done.CancelAsync();
            await Task.WhenAll(moving, cloning);
        }
        catch (Exception e)
        {
            await done.CancelAsync();
            throw new AssertFailedException($"LUNARIA_SEED={seed}: {e.Message}", e);
        }
        Books.Check(bed);
    }

    /// <summary>What is cloned is at least what was written before; and however often it is read after, it is what it was.</summary>
    private static async Task CloneAsync(
        EngineBed bed, Volume source, Volume target, long[] started, long[] completed, Random random, CancellationToken done)
    {
        long[] before = new long[Blocks];
        byte[] first = new byte[Blocks * EngineBed.Block], again = new byte[Blocks * EngineBed.Block];
        while (!done.IsCancellationRequested)
        {
            int count = random.Next(1, Blocks), from = random.Next(Blocks - count), to = random.Next(Blocks - count);
            for (int i = 0; i < count; i++)
                before[i] = Volatile.Read(ref completed[from + i]);
            Assert.AreEqual(VolumeStatus.Ok, await bed.Manager.CloneRangeAsync(
                source, (long)from * EngineBed.Block, target, (long)to * EngineBed.Block, (long)count * EngineBed.Block));
            Memory<byte> found = first.AsMemory(0, count * EngineBed.Block);
            Assert.AreEqual(VolumeStatus.Ok, await target.ReadAsync((long)to * EngineBed.Block, found));
            Thread.MemoryBarrier();
            for (int i = 0; i < count; i++)
            {
                long version = Version(found.Span.Slice(i * EngineBed.Block, EngineBed.Block));
                Assert.IsTrue(version >= before[i] && version <= Volatile.Read(ref started[from + i]), $"block {from + i}: {version} after {before[i]}");
            }
            if (random.Next(4) == 0)
                await bed.Manager.DestageAsync(checkpoint: true);
            Memory<byte> later = again.AsMemory(0, found.Length);
            Assert.AreEqual(VolumeStatus.Ok, await target.ReadAsync((long)to * EngineBed.Block, later));
            Assert.IsTrue(found.Span.SequenceEqual(later.Span), "the clone changed");
        }
    }

    /// <summary>A writer has the blocks of its number modulo the number of writers, so the versions of a block have one author.</summary>
    private static async Task WriteAsync(Volume volume, long[] started, long[] completed, int writer, Random random)
    {
        for (int i = 0; i < WritesPerWriter; i++)
        {
            int count = random.Next(1, 5);
            int[] blocks = [.. Enumerable.Range(0, count).Select(_ => (random.Next(Blocks / Writers) * Writers) + writer).Distinct()];
            ReadOnlyMemory<byte>[] sources = [.. blocks.Select(block => (ReadOnlyMemory<byte>)Content(++started[block]))];
            long[] offsets = [.. blocks.Select(block => (long)block * EngineBed.Block)];
            Thread.MemoryBarrier();
            if (!volume.TryWriteBatch(offsets, sources))
                for (int at = 0; at < blocks.Length; at++)
                    Assert.AreEqual(VolumeStatus.Ok, await WritePartsAsync(volume, offsets[at], sources[at], random));
            foreach (int block in blocks)
                Volatile.Write(ref completed[block], started[block]);
        }
    }

    /// <summary>A rewrite of an eighth of a block with the bytes that are in it must not bring an old version of the rest back.</summary>
    private static async Task<VolumeStatus> WritePartsAsync(Volume volume, long offset, ReadOnlyMemory<byte> source, Random random)
    {
        VolumeStatus status = await volume.WriteAsync(offset, source, durable: random.Next(16) == 0);
        int part = random.Next(8) * 512;
        return status == VolumeStatus.Ok && random.Next(4) == 0 ? await volume.WriteAsync(offset + part, source.Slice(part, 512), false) : status;
    }

    private static async Task ReadAsync(Volume volume, long[] started, long[] completed, Random random, CancellationToken done)
    {
        byte[] content = new byte[8 * EngineBed.Block];
        long[] before = new long[8];
        while (!done.IsCancellationRequested)
        {
            int count = random.Next(1, 9), first = random.Next(Blocks - count + 1);
            for (int i = 0; i < count; i++)
                before[i] = Volatile.Read(ref completed[first + i]);
            Memory<byte> destination = content.AsMemory(0, count * EngineBed.Block);
            Assert.AreEqual(VolumeStatus.Ok, await volume.ReadAsync((long)first * EngineBed.Block, destination));
            Thread.MemoryBarrier();
            for (int i = 0; i < count; i++)
            {
                long version = Version(destination.Span.Slice(i * EngineBed.Block, EngineBed.Block)), after = Volatile.Read(ref started[first + i]);
                Assert.IsTrue(version >= before[i] && version <= after, $"block {first + i} has version {version}, not within {before[i]} to {after}");
            }
        }
    }

    private static byte[] Content(long version)
    {
        byte[] content = new byte[EngineBed.Block];
        MemoryMarshal.Cast<byte, long>(content.AsSpan()).Fill(version);
        return content;
    }

    private static long Version(ReadOnlySpan<byte> content)
    {
        long version = BinaryPrimitives.ReadInt64LittleEndian(content);
        Assert.IsFalse(MemoryMarshal.Cast<byte, long>(content).ContainsAnyExcept(version), "a torn block");
        return version;
    }
}
