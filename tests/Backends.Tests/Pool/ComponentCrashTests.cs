using Lunaria.Backends.Pool;
using Lunaria.Testing;
using Lunaria.Volumes.Backend;

namespace Lunaria.Backends.Tests.Pool;

/// <summary>
/// Power is cut at every boundary of adding, evacuating and removing components, and the n-th I/O of them fails: what was acknowledged is there once, and the
/// change can be made again.
/// </summary>
[TestClass]
public sealed class ComponentCrashTests
{
    private static readonly string[] Names = ["c0", "c1", "c2"];

    [TestMethod]
    public async Task At_every_boundary_of_a_change_the_pool_recovers()
    {
        int seed = Seed.One();
        var random = new Random(seed);
        var model = new PoolModel();
        var disk = new SimDisk();
        var cuts = new List<(PoolModel Model, SimDisk Disk)>();
        bool watching = false;
        var observed = new ObservedDisk(disk, () =>
        {
            lock (cuts)
            {
                if (watching)
                    cuts.Add(model.Freeze(() => disk.PowerCut(random)));
            }
        });
        await using (LocalPool pool = await ComponentChangeTests.OpenAsync(observed, "c0", "c1"))
        {
            for (int i = 0; i < 6; i++)
                await model.PutAsync(pool, $"k{i}", new PoolModel.Value($"{i}", 9000 * i));
            watching = true;
            Assert.IsFalse(await ChangeAsync(pool, observed, model));
            watching = false;
        }

        Assert.IsTrue(cuts.Count > 80, $"{cuts.Count} boundaries");
        for (int i = 0; i < cuts.Count; i++)
            await RecoversAsync(cuts[i].Disk, cuts[i].Model, $"LUNARIA_SEED={seed}, cut {i} of {cuts.Count}");
    }

    [TestMethod]
    public Task Each_write_of_a_change_fails_once() => LoopAsync((faults, n) => faults.FailWrite(n, partialBytes: 100));

    [TestMethod]
    public Task Each_write_of_a_change_and_all_after_it_fail() => LoopAsync((faults, n) => faults.FailWrite(n, forever: true));

    [TestMethod]
    public Task Each_flush_of_a_change_fails_once() => LoopAsync((faults, n) => faults.FailFlush(n));

    [TestMethod]
    public Task Each_read_of_a_change_fails_once() => LoopAsync((faults, n) => faults.FailRead(n));

    private static async Task LoopAsync(Action<SimFaults, int> fail)
    {
        int seed = Seed.One();
        var random = new Random(seed);
        for (int n = 1; ; n++)
        {
            Assert.IsTrue(n < 1000, "the change never ends without a failure");
            string context = $"LUNARIA_SEED={seed}, n = {n}";
            var disk = new SimDisk();
            var model = new PoolModel();
            LocalPool pool = await ComponentChangeTests.OpenAsync(disk, "c0", "c1");
            for (int i = 0; i < 4; i++)
                await model.PutAsync(pool, $"k{i}", new PoolModel.Value($"{i}", 9000 * i));
            fail(disk.Faults, n);
            bool failed = await ChangeAsync(pool, disk, model);
            try
            {
                await pool.DisposeAsync();
            }
            catch (ObjectStoreException)
            {
                failed = true;
            }

            await RecoversAsync(disk.PowerCut(random), model.Freeze(() => 0).Model, context + ", power cut");
            await RecoversAsync(disk.Clone(), model, context + ", restart");
            if (!failed)
                return;
        }
    }

    /// <summary>Adds c2, empties and removes c0, with other changes between. True where anything failed.</summary>
    private static async Task<bool> ChangeAsync(LocalPool pool, Lunaria.Volumes.Io.IDisk disk, PoolModel model)
    {
        bool failed = false;
        await Try(async () => await pool.AddAsync(ComponentChangeTests.Source(disk, "c2"), CancellationToken.None));
        await Try(() => model.ReplaceAsync(pool, "k1", new PoolModel.Value("replaced", 12_000)));
        await Try(async () => await pool.EvacuateAsync("/pool/c0", (_, _) => { }, CancellationToken.None));
        await Try(() => model.DeleteAsync(pool, "k2"));
        await Try(async () => await pool.RemoveAsync("/pool/c0", CancellationToken.None));
        await Try(() => model.PutAsync(pool, "new", new PoolModel.Value("new", 100)));
        return failed;

        async Task Try(Func<Task> change)
        {
            try
            {
                await change();
            }
            catch (ObjectStoreException)
            {
                failed = true;
            }
        }
    }

    /// <summary>Opens whatever is there, finds all, and makes the change again to its end.</summary>
    private static async Task RecoversAsync(SimDisk disk, PoolModel model, string context)
    {
        await using (LocalPool pool = await ComponentChangeTests.OpenAsync(disk, Names))
        {
            foreach (PoolFinding finding in pool.Findings)
                Assert.IsTrue(finding.Kind is not (PoolFindingKind.RecordLost or PoolFindingKind.ObjectOverlapped), $"{context}: {finding.Message}");
            await model.VerifyAsync(pool, context);
            PoolInvariants.Check(disk, pool, context);
            if (!pool.ComponentPaths.Contains("/pool/c2"))
                await pool.AddAsync(ComponentChangeTests.Source(disk, "c2"), CancellationToken.None);
            if (pool.ComponentPaths.Contains("/pool/c0"))
            {
                await pool.EvacuateAsync("/pool/c0", (_, _) => { }, CancellationToken.None);
                await pool.RemoveAsync("/pool/c0", CancellationToken.None);
            }

            PoolInvariants.Check(disk, pool, context + ", done");
        }

        await using LocalPool again = await ComponentChangeTests.OpenAsync(disk, "c1");
        CollectionAssert.AreEquivalent(new[] { "/pool/c1", "/pool/c2" }, again.ComponentPaths.ToArray(), context);
        await model.VerifyAsync(again, context + ", opened again");
        PoolInvariants.Check(disk, again, context + ", opened again");
    }
}
