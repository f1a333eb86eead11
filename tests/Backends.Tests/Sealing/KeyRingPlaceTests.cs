using Lunaria.Backends.Pool;
using Lunaria.Backends.Sealing;
using Lunaria.Backends.Tests.Pool;
using Lunaria.Testing;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Io;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lunaria.Backends.Tests.Sealing;

/// <summary>Where the two objects of the key ring lie in a pool with one copy of each object: the loss of a component costs what lies there, and never the keys of the rest.</summary>
[TestClass]
public sealed class KeyRingPlaceTests
{
    private const int Objects = 40;

    // One component is filled before the next, so that all would lie on the first.
    private static readonly LocalPoolOptions Near = TestPool.Options with { Allocation = PoolAllocation.Sequential };
    private static readonly LocalPoolOptions Apart = Near with { SecretTwins = SealedStore.KeyRingNames };

    [TestMethod]
    [DataRow("c0", PoolAllocation.Sequential)]
    [DataRow("c1", PoolAllocation.Sequential)]
    [DataRow("c0", PoolAllocation.Spread)]
    [DataRow("c1", PoolAllocation.Spread)]
    public async Task A_lost_component_takes_no_keys_with_it(string lost, PoolAllocation allocation)
    {
        SimDisk disk = new();
        LocalPoolOptions options = TestPool.On(disk, Apart with { Allocation = allocation }, 4 << 20, 4 << 20);
        LocalPool pool = await LocalPool.OpenAsync(options, NullLogger.Instance);
        SealedStore store = await TestSealing.OpenAsync(pool);
        for (int i = 0; i < Objects; i++)
            await store.PutAsync($"o/{i}", Content.Of($"{i}", 50_000));
        for (int change = 0; change < 5; change++)
        {
            await store.AddDataKeyAsync(CancellationToken.None);
            AssertApart(pool);
        }
        string[] kept = [.. pool.Objects.Where(entry => entry.Key.StartsWith("o/", StringComparison.Ordinal) && entry.First.Component.Source.Path != lost).Select(entry => entry.Key)];
        await pool.DisposeAsync();
        disk.Delete(lost);
        pool = await LocalPool.OpenAsync(options with { Components = [.. options.Components.Where(component => component.Path != lost)], Without = [$"/pool/{lost}"] }, NullLogger.Instance);
        store = await TestSealing.OpenAsync(pool);
        foreach (string key in kept)
            CollectionAssert.AreEqual(Content.Of(key[2..], 50_000), await store.ReadAllAsync(key));
        Assert.AreEqual(6, store.GetStatus().DataKeys);
        await pool.DisposeAsync();
    }

    [TestMethod]
    public async Task They_are_separated_when_a_second_component_comes()
    {
        SimDisk disk = new();
        await using LocalPool pool = await TestPool.OpenAsync(disk, Apart, 4 << 20);
        SealedStore store = await TestSealing.OpenAsync(pool);
        await store.PutAsync("o", [1]);
        await pool.AddAsync(new PoolComponentSource(disk, "c1", "/pool/c1", 4 << 20), CancellationToken.None);
        await pool.WhenMendedAsync();
        AssertApart(pool);
        await pool.EvacuateAsync("/pool/c0", (_, _) => { }, CancellationToken.None);
        await pool.RemoveAsync("/pool/c0", CancellationToken.None);
        CollectionAssert.AreEqual(new byte[] { 1 }, await (await TestSealing.OpenAsync(pool)).ReadAllAsync("o"));
    }

    [TestMethod]
    public async Task An_opening_separates_those_of_a_pool_that_has_both_on_one_and_leaves_nothing_where_they_were()
    {
        SimDisk disk = new();
        await using (LocalPool pool = await TestPool.OpenAsync(disk, Near, 4 << 20, 4 << 20))
        {
            await TestSealing.OpenAsync(pool);
            Assert.HasCount(1, Places(pool).Distinct());
        }
        await using (LocalPool pool = await TestPool.OpenAsync(disk, Apart, 4 << 20, 4 << 20))
        {
            await pool.WhenMendedAsync();
            AssertApart(pool);
            await TestSealing.OpenAsync(pool);
        }
        foreach (string name in new[] { "c0", "c1" })
            Assert.AreEqual(1, await CountRingsAsync(disk, name), name);
    }

    /// <summary>How often a component has the beginning of a key ring.</summary>
    internal static async Task<int> CountRingsAsync(SimDisk disk, string name)
    {
        using IDiskFile file = disk.Open(name, create: false);
        byte[] content = new byte[file.LengthBytes];
        await file.ReadAsync(0, content);
        int rings = 0;
        for (int at = 0; content.AsSpan(at).IndexOf("LUNARING"u8) is >= 0 and int found; at += found + 8)
            rings++;
        return rings;
    }

    private static void AssertApart(LocalPool pool) => CollectionAssert.AreEquivalent(new[] { "c0", "c1" }, Places(pool));

    private static string[] Places(LocalPool pool) =>
        [.. pool.Objects.Where(entry => SealedStore.KeyRingNames.Contains(entry.Key)).SelectMany(entry => entry.Copies, (_, copy) => copy.Component.Source.Path)];
}
