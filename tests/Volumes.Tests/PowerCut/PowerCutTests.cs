using Lunaria.Volumes.Tests.Engine;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lunaria.Volumes.Tests.PowerCut;

/// <summary>
/// Whenever the power fails, what was flushed is there, the rest is a prefix of what was written, over all volumes, and the books are right. LUNARIA_POWER_CUTS sets how
/// often it fails in one run of the suite.
/// </summary>
[TestClass]
public sealed class PowerCutTests
{
    private const int Shards = 4, OperationsPerRun = 400;
    private const double Probability = 0.02;

    private static readonly int Cuts = int.TryParse(Environment.GetEnvironmentVariable("LUNARIA_POWER_CUTS"), out int cuts) ? cuts : 1000;

    [TestMethod]
    [DataRow(0), DataRow(1), DataRow(2), DataRow(3)]
    public void What_was_flushed_is_there_and_the_rest_is_a_prefix(int shard)
    {
        string root = Directory.CreateDirectory(Path.Combine(
            Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"lunaria-power-{shard}-{Guid.NewGuid():n}")).FullName;
        try
        {
            int seed = Seed.One();
            for (int wanted = (Cuts + Shards - 1) / Shards; wanted > 0; seed++)
            {
                string directory = Directory.CreateDirectory(Path.Combine(root, $"run-{seed}")).FullName;
                int cuts = 0;
                PowerCutRun? run = null;
                run = new(seed, directory, new(), point =>
                {
                    string after = Directory.CreateDirectory(Path.Combine(root, $"cut-{seed}-{++cuts}")).FullName;
                    if (CheckApart(run!, point, after, seed + cuts) is { } failure)
                        throw new AssertFailedException($"cut {cuts} at {point.Where}: {failure.Message}", failure);
                    Directory.Delete(after, true);
                });
                if (Try(() => SimScheduler.Run(seed, scheduler => run.RunAsync(scheduler.Time, OperationsPerRun, Probability))) is { } failed)
                    throw new AssertFailedException($"LUNARIA_SEED={seed}: {(run.Failure ?? failed).Message}", run.Failure ?? failed);
                Directory.Delete(directory, true);
                wanted -= cuts;
            }
        }
        finally
        {
            Directory.Delete(root, true);
        }
    }

    /// <summary>On a thread of its own, while the run stands still; gives what was found wrong.</summary>
    internal static Exception? CheckApart(PowerCutRun run, CutPoint point, string directory, int seed)
    {
        Exception? failure = null;
        Thread check = new(() => failure = Try(() => SimScheduler.Run(seed, scheduler => CheckAsync(run, point, directory, new(seed), scheduler.Time))));
        check.Start();
        check.Join();
        return failure;
    }

    private static Exception? Try(Action action)
    {
        try
        {
            action();
            return null;
        }
        catch (Exception e)
        {
            return e;
        }
    }

    private static async Task CheckAsync(PowerCutRun run, CutPoint point, string directory, Random random, TimeProvider time)
    {
        point.WriteDatabases(directory);
        byte[][] first;
        SimDisk disk = point.Disk;
        MemoryObjectStore store = point.Store;
        VolumeManager manager = await VolumeManager.OpenAsync(disk, directory, store, run.Options, time, NullLoggerFactory.Instance);
        first = await ReadAllAsync(manager);
        Assert.IsTrue(
            run.History.FindPrefix(first, point.Flushed, point.Issued) >= 0,
            $"no prefix of {point.Flushed} to {point.Issued} steps looks like this (any prefix: {run.History.FindPrefix(first, 0, point.Issued)})");
        if (random.Next(3) == 0)
        {
            // The power fails again: what was served must not go back.
            if (random.Next(2) == 0)
                await manager.DestageAsync(checkpoint: random.Next(2) == 0);
            SimDisk again = disk.PowerCut(random);
            store = store.Reborn(random);
            Dictionary<string, byte[]> databases = CutPoint.ReadDatabases(directory);
            await manager.AbandonAsync();
            foreach (string file in Directory.GetFiles(directory))
                File.Delete(file);
            (point with { Databases = databases }).WriteDatabases(directory);
            manager = await VolumeManager.OpenAsync(again, directory, store, run.Options, time, NullLoggerFactory.Instance);
            AssertSame(first, await ReadAllAsync(manager));
        }
        await CheckBooksAsync(manager, store, first);
        await manager.DisposeAsync();
    }

    private static async Task CheckBooksAsync(VolumeManager manager, MemoryObjectStore store, byte[][] expected)
    {
        // A round of garbage collection has copies in the store that no checkpoint knows yet.
        manager.IsCollectionPaused = true;
        await manager.DestageAsync(checkpoint: true);
        AssertSame(expected, await ReadAllAsync(manager));
        for (int i = 0; i < expected.Length; i++)
            Assert.AreEqual(new((long)EngineBed.CountMapped(expected[i]) * EngineBed.Block, 0), manager.Volumes[i].GetStatistics());
        Assert.AreEqual(store.UsedBytes, manager.GetStatistics().StoredBytes);
    }

    private static async Task<byte[][]> ReadAllAsync(VolumeManager manager)
    {
        byte[][] contents = new byte[PowerCutRun.Volumes][];
        for (int i = 0; i < contents.Length; i++)
        {
            contents[i] = new byte[PowerCutRun.VolumeSectors * StampHistory.SectorBytes];
            Assert.AreEqual(VolumeStatus.Ok, await manager.Volumes[i].ReadAsync(0, contents[i]));
        }
        return contents;
    }

    private static void AssertSame(byte[][] expected, byte[][] actual)
    {
        for (int i = 0; i < expected.Length; i++)
            Assert.AreEqual(expected[i].Length, expected[i].AsSpan().CommonPrefixLength(actual[i]), $"v{i} changed at this byte");
    }
}
