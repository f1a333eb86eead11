using Lunaria.Backends.Pool;
using Lunaria.Testing;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Io;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lunaria.Backends.Tests.Pool;

/// <summary>
/// Power is cut at every boundary of what is written to block devices in place, where no rename makes it whole: labelling them, adding one, emptying and removing one, destroying
/// the pool. The same can be done again, and nothing that was acknowledged is lost.
/// </summary>
[TestClass]
public sealed class DeviceCrashTests
{
    private const long Size = 8 << 20;

    [TestMethod]
    public async Task At_every_boundary_of_labelling_devices_it_can_be_done_again()
    {
        int seed = Seed.One();
        List<SimDisk> cuts = await CutAsync(seed, await BlankAsync("d0", "d1"), async disk => await (await OpenAsync(disk, "d0", "d1")).DisposeAsync());
        Assert.IsGreaterThan(6, cuts.Count);
        for (int i = 0; i < cuts.Count; i++)
        {
            await using LocalPool pool = await OpenAsync(cuts[i], "d0", "d1");
            Assert.AreEqual(2, pool.ComponentPaths.Count, $"LUNARIA_SEED={seed}, cut {i}");
            PoolInvariants.Check(cuts[i], pool, $"LUNARIA_SEED={seed}, cut {i}");
        }
    }

    [TestMethod]
    public async Task At_every_boundary_of_adding_and_removing_a_device_the_pool_recovers()
    {
        int seed = Seed.One();
        SimDisk begin = await BlankAsync("d0", "d1", "d2");
        var model = new PoolModel();
        await using (LocalPool pool = await OpenAsync(begin, "d0", "d1"))
            for (int i = 0; i < 4; i++)
                await model.PutAsync(pool, $"k{i}", new PoolModel.Value($"{i}", 9000 * i));
        List<SimDisk> cuts = await CutAsync(seed, begin, async disk =>
        {
            await using LocalPool pool = await OpenAsync(disk, "d0", "d1");
            await ChangeAsync(disk, pool);
        });
        Assert.IsGreaterThan(30, cuts.Count);
        for (int i = 0; i < cuts.Count; i++)
        {
            string context = $"LUNARIA_SEED={seed}, cut {i} of {cuts.Count}";
            await using (LocalPool pool = await OpenAsync(cuts[i], "d0", "d1"))
            {
                await model.VerifyAsync(pool, context);
                await ChangeAsync(cuts[i], pool);
                PoolInvariants.Check(cuts[i], pool, context);
            }

            await using LocalPool again = await OpenAsync(cuts[i], "d1");
            CollectionAssert.AreEquivalent(new[] { "/dev/d1", "/dev/d2" }, again.ComponentPaths.ToArray(), context);
            await model.VerifyAsync(again, context);
        }
    }

    [TestMethod]
    public async Task At_every_boundary_of_destroying_a_pool_the_rest_can_be_cleared()
    {
        int seed = Seed.One();
        SimDisk begin = await BlankAsync("d0", "d1");
        await (await OpenAsync(begin, "d0", "d1")).DisposeAsync();
        List<SimDisk> cuts = await CutAsync(seed, begin, async disk => await ComponentTools.DestroyAsync(Source(disk, "d0"), "test", path => Source(disk, path["/dev/".Length..])));
        Assert.IsGreaterThan(6, cuts.Count);
        for (int i = 0; i < cuts.Count; i++)
        {
            foreach (string name in new[] { "d0", "d1" })
                await ClearAsync(Source(cuts[i], name), $"LUNARIA_SEED={seed}, cut {i}");
            await using LocalPool anew = await OpenAsync(cuts[i], "d0", "d1");
            Assert.AreEqual(2, anew.ComponentPaths.Count, $"LUNARIA_SEED={seed}, cut {i}");
        }
    }

    private static PoolComponentSource Source(IDisk disk, string name) => new(disk, name, $"/dev/{name}", Size) { IsDevice = true };

    private static ValueTask<LocalPool> OpenAsync(IDisk disk, params string[] names) => LocalPool.OpenAsync(
        TestPool.Options with
        {
            Components = [.. names.Select(name => Source(disk, name))],
            Locate = path => path.StartsWith("/dev/", StringComparison.Ordinal) ? Source(disk, path["/dev/".Length..]) : null,
        },
        NullLogger.Instance);

    /// <summary>Adds d2, or finds it added, then empties and removes d0, or finds that done.</summary>
    private static async Task ChangeAsync(IDisk disk, LocalPool pool)
    {
        if (!pool.ComponentPaths.Contains("/dev/d2"))
            await pool.AddAsync(Source(disk, "d2"), CancellationToken.None);
        if (!pool.ComponentPaths.Contains("/dev/d0"))
            return;
        await pool.EvacuateAsync("/dev/d0", (_, _) => { }, CancellationToken.None);
        await pool.RemoveAsync("/dev/d0", CancellationToken.None);
    }

    /// <summary>Clears a component, or hears that it is none any more.</summary>
    private static async Task ClearAsync(PoolComponentSource source, string context)
    {
        try
        {
            await ComponentTools.ClearAsync(source, "test");
        }
        catch (ObjectStoreException e)
        {
            StringAssert.Contains(e.Message, "is empty", context);
        }
    }

    private static async Task<SimDisk> BlankAsync(params string[] names)
    {
        var disk = new SimDisk();
        foreach (string name in names)
        {
            using IDiskFile file = disk.Open(name, create: true);
            file.SetLength(Size);
            await file.FlushAsync();
        }

        await disk.FlushDirectoryAsync("");
        return disk;
    }

    /// <summary>What the loss of power leaves before each I/O of the work.</summary>
    private static async Task<List<SimDisk>> CutAsync(int seed, SimDisk begin, Func<IDisk, Task> work)
    {
        var random = new Random(seed);
        SimDisk disk = begin.Clone();
        var cuts = new List<SimDisk>();
        await work(new ObservedDisk(disk, () =>
        {
            lock (cuts)
                cuts.Add(disk.PowerCut(random));
        }));
        return cuts;
    }
}
