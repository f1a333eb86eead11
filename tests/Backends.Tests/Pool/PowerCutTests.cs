using Lunaria.Backends.Pool;
using Lunaria.Testing;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Io;

namespace Lunaria.Backends.Tests.Pool;

/// <summary>Power is cut at every boundary of I/O and at random: what was acknowledged is there, the rest is whole or absent.</summary>
[TestClass]
public sealed class PowerCutTests
{
    private const long ComponentBytes = 1200 << 10;

    [TestMethod]
    public async Task At_every_boundary_of_one_life_the_pool_recovers()
    {
        int seed = Seed.One();
        await RunAsync(seed, concurrency: 1, operations: 20, cutProbability: 1);
    }

    [TestMethod]
    public async Task At_a_thousand_random_points_of_concurrent_lives_the_pool_recovers()
    {
        int cuts = 0;
        for (int seed = Seed.One(); cuts < 1000; seed++)
            cuts += await RunAsync(seed, concurrency: 6, operations: 25, cutProbability: 0.06);
    }

    [TestMethod]
    public async Task A_recovery_that_is_cut_recovers()
    {
        int seed = Seed.One();
        var random = new Random(seed);
        for (int round = 0; round < 20; round++)
        {
            var model = new PoolModel();
            var disk = new SimDisk();
            for (int life = 0; life < 5; life++)
            {
                string context = $"LUNARIA_SEED={seed}, round {round}, life {life}";
                (disk, model) = await LiveAndLosePowerAsync(disk, model, random, context);
            }
        }
    }

    [TestMethod]
    public async Task A_record_that_is_torn_while_it_is_cleared_is_whole_in_the_other_copy()
    {
        int seed = Seed.One();
        var random = new Random(seed);
        for (int round = 0; round < 20; round++)
        {
            var disk = new SimDisk();
            SimDisk? cut = null;
            bool deleting = false;
            var observed = new ObservedDisk(disk, () => { }, afterWrite: () =>
            {
                if (deleting)
                    cut ??= disk.PowerCut(random);
            });
            await using LocalPool pool = await TestPool.OpenAsync(observed, TestPool.Options, ComponentBytes);
            await pool.PutIfAbsentAsync("k", Content.Of("k", 500), CancellationToken.None);
            deleting = true;
            await pool.DeleteAsync("k", CancellationToken.None);

            // The simulated disk tears between sectors; a record is half of one, so the tear is made here.
            PoolComponent component = pool.Components.Single();
            cut!.Corrupt("c0", component.Layout.FrontTableOffset + 20, 0xFF);
            await using LocalPool left = await TestPool.OpenAsync(cut, TestPool.Options, ComponentBytes);
            CollectionAssert.AreEqual(Content.Of("k", 500), await left.ReadAllAsync("k"), $"LUNARIA_SEED={seed}, round {round}");
        }
    }

    /// <summary>One life on the disk, cut at one random boundary, of recovery or of work.</summary>
    private static async Task<(SimDisk Disk, PoolModel Model)> LiveAndLosePowerAsync(SimDisk disk, PoolModel model, Random random, string context)
    {
        (PoolModel Model, SimDisk Disk)? cut = null;
        int boundary = random.Next(60);
        var observed = new ObservedDisk(disk, () =>
        {
            if (boundary-- == 0)
                cut = model.Freeze(() => disk.PowerCut(random));
        });
        LocalPool pool = await OpenAsync(observed);
        AssertNothingLost(pool, context);
        await model.VerifyAsync(pool, context);
        PoolInvariants.Check(disk, pool, context);
        await WorkAsync(pool, model, random.Next(), 0, 12);
        await pool.DisposeAsync();
        cut ??= model.Freeze(() => disk.PowerCut(random));
        return (cut.Value.Disk, cut.Value.Model);
    }

    /// <summary>Makes a pool, works, closes, opens, works; checks each cut taken on the way. Returns their number.</summary>
    private static async Task<int> RunAsync(int seed, int concurrency, int operations, double cutProbability)
    {
        var random = new Random(seed);
        var model = new PoolModel();
        var disk = new SimDisk();
        var cuts = new List<(PoolModel Model, SimDisk Disk)>();
        var observed = new ObservedDisk(disk, () =>
        {
            lock (cuts)
            {
                if (random.NextDouble() < cutProbability)
                    cuts.Add(model.Freeze(() => disk.PowerCut(random)));
            }
        });
        for (int life = 0; life < 2; life++)
        {
            await using LocalPool pool = await OpenAsync(observed);
            await Task.WhenAll(Enumerable.Range(0, concurrency).Select(writer =>
                Task.Run(() => WorkAsync(pool, model, seed + writer + life, writer, operations))));
        }

        for (int i = 0; i < cuts.Count; i++)
            await CheckCutAsync(cuts[i].Disk, cuts[i].Model, $"LUNARIA_SEED={seed}, cut {i}");
        return cuts.Count;
    }

    private static async Task CheckCutAsync(SimDisk disk, PoolModel model, string context)
    {
        await using (LocalPool pool = await OpenAsync(disk))
        {
            AssertNothingLost(pool, context);
            await model.VerifyAsync(pool, context);
            PoolInvariants.Check(disk, pool, context);
            await WorkAsync(pool, model, seed: 1, writer: 0, operations: 3);
            PoolInvariants.Check(disk, pool, context + ", after more work");
        }

        await using LocalPool again = await OpenAsync(disk);
        Assert.AreEqual(0, again.Findings.Count, $"{context}: the first recovery left something to repair");
        await model.VerifyAsync(again, context + ", opened again");
    }

    /// <summary>Puts, replaces and deletes objects of all sizes under the keys of one writer.</summary>
    private static async Task WorkAsync(LocalPool pool, PoolModel model, int seed, int writer, int operations)
    {
        var random = new Random(seed);
        for (int i = 0; i < operations; i++)
        {
            string key = $"w{writer}/{random.Next(6)}";
            int length = random.Next(4) switch { 0 => random.Next(200), 1 => 64 << 10, _ => random.Next(64 << 10) };
            var value = new PoolModel.Value($"{key} {seed} {i}", length);
            try
            {
                if (model.Certain(key) is null)
                    await model.PutAsync(pool, key, value);
                else if (random.Next(3) == 0)
                    await model.ReplaceAsync(pool, key, value);
                else
                    await model.DeleteAsync(pool, key);
            }
            catch (ObjectStoreException e) when (e.Error == ObjectStoreError.OutOfSpace)
            {
                model.NothingChanged(key);
            }
        }
    }

    private static void AssertNothingLost(LocalPool pool, string context)
    {
        foreach (PoolFinding finding in pool.Findings)
            Assert.IsTrue(finding.Kind is PoolFindingKind.LabelRepaired or PoolFindingKind.RecordRepaired, $"{context}: {finding.Message}");
    }

    private static ValueTask<LocalPool> OpenAsync(IDisk disk) =>
        TestPool.OpenAsync(disk, TestPool.Options, ComponentBytes, ComponentBytes + (256 << 10));
}
