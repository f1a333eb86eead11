using Lunaria.Backends.Pool;
using Lunaria.Testing;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Io;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lunaria.Backends.Tests.Pool;

/// <summary>Components are added, evacuated and removed while the pool is used; the labels, not the settings, say what belongs to it.</summary>
[TestClass]
public sealed class ComponentChangeTests
{
    private const long Size = 2200 << 10;

    [TestMethod]
    public async Task A_full_pool_takes_objects_again_when_a_component_is_added()
    {
        var disk = new SimDisk();
        await using LocalPool pool = await OpenAsync(disk, "c0");
        int stored = await FillAsync(pool);
        await pool.AddAsync(Source(disk, "c1"), CancellationToken.None);
        Assert.IsTrue(await FillAsync(pool, stored) > stored + 10);
        Assert.AreEqual(2, pool.GetStatus().Components.Count);
        PoolInvariants.Check(disk, pool, "added");
    }

    [TestMethod]
    public async Task The_labels_find_what_the_settings_do_not_name()
    {
        var disk = new SimDisk();
        await using (LocalPool pool = await OpenAsync(disk, "c0"))
        {
            await pool.AddAsync(Source(disk, "c1"), CancellationToken.None);
            await FillAsync(pool);
        }

        await using (LocalPool again = await OpenAsync(disk, "c0"))
        {
            CollectionAssert.AreEquivalent(new[] { "/pool/c0", "/pool/c1" }, again.ComponentPaths.ToArray());
            Assert.AreEqual(0, again.Findings.Count);
        }

        ObjectStoreException refused = await Assert.ThrowsExactlyAsync<ObjectStoreException>(async () =>
            await LocalPool.OpenAsync(Options(disk, "c0") with { Locate = null }, NullLogger.Instance));
        StringAssert.Contains(refused.Message, "last at /pool/c1");
    }

    [TestMethod]
    public async Task A_former_path_that_is_in_use_stops_nobody_where_the_labels_find_all_components()
    {
        var disk = new SimDisk();
        await using (LocalPool pool = await OpenAsync(disk, "c0"))
            await pool.AddAsync(Source(disk, "c1"), CancellationToken.None);

        // The name of c0 is another disk's now, which somebody else uses; alias is a second name of c0.
        using (IDiskFile foreign = ((IDisk)disk).Open("foreign", create: true))
            foreign.Write(0, new byte[4096]);
        using IDisposable used = ((IDisk)disk).Lock("foreign.lock");
        LocalPoolOptions usual = Options(disk, "c0"), options = usual with
        {
            LastPaths = ["/pool/foreign", "/pool/alias", "/pool/c1"],
            Locate = path => path == "/pool/alias" ? new PoolComponentSource(disk, "c0", path, Size) : usual.Locate!(path),
        };
        await using (LocalPool again = await LocalPool.OpenAsync(options, NullLogger.Instance))
            CollectionAssert.AreEquivalent(new[] { "/pool/c0", "/pool/c1" }, again.ComponentPaths.ToArray());

        // One that is missing is not passed over.
        using IDisposable taken = ((IDisk)disk).Lock("c1.lock");
        ObjectStoreException refused = await Assert.ThrowsExactlyAsync<ObjectStoreException>(async () => await LocalPool.OpenAsync(options, NullLogger.Instance));
        StringAssert.Contains(refused.Message, "/pool/c1 cannot be locked");
    }

    [TestMethod]
    public async Task An_evacuated_component_leaves_nothing_behind_and_goes()
    {
        var disk = new SimDisk();
        await using (LocalPool pool = await OpenAsync(disk, "c0"))
        {
            string tag = await pool.PutIfAbsentAsync("o/tag", Content.Of("tag", 3000), CancellationToken.None);
            for (int i = 0; i < 10; i++)
                await pool.PutIfAbsentAsync($"o/{i}", Content.Of($"o/{i}", 50_000), CancellationToken.None);
            await pool.AddAsync(Source(disk, "c1"), CancellationToken.None);
            var seen = new List<(long Moved, long Total)>();
            await pool.EvacuateAsync("/pool/c0", (moved, total) =>
            {
                lock (seen)
                    seen.Add((moved, total));
            }, CancellationToken.None);
            Assert.AreEqual(seen[0].Total, seen[^1].Moved);
            Assert.IsTrue(seen.Count > 5 && seen.TrueForAll(at => at.Moved <= at.Total));
            Assert.AreEqual(PoolComponentState.Evacuating, pool.GetStatus().Components[0].State);
            Assert.AreEqual(0, pool.GetStatus().Components[0].UsedBytes);
            PoolInvariants.Check(disk, pool, "evacuated");

            await pool.RemoveAsync("/pool/c0", CancellationToken.None);
            Assert.AreEqual(tag, (await pool.HeadAsync("o/tag", CancellationToken.None))!.Tag, "an object keeps its tag when it moves");
            Assert.IsFalse(disk.Exists("c0"));
        }

        // The settings still name c0 only to somebody who knows c1 as well.
        await using LocalPool again = await OpenAsync(disk, "c0", "c1");
        Assert.AreEqual(PoolFindingKind.NotOfThePool, again.Findings.Single().Kind);
        Assert.IsFalse(disk.Exists("c0"));
        for (int i = 0; i < 10; i++)
            CollectionAssert.AreEqual(Content.Of($"o/{i}", 50_000), await again.ReadAllAsync($"o/{i}"));
    }

    [TestMethod]
    public async Task A_component_is_evacuated_while_writers_and_readers_go_on()
    {
        int seed = Seed.One();
        var disk = new SimDisk();
        var model = new PoolModel();
        await using LocalPool pool = await OpenAsync(disk, "c0", "c1");
        for (int i = 0; i < 12; i++)
            await model.PutAsync(pool, $"k{i}", new PoolModel.Value($"{i}", 20_000 + i));
        await pool.AddAsync(Source(disk, "c2"), CancellationToken.None);
        using var done = new CancellationTokenSource();
        Task[] users = [.. Enumerable.Range(0, 3).Select(user => Task.Run(async () =>
        {
            var random = new Random(seed + user);
            for (int i = 0; !done.IsCancellationRequested; i++)
            {
                string key = $"k{user * 4 + random.Next(4)}";
                await model.ReplaceAsync(pool, key, new PoolModel.Value($"{key} {i}", random.Next(30_000)));
                CollectionAssert.AreEqual(model.Certain(key)!.Bytes, await pool.ReadAllAsync(key));
            }
        }))];
        foreach (string path in new[] { "/pool/c0", "/pool/c1" })
        {
            await pool.EvacuateAsync(path, (_, _) => { }, CancellationToken.None);
            await pool.RemoveAsync(path, CancellationToken.None);
        }

        await done.CancelAsync();
        await Task.WhenAll(users);
        CollectionAssert.AreEqual(new[] { "/pool/c2" }, pool.ComponentPaths.ToArray());
        await model.VerifyAsync(pool, $"LUNARIA_SEED={seed}");
        PoolInvariants.Check(disk, pool, $"LUNARIA_SEED={seed}");
    }

    [TestMethod]
    public async Task What_cannot_be_done_is_refused_and_changes_nothing()
    {
        var disk = new SimDisk();
        await using LocalPool pool = await OpenAsync(disk, "c0");
        await FillAsync(pool);
        await RefusesAsync(() => pool.EvacuateAsync("/pool/c0", (_, _) => { }, CancellationToken.None), "only component");
        await RefusesAsync(() => pool.RemoveAsync("/pool/c0", CancellationToken.None), "evacuate it first");
        await RefusesAsync(() => pool.RemoveAsync("/pool/nowhere", CancellationToken.None), "has no component");
        await RefusesAsync(() => pool.AddAsync(Source(disk, "c0"), CancellationToken.None), "already");
        await RefusesAsync(() => pool.AddAsync(Source(disk, "small") with { SizeBytes = 300_000 }, CancellationToken.None), "too small");
        disk.Open("foreign", create: true).Write(0, [1, 2, 3]);
        await RefusesAsync(() => pool.AddAsync(Source(disk, "foreign"), CancellationToken.None), "no label");
        var other = new SimDisk();
        await (await OpenAsync(other, "other")).DisposeAsync();
        await RefusesAsync(() => pool.AddAsync(Source(other, "other"), CancellationToken.None), "component of pool");

        await pool.AddAsync(Source(disk, "c1") with { SizeBytes = 1000 << 10 }, CancellationToken.None);
        await RefusesAsync(() => pool.EvacuateAsync("/pool/c0", (_, _) => { }, CancellationToken.None), "Add a component first");
        Assert.IsTrue(pool.GetStatus().Components.All(component => component.State == PoolComponentState.Active));
    }

    [TestMethod]
    public async Task An_evacuation_that_was_ended_goes_on_after_a_start_and_can_be_taken_back()
    {
        var disk = new SimDisk();
        await using (LocalPool pool = await OpenAsync(disk, "c0", "c1"))
        {
            for (int i = 0; i < 10; i++)
                await pool.PutIfAbsentAsync($"o/{i}", Content.Of($"o/{i}", 50_000), CancellationToken.None);
            using var stop = new CancellationTokenSource();
            await Assert.ThrowsAsync<OperationCanceledException>(async () => await pool.EvacuateAsync("/pool/c0", (moved, _) =>
            {
                if (moved > 0)
                    stop.Cancel();
            }, stop.Token));
        }

        await using LocalPool again = await OpenAsync(disk, "c0", "c1");
        Assert.AreEqual(PoolComponentState.Evacuating, again.GetStatus().Components[0].State);
        await again.AddAsync(Source(disk, "c0"), CancellationToken.None);
        Assert.AreEqual(PoolComponentState.Active, again.GetStatus().Components[0].State);
        await again.EvacuateAsync("/pool/c0", (_, _) => { }, CancellationToken.None);
        await again.RemoveAsync("/pool/c0", CancellationToken.None);
        for (int i = 0; i < 10; i++)
            CollectionAssert.AreEqual(Content.Of($"o/{i}", 50_000), await again.ReadAllAsync($"o/{i}"));
    }

    [TestMethod]
    public async Task An_object_that_cannot_be_read_stays_and_is_named()
    {
        var disk = new SimDisk();
        await using LocalPool pool = await OpenAsync(disk, "c0");
        await pool.PutIfAbsentAsync("only", Content.Of("only", 5000), CancellationToken.None);
        await pool.AddAsync(Source(disk, "c1"), CancellationToken.None);
        disk.Faults.FailRead(1);
        await RefusesAsync(() => pool.EvacuateAsync("/pool/c0", (_, _) => { }, CancellationToken.None), "only");
        await pool.EvacuateAsync("/pool/c0", (_, _) => { }, CancellationToken.None);
        CollectionAssert.AreEqual(Content.Of("only", 5000), await pool.ReadAllAsync("only"));
    }

    [TestMethod]
    public async Task A_damaged_object_moves_as_it_is_and_stays_known_as_damaged()
    {
        var disk = new SimDisk();
        await using LocalPool pool = await OpenAsync(disk, "c0");
        await pool.PutIfAbsentAsync("o", Content.Of("o", 5000), CancellationToken.None);
        disk.Corrupt("c0", pool.Objects.Single().First.OffsetBytes + 100, 0x04);
        await pool.AddAsync(Source(disk, "c1"), CancellationToken.None);
        await pool.EvacuateAsync("/pool/c0", (_, _) => { }, CancellationToken.None);
        await RefusesAsync(async () => await pool.ReadAllAsync("o"), "damaged");
    }

    internal static LocalPoolOptions Options(IDisk disk, params string[] names) => TestPool.Options with
    {
        Components = [.. names.Select(name => Source(disk, name))],
        Locate = path => disk.Exists(path["/pool/".Length..]) ? Source(disk, path["/pool/".Length..]) : null,
    };

    internal static PoolComponentSource Source(IDisk disk, string name) => new(disk, name, $"/pool/{name}", Size);

    internal static ValueTask<LocalPool> OpenAsync(IDisk disk, params string[] names) => LocalPool.OpenAsync(Options(disk, names), NullLogger.Instance);

    private static async Task<int> FillAsync(LocalPool pool, int from = 0)
    {
        for (int i = from; ; i++)
        {
            try
            {
                await pool.PutIfAbsentAsync($"fill/{i}", Content.Of($"fill/{i}", 50_000), CancellationToken.None);
            }
            catch (ObjectStoreException e) when (e.Error == ObjectStoreError.OutOfSpace)
            {
                return i;
            }
        }
    }

    private static async Task RefusesAsync(Func<ValueTask> call, string part)
    {
        ObjectStoreException refused = await Assert.ThrowsExactlyAsync<ObjectStoreException>(async () => await call());
        StringAssert.Contains(refused.Message, part);
    }
}
