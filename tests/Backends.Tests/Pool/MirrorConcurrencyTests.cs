using Lunaria.Backends.Pool;
using Lunaria.Testing;
using Lunaria.Volumes.Backend;

namespace Lunaria.Backends.Tests.Pool;

/// <summary>
/// Writers and readers beside everything that can happen to a mirror: components that fail, others that take their place, evacuations, copies dropped and made, and power that
/// is cut at random: what was acknowledged is there, and readers see nothing else meanwhile.
/// </summary>
[TestClass]
public sealed class MirrorConcurrencyTests
{
    private const int Writers = 3, KeysPerWriter = 5, Rounds = 6;

    [TestMethod]
    public async Task Nothing_acknowledged_is_lost_whatever_becomes_of_the_components()
    {
        int seed = Seed.One();
        var random = new Random(seed);
        var model = new PoolModel();
        var disk = new SimDisk();
        var cuts = new List<(PoolModel Model, SimDisk Disk)>();
        var observed = new ObservedDisk(disk, () =>
        {
            lock (cuts)
            {
                if (random.NextDouble() < 0.02)
                    cuts.Add(model.Freeze(() => disk.PowerCut(random)));
            }
        });
        LocalPool pool = await MirrorTests.OpenAsync(observed, "c0", "c1", "c2");
        using (var done = new CancellationTokenSource())
        {
            Task[] users = [.. Enumerable.Range(0, Writers).Select(writer => Task.Run(() => WorkAsync(pool, model, writer, new Random(seed + writer), done.Token)))];
            for (int round = 0; round < Rounds; round++)
                await ShakeAsync(pool, observed, disk.Faults, round, new Random(seed - round), users);
            await done.CancelAsync();
            await Task.WhenAll(users);
        }

        await pool.WhenMendedAsync();
        Assert.IsNull(pool.GetStatus().Mending);
        MirrorTests.AssertCopies(pool, 2, $"LUNARIA_SEED={seed}");
        await model.VerifyAsync(pool, $"LUNARIA_SEED={seed}");
        PoolInvariants.Check(disk, pool, $"LUNARIA_SEED={seed}");
        await pool.DisposeAsync();

        Assert.IsTrue(cuts.Count > 20, $"{cuts.Count} cuts");
        for (int i = 0; i < cuts.Count; i++)
        {
            string context = $"LUNARIA_SEED={seed}, cut {i} of {cuts.Count}";
            string[] names = [.. cuts[i].Disk.List("").Where(name => !name.Contains('.', StringComparison.Ordinal)).Union(["c0", "c1", "c2"])];
            await using LocalPool left = await MirrorTests.OpenAsync(cuts[i].Disk, names);
            await cuts[i].Model.VerifyAsync(left, context);
            await left.WhenMendedAsync();
            PoolInvariants.Check(cuts[i].Disk, left, context);
            await cuts[i].Model.VerifyAsync(left, context + ", mended");
        }
    }

    /// <summary>One component fails and is replaced, or leaves in order; in between objects lose their second copies and get them again.</summary>
    private static async Task ShakeAsync(LocalPool pool, Lunaria.Volumes.Io.IDisk disk, SimFaults faults, int round, Random random, Task[] users)
    {
        PoolComponent[] working = [.. pool.Components.Where(component => component.TakesObjects)];
        PoolComponent victim = working[random.Next(working.Length)];
        await pool.AddAsync(ComponentChangeTests.Source(disk, $"n{round}"), CancellationToken.None);
        if (round % 3 == 2)
        {
            await pool.EvacuateAsync(victim.DisplayPath, (_, _) => { }, CancellationToken.None);
        }
        else
        {
            if (round % 3 == 0)
                faults.FailFlush(1 + random.Next(5), forever: true, path: victim.Source.Path);
            else
                faults.FailWrite(1 + random.Next(5), forever: true, path: victim.Source.Path);
            while (!victim.IsSetAside)
            {
                await Task.Yield();
                await pool.WhenMendedAsync();
                foreach (Task failed in users.Where(user => user.IsFaulted))
                    await failed;
            }

            faults.FailFlush(0);
            faults.FailWrite(0);
        }

        await pool.WhenMendedAsync();
        await pool.RemoveAsync(victim.DisplayPath, CancellationToken.None);
        await pool.SetCopiesAsync(1, CancellationToken.None);
        await pool.WhenMendedAsync();
        await pool.SetCopiesAsync(2, CancellationToken.None);
        // A put that began before it may end after it, with one copy: that is mended, too.
        for (bool isWhole = false; !isWhole; isWhole = pool.Objects.All(entry => entry.SoundCopies == 2))
            await pool.WhenMendedAsync();
    }

    private static async Task WorkAsync(LocalPool pool, PoolModel model, int writer, Random random, CancellationToken done)
    {
        for (int i = 0; !done.IsCancellationRequested; i++)
        {
            string key = $"w{writer}/{random.Next(KeysPerWriter)}";
            var value = new PoolModel.Value($"{key} {i}", random.Next(30_000));
            if (model.Certain(key) is not { } before)
            {
                await model.PutAsync(pool, key, value);
            }
            else
            {
                CollectionAssert.AreEqual(before.Bytes, await pool.ReadAllAsync(key), key);
                await (random.Next(3) == 0 ? model.DeleteAsync(pool, key) : model.ReplaceAsync(pool, key, value));
            }
        }
    }
}
