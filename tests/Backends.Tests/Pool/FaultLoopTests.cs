using Lunaria.Backends.Pool;
using Lunaria.Testing;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Io;

namespace Lunaria.Backends.Tests.Pool;

/// <summary>
/// The n-th I/O fails, for n = 1, 2, ... until none is left to fail: each failure is a kind, and both a restart and a loss of power after it find
/// what was acknowledged.
/// </summary>
[TestClass]
public sealed class FaultLoopTests
{
    [TestMethod]
    public Task Each_write_fails_once() => LoopAsync((faults, n) => faults.FailWrite(n, partialBytes: 100));

    [TestMethod]
    public Task Each_write_and_all_after_it_fail() => LoopAsync((faults, n) => faults.FailWrite(n, forever: true));

    [TestMethod]
    public Task Each_flush_fails_once() => LoopAsync((faults, n) => faults.FailFlush(n));

    [TestMethod]
    public Task Each_flush_and_all_after_it_fail() => LoopAsync((faults, n) => faults.FailFlush(n, forever: true));

    [TestMethod]
    public Task Each_read_fails_once() => LoopAsync((faults, n) => faults.FailRead(n));

    [TestMethod]
    public async Task A_failed_flush_stops_changes_but_not_reads()
    {
        var disk = new SimDisk();
        await using LocalPool pool = await OpenAsync(disk);
        await pool.PutIfAbsentAsync("before", Content.Of("before", 5000), CancellationToken.None);
        disk.Faults.FailFlush(1);
        await Fails(ObjectStoreError.Fatal, () => pool.PutIfAbsentAsync("k", new byte[10], CancellationToken.None).AsTask());

        ObjectStoreException refused = await Fails(ObjectStoreError.Fatal, () => pool.PutIfAbsentAsync("k", new byte[10], CancellationToken.None).AsTask());
        StringAssert.Contains(refused.Message, "all its components failed");
        await Fails(ObjectStoreError.Fatal, () => pool.DeleteAsync("before", CancellationToken.None).AsTask());
        CollectionAssert.AreEqual(Content.Of("before", 5000), await pool.ReadAllAsync("before"));
        Assert.AreEqual(0, pool.Space!.Value.FreeBytes);
    }

    [TestMethod]
    public async Task What_a_failed_put_left_is_in_doubt_until_the_next_opening()
    {
        var disk = new SimDisk();
        await using (LocalPool pool = await TestPool.OpenAsync(disk, TestPool.Options, 1200 << 10, 1200 << 10))
        {
            await pool.PutIfAbsentAsync("first", new byte[100], CancellationToken.None);
            await pool.PutIfAbsentAsync("second", new byte[100], CancellationToken.None);
            disk.Faults.FailFlush(2); // The first flush makes the bytes durable, the second the record.
            await Fails(ObjectStoreError.Fatal, () => pool.PutIfAbsentAsync("k", Content.Of("k", 100), CancellationToken.None).AsTask());

            ObjectStoreException doubt = await Fails(ObjectStoreError.Fatal, () => pool.DeleteAsync("k", CancellationToken.None).AsTask());
            StringAssert.Contains(doubt.Message, "start again");
            await Fails(ObjectStoreError.Fatal, () => pool.PutIfAbsentAsync("k", new byte[1], CancellationToken.None).AsTask());
            await pool.PutIfAbsentAsync("other", Content.Of("other", 100), CancellationToken.None);
        }

        await using LocalPool again = await TestPool.OpenAsync(disk, TestPool.Options, 1200 << 10, 1200 << 10);
        CollectionAssert.AreEqual(Content.Of("other", 100), await again.ReadAllAsync("other"));
        await again.DeleteAsync("k", CancellationToken.None);
        await again.PutIfAbsentAsync("k", new byte[1], CancellationToken.None);
    }

    [TestMethod]
    public async Task A_full_file_system_is_out_of_space_and_the_pool_goes_on()
    {
        var disk = new SimDisk();
        await using LocalPool pool = await OpenAsync(disk);
        disk.Faults.CapacityBytes = 800 << 10;
        int stored = 0;
        ObjectStoreException? full = null;
        for (; full is null; stored++)
        {
            try
            {
                await pool.PutIfAbsentAsync($"o/{stored}", Content.Of($"{stored}", 60_000), CancellationToken.None);
            }
            catch (ObjectStoreException e)
            {
                full = e;
                stored--;
            }
        }

        Assert.AreEqual(ObjectStoreError.OutOfSpace, full.Error);
        StringAssert.Contains(full.Message, "file system of pool component /pool/c0");
        Assert.IsTrue(stored > 2 && pool.Space!.Value.FreeBytes > 60_000, "the file system is full before the pool");

        await pool.DeleteAsync("o/0", CancellationToken.None);
        await pool.PutIfAbsentAsync("again", Content.Of("again", 60_000), CancellationToken.None);
        CollectionAssert.AreEqual(Content.Of("again", 60_000), await pool.ReadAllAsync("again"));
        PoolInvariants.Check(disk, pool, "full file system");
    }

    private static async Task LoopAsync(Action<SimFaults, int> fail)
    {
        int seed = Seed.One();
        var random = new Random(seed);
        for (int n = 1; ; n++)
        {
            Assert.IsTrue(n < 1000, "the scenario never ends without a failure");
            string context = $"LUNARIA_SEED={seed}, n = {n}";
            var disk = new SimDisk();
            var model = new PoolModel();
            fail(disk.Faults, n);
            bool failed = await ScenarioAsync(disk, model);
            await RecoversAsync(disk.PowerCut(random), model.Freeze(() => 0).Model, context + ", power cut");
            await RecoversAsync(disk.Clone(), model, context + ", restart");
            if (!failed)
                return;
        }
    }

    /// <summary>Makes a pool, changes it, opens it again, changes it. True where anything failed.</summary>
    private static async Task<bool> ScenarioAsync(SimDisk disk, PoolModel model)
    {
        bool failed = false;
        for (int life = 0; life < 2; life++)
        {
            LocalPool? pool = null;
            await Try(async () => pool = await OpenAsync(disk));
            if (pool is null)
                continue;
            for (int i = 0; i < 4; i++)
            {
                string key = $"k{i}";
                if (model.IsCertain(key) && model.Certain(key) is null)
                    await Try(() => model.PutAsync(pool, key, new PoolModel.Value($"{key} {life}", 20_000 * i)));
            }

            await Try(() => model.ReplaceAsync(pool, "k1", new PoolModel.Value($"replaced {life}", 500)));
            await Try(() => model.DeleteAsync(pool, "k2"));
            await Try(async () => await pool.ReadAllAsync("k3"));
            await Try(() => pool.DisposeAsync().AsTask());
        }

        return failed;

        async Task Try(Func<Task> call)
        {
            try
            {
                await call();
            }
            catch (ObjectStoreException)
            {
                failed = true;
            }
            catch (AssertFailedException)
            {
                failed = true; // The object is not there, since its put failed.
            }
        }
    }

    private static async Task RecoversAsync(SimDisk disk, PoolModel model, string context)
    {
        await using LocalPool pool = await OpenAsync(disk);
        foreach (PoolFinding finding in pool.Findings)
            Assert.IsTrue(finding.Kind is PoolFindingKind.LabelRepaired or PoolFindingKind.RecordRepaired, $"{context}: {finding.Message}");
        await model.VerifyAsync(pool, context);
        PoolInvariants.Check(disk, pool, context);
    }

    private static ValueTask<LocalPool> OpenAsync(IDisk disk) => TestPool.OpenAsync(disk, TestPool.Options, 1200 << 10);

    private static async Task<ObjectStoreException> Fails(ObjectStoreError error, Func<Task> call)
    {
        ObjectStoreException e = await Assert.ThrowsExactlyAsync<ObjectStoreException>(call);
        Assert.AreEqual(error, e.Error, e.Message);
        return e;
    }
}
