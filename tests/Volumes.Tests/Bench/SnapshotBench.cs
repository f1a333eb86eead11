using System.Diagnostics;
using Lunaria.Volumes.Tests.Engine;
using static Lunaria.Volumes.Tests.Bench.BenchEngine;

namespace Lunaria.Volumes.Tests.Bench;

/// <summary>
/// What snapshots and clones cost, on a real disk; prints numbers, and only ratios mean something on a busy machine. LUNARIA_BENCH=1 measures with the issue's sizes
/// (tests/bench/engine.sh), else it is a short walk over the same code.
/// </summary>
[TestClass]
public sealed class SnapshotBench(TestContext context)
{
    private const long MiB = 1 << 20, GiB = 1 << 30, TiB = 1L << 40;
    private const int Block = EngineBed.Block, WritesPerSecond = 10_000;

    [TestMethod]
    public Task A_snapshot_under_load_costs_the_same_whatever_is_mapped() => OnDiskAsync(async manager =>
    {
        (Volume small, Volume large) = (await MapAsync(manager, "small", GiB), await MapAsync(manager, "large", IsFull ? TiB : 4 * GiB));
        List<double>[] latencies = [[], []];
        double longestStall = 0;
        // A B A B, so that what the machine does besides meets both.
        for (int round = 0; round < (IsFull ? 6 : 1); round++)
            foreach ((int at, Volume volume) in ((int, Volume)[])[(0, small), (1, large)])
                await UnderWritesAsync(volume, async () =>
                {
                    for (int i = 0; i < 5; i++)
                    {
                        await Task.Delay(IsFull ? 200 : 10);
                        latencies[at].Add(await TimeAsync(() => manager.CreateSnapshotAsync(volume, $"s{round}-{i}").AsTask()));
                    }
                }, stall => longestStall = Math.Max(longestStall, stall));
        Say($"snapshot at {WritesPerSecond} writes a second: {Median(latencies[0]):0.0} ms with 1 GiB mapped, {Median(latencies[1]):0.0} ms with {(IsFull ? "1 TiB" : "4 GiB")}, "
            + $"ratio {Median(latencies[1]) / Median(latencies[0]):0.00}, worst {latencies.Max(all => all.Max()):0.0} ms; longest write {longestStall:0.0} ms");

        List<double> clones = [], rollbacks = [];
        for (int i = 0; i < (IsFull ? 10 : 2); i++)
            await UnderWritesAsync(small, async () =>
            {
                Snapshot snapshot = await manager.CreateSnapshotAsync(large, $"c{i}");
                clones.Add(await TimeAsync(() => manager.CloneAsync(snapshot, $"clone{i}").AsTask()));
                await manager.Find($"clone{i}")!.WriteAsync(0, new byte[Block], durable: false);
                rollbacks.Add(await TimeAsync(() => manager.RollBackAsync(snapshot).AsTask()));
            }, _ => { });
        Say($"clone right after its snapshot under load: {Median(clones):0.0} ms, worst {clones.Max():0.0} ms; rollback {Median(rollbacks):0.0} ms, worst {rollbacks.Max():0.0} ms");

        List<double> ratios = [];
        for (int round = 0; round < (IsFull ? 5 : 1); round++)
        {
            double before = await WriteSpeedAsync(small);
            await manager.CreateSnapshotAsync(small, $"w{round}");
            ratios.Add(await WriteSpeedAsync(small) / before);
        }
        Say($"writes after a snapshot: {Median(ratios):0.00} of before");
    });

    [TestMethod]
    public Task A_read_through_a_thousand_clones_is_a_read() => OnDiskAsync(async manager =>
    {
        int depth = IsFull ? 1000 : 30;
        Volume plain = await MapAsync(manager, "plain", 64 * MiB), deep = await MapAsync(manager, "deep", 64 * MiB);
        for (int i = 0; i < depth; i++)
        {
            await deep.WriteAsync(i * 16 * (long)Block, Pattern(i), durable: false);
            deep = await manager.CloneAsync(await manager.CreateSnapshotAsync(deep, "s"), $"clone{i}");
        }
        await manager.DestageAsync(checkpoint: true);
        List<double> ratios = [];
        await ReadSpeedAsync(plain);
        await ReadSpeedAsync(deep);
        for (int round = 0; round < 7; round++)
            ratios.Add(await ReadSpeedAsync(plain) / await ReadSpeedAsync(deep));
        Say($"a read through {depth} clones takes {Median(ratios):0.00} of a plain one");
    });

    [TestMethod]
    public Task Ten_thousand_snapshots_cost_what_the_first_ones_did() => OnDiskAsync(async manager =>
    {
        int count = IsFull ? 10_000 : 200, part = count / 10;
        Volume volume = await MapAsync(manager, "v", 64 * MiB);
        Random random = new(1);
        double[] creates = new double[10], reads = new double[10];
        for (int i = 0; i < count; i++)
        {
            await volume.WriteAsync(random.Next(16384) * (long)Block, Pattern(i), durable: false);
            if (i % 200 == 199)
                await manager.DestageAsync();
            creates[i / part] += await TimeAsync(() => manager.CreateSnapshotAsync(volume, $"s{i}").AsTask()) / part;
            if (i % part == part - 1)
            {
                await manager.DestageAsync();
                for (int again = 0; again < 5; again++)
                    reads[i / part] = Math.Max(reads[i / part], await ReadSpeedAsync(volume));
                reads[i / part] = 1e6 / reads[i / part];
            }
        }
        IReadOnlyList<Snapshot> all = manager.ListSnapshots(volume);
        double first = await DeleteAsync(all.Take(part)), rest = await DeleteAsync(all.Skip(part).Take(count - (2 * part))), last = await DeleteAsync(all.Skip(count - part));
        Say($"{count} snapshots: create {creates[0]:0.00} ms at first, {creates[9]:0.00} ms at last, ratio {creates[9] / creates[0]:0.00}; read {reads[0]:0.0} us and {reads[9]:0.0} us, "
            + $"ratio {reads[9] / reads[0]:0.00}; delete {first:0.00} ms with all there, {rest:0.00} ms, {last:0.00} ms with few, ratio {first / last:0.00}");

        async Task<double> DeleteAsync(IEnumerable<Snapshot> snapshots)
        {
            List<double> times = [];
            foreach (Snapshot snapshot in snapshots)
                times.Add(await TimeAsync(() => manager.DeleteSnapshotAsync(snapshot).AsTask()));
            return times.Average();
        }
    });

    /// <summary>A volume of which every block is mapped: the first 16 MiB are written, the others share them.</summary>
    private static async Task<Volume> MapAsync(VolumeManager manager, string name, long sizeBytes)
    {
        Volume volume = await manager.CreateVolumeAsync(name, sizeBytes);
        byte[] content = new byte[MiB];
        for (long at = 0; at < 16 * MiB; at += MiB)
        {
            new Random((int)(at >> 20)).NextBytes(content);
            Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync(at, content, durable: false));
        }
        for (long mapped = 16 * MiB; mapped < sizeBytes; mapped *= 2)
        {
            await manager.DestageAsync();
            Assert.AreEqual(VolumeStatus.Ok, await manager.CloneRangeAsync(volume, 0, volume, mapped, mapped));
        }
        await manager.DestageAsync(checkpoint: true);
        Assert.AreEqual(sizeBytes, volume.GetStatistics().MappedBytes);
        return volume;
    }

    /// <summary>Writes 4 KiB blocks at random, so many a second, while <paramref name="work"/> runs; tells the longest one in ms.</summary>
    private static async Task UnderWritesAsync(Volume volume, Func<Task> work, Action<double> tellStall)
    {
        using CancellationTokenSource stop = new();
        double longest = 0;
        Task writer = Task.Factory.StartNew(() =>
        {
            Random random = new(7);
            byte[] block = Pattern(1);
            Stopwatch clock = Stopwatch.StartNew();
            for (long done = 0; !stop.IsCancellationRequested; done++)
            {
                while (clock.Elapsed.TotalSeconds * WritesPerSecond < done)
                    Thread.SpinWait(20);
                long start = Stopwatch.GetTimestamp();
                volume.WriteAsync(random.NextInt64(volume.SizeBytes / Block) * Block, block, durable: false).AsTask().GetAwaiter().GetResult();
                longest = Math.Max(longest, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }
        }, TaskCreationOptions.LongRunning);
        await work();
        stop.Cancel();
        await writer;
        tellStall(longest);
    }

    private static async Task<double> WriteSpeedAsync(Volume volume)
    {
        Random random = new(3);
        byte[] block = Pattern(2);
        int count = IsFull ? 20_000 : 500;
        double ms = await TimeAsync(async () =>
        {
            for (int i = 0; i < count; i++)
                await volume.WriteAsync(random.Next(16384) * (long)Block, block, durable: false);
        });
        return count / ms * 1000;
    }

    private static async Task<double> ReadSpeedAsync(Volume volume)
    {
        Random random = new(3);
        byte[] block = new byte[Block];
        int count = IsFull ? 20_000 : 500;
        double ms = await TimeAsync(async () =>
        {
            for (int i = 0; i < count; i++)
                Assert.AreEqual(VolumeStatus.Ok, await volume.ReadAsync(random.Next((int)(volume.SizeBytes / Block)) * (long)Block, block));
        });
        return count / ms * 1000;
    }

    private static byte[] Pattern(int value)
    {
        byte[] block = new byte[Block];
        new Random(value).NextBytes(block);
        return block;
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private void Say(string line) => context.WriteLine($"bench: {line}");
}
