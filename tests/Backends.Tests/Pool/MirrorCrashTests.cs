using Lunaria.Backends.Pool;
using Lunaria.Testing;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Io;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lunaria.Backends.Tests.Pool;

/// <summary>
/// Power is cut at every boundary of the life of a mirror (writing both, a component that fails and is set aside, the return of another in its place, copies dropped
/// and made), and the n-th I/O fails: what was acknowledged is there, whole, once mended twice, and then also without any one component.
/// </summary>
[TestClass]
public sealed class MirrorCrashTests
{
    private static readonly string[] Names = ["c0", "c1", "c2"];

    [TestMethod]
    public async Task At_every_boundary_of_the_life_of_a_mirror_it_recovers()
    {
        int seed = Seed.One();
        var random = new Random(seed);
        var model = new PoolModel();
        var disk = new SimDisk();
        var cuts = new List<(PoolModel Model, SimDisk Disk)>();
        bool watching = true;
        var observed = new ObservedDisk(disk, () =>
        {
            lock (cuts)
            {
                if (watching)
                    cuts.Add(model.Freeze(() => disk.PowerCut(random)));
            }
        });
        await using (LocalPool pool = await MirrorTests.OpenAsync(observed, "c0", "c1"))
        {
            Assert.IsFalse(await LiveAsync(pool, observed, model, () => disk.Faults.FailFlush(1, forever: true, path: "c1"), () => disk.Faults.FailFlush(0)));
            lock (cuts)
                watching = false;
        }

        Assert.IsTrue(cuts.Count > 150, $"{cuts.Count} boundaries");
        for (int i = 0; i < cuts.Count; i++)
            await RecoversAsync(cuts[i].Disk, cuts[i].Model, $"LUNARIA_SEED={seed}, cut {i} of {cuts.Count}");
    }

    [TestMethod]
    public Task Each_write_of_a_component_fails_once() => LoopAsync((faults, n) => faults.FailWrite(n, path: "c1", partialBytes: 100), mustServe: true);

    [TestMethod]
    public Task Each_write_of_a_component_and_all_after_it_fail() => LoopAsync((faults, n) => faults.FailWrite(n, forever: true, path: "c1"), mustServe: true);

    [TestMethod]
    public Task Each_flush_of_a_component_fails_once() => LoopAsync((faults, n) => faults.FailFlush(n, path: "c0"), mustServe: true);

    [TestMethod]
    public Task Each_flush_of_a_component_and_all_after_it_fail() => LoopAsync((faults, n) => faults.FailFlush(n, forever: true, path: "c0"), mustServe: true);

    [TestMethod]
    public Task Each_read_fails_once() => LoopAsync((faults, n) => faults.FailRead(n), mustServe: true);

    [TestMethod]
    public Task Each_read_gives_a_flipped_bit_once() => LoopAsync((faults, n) => faults.SpoilRead(n), mustServe: true);

    [TestMethod]
    public Task Each_flush_of_all_components_and_all_after_it_fail() => LoopAsync((faults, n) => faults.FailFlush(n, forever: true), mustServe: false);

    [TestMethod]
    public Task Each_write_of_all_components_and_all_after_it_fail() => LoopAsync((faults, n) => faults.FailWrite(n, forever: true), mustServe: false);

    private static async Task LoopAsync(Action<SimFaults, int> fail, bool mustServe)
    {
        int seed = Seed.One();
        var random = new Random(seed);
        for (int n = 1; ; n++)
        {
            Assert.IsTrue(n < 1000, "the life never ends without a failure");
            string context = $"LUNARIA_SEED={seed}, n = {n}";
            var disk = new SimDisk();
            var model = new PoolModel();
            LocalPool pool = await MirrorTests.OpenAsync(disk, Names);
            for (int i = 0; i < 3; i++)
                await model.PutAsync(pool, $"k{i}", new PoolModel.Value($"{i}", 9000 * i));
            long before = Operations(disk.Faults);
            fail(disk.Faults, n);
            bool failed = await WorkAsync(pool, model, context, mustServe);
            bool isOver = n > Operations(disk.Faults) - before;
            await pool.WhenMendedAsync();
            try
            {
                await pool.DisposeAsync();
            }
            catch (ObjectStoreException)
            {
                // Told by the last flush of all, behind which nothing waits.
            }

            Assert.IsFalse(failed && mustServe, $"{context}: one component of three that fails is no failure of the pool");
            await RecoversAsync(disk.PowerCut(random), model.Freeze(() => 0).Model, context + ", power cut");
            await RecoversAsync(disk.Clone(), model, context + ", restart");
            if (isOver)
                return;
        }
    }

    private static long Operations(SimFaults faults) => Math.Max(faults.Writes, Math.Max(faults.Flushes, faults.Reads));

    /// <summary>Changes of objects, and reads of all. True where anything failed.</summary>
    private static async Task<bool> WorkAsync(LocalPool pool, PoolModel model, string context, bool mustServe)
    {
        bool failed = false;
        for (int i = 3; i < 6; i++)
            await Try(() => model.PutAsync(pool, $"k{i}", new PoolModel.Value($"{i}", 4000 * i)));
        await Try(() => model.ReplaceAsync(pool, "k1", new PoolModel.Value("replaced", 12_000)));
        await Try(() => model.DeleteAsync(pool, "k2"));
        foreach (string key in new[] { "k0", "k1", "k3" })
        {
            if (model.IsCertain(key) && model.Certain(key) is { } value)
                await Try(async () => CollectionAssert.AreEqual(value.Bytes, await pool.ReadAllAsync(key), context));
        }

        await Try(() => model.DeleteAsync(pool, "k3"));
        await Try(() => model.PutAsync(pool, "new", new PoolModel.Value("new", 100)));
        return failed;

        async Task Try(Func<Task> change)
        {
            try
            {
                await change();
            }
            catch (ObjectStoreException e)
            {
                failed = true;
                Assert.IsTrue(!mustServe || e.Error == ObjectStoreError.Retry, $"{context}: {e.Message}");
            }
        }
    }

    /// <summary>Writes, loses a component, writes without it, gets another, removes the lost one, drops the second copies and makes them again.</summary>
    private static async Task<bool> LiveAsync(LocalPool pool, IDisk disk, PoolModel model, Action fail, Action heal)
    {
        for (int i = 0; i < 5; i++)
            await model.PutAsync(pool, $"k{i}", new PoolModel.Value($"{i}", 9000 * i));
        await model.ReplaceAsync(pool, "k1", new PoolModel.Value("replaced", 12_000));
        await model.DeleteAsync(pool, "k2");
        fail();
        await model.PutAsync(pool, "alone", new PoolModel.Value("alone", 5000));
        await model.DeleteAsync(pool, "k3");
        await model.ReplaceAsync(pool, "k1", new PoolModel.Value("replaced alone", 11_000));
        await pool.WhenMendedAsync();
        heal();
        await pool.AddAsync(ComponentChangeTests.Source(disk, "c2"), CancellationToken.None);
        await model.PutAsync(pool, "both", new PoolModel.Value("both", 5000));
        await pool.WhenMendedAsync();
        await pool.RemoveAsync("/pool/c1", CancellationToken.None);
        await pool.SetCopiesAsync(1, CancellationToken.None);
        await model.DeleteAsync(pool, "k4");
        await pool.WhenMendedAsync();
        await pool.SetCopiesAsync(2, CancellationToken.None);
        await model.PutAsync(pool, "last", new PoolModel.Value("last", 3000));
        await pool.WhenMendedAsync();
        return pool.Objects.Any(entry => entry.SoundCopies != 2);
    }

    /// <summary>Opens whatever is there, finds all, mends it; then finds all without any one of the components.</summary>
    private static async Task RecoversAsync(SimDisk disk, PoolModel model, string context)
    {
        string[] paths;
        bool isMirror;
        await using (LocalPool pool = await MirrorTests.OpenAsync(disk, Names))
        {
            foreach (PoolFinding finding in pool.Findings)
                Assert.IsTrue(finding.Kind is not (PoolFindingKind.RecordLost or PoolFindingKind.ObjectOverlapped), $"{context}: {finding.Message}");
            await model.VerifyAsync(pool, context);
            await pool.WhenMendedAsync();
            Assert.IsNull(pool.GetStatus().Mending, context);
            isMirror = pool.GetStatus().Copies == 2;
            paths = [.. pool.ComponentPaths];
            MirrorTests.AssertCopies(pool, Math.Min(pool.GetStatus().Copies, paths.Length), context);
            PoolInvariants.Check(disk, pool, context);
            await model.VerifyAsync(pool, context + ", mended");
        }

        for (int i = 0; i < paths.Length && isMirror && paths.Length > 1; i++)
        {
            SimDisk left = disk.Clone();
            left.Delete(paths[i]["/pool/".Length..]);
            await using LocalPool without = await LocalPool.OpenAsync(MirrorTests.Options(left, Names) with { Without = [paths[i]] }, NullLogger.Instance);
            await model.VerifyAsync(without, $"{context}, without {paths[i]}");
        }
    }
}
