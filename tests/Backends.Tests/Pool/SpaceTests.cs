using System.Collections.Concurrent;
using Lunaria.Backends.Pool;
using Lunaria.Backends.Pool.Format;
using Lunaria.Testing;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Io;

namespace Lunaria.Backends.Tests.Pool;

/// <summary>Space: it runs out with a reserve left, is watched, is spread, comes back, and costs nothing until it is used.</summary>
[TestClass]
public sealed class SpaceTests
{
    private const int Slot = 1 << 10;

    [TestMethod]
    public async Task A_full_pool_refuses_objects_but_replaces_and_deletes()
    {
        var disk = new SimDisk();
        await using LocalPool pool = await TestPool.OpenAsync(disk, TestPool.Options with { ReserveBytes = 64 << 10 }, 2 << 20);
        string tag = await pool.CompareAndSetAsync("super", null, Content.Of("0", 300), CancellationToken.None);
        int stored = await FillAsync(pool, 20 * Slot);
        Assert.IsTrue(stored > 10);
        ObjectStoreException full = await Assert.ThrowsExactlyAsync<ObjectStoreException>(
            () => pool.PutIfAbsentAsync("more", new byte[20 * Slot], CancellationToken.None).AsTask());
        Assert.AreEqual(ObjectStoreError.OutOfSpace, full.Error);

        for (int i = 1; i <= 100; i++)
            tag = await pool.CompareAndSetAsync("super", tag, Content.Of($"{i}", 300 + i * 100), CancellationToken.None);
        CollectionAssert.AreEqual(Content.Of("100", 10_300), await pool.ReadAllAsync("super"));

        await pool.DeleteAsync("fill/3", CancellationToken.None);
        await pool.PutIfAbsentAsync("again", Content.Of("again", 20 * Slot), CancellationToken.None);
        CollectionAssert.AreEqual(Content.Of("again", 20 * Slot), await pool.ReadAllAsync("again"));
        PoolInvariants.Check(disk, pool, "full");
    }

    [TestMethod]
    public async Task The_message_of_a_full_pool_has_the_numbers()
    {
        await using LocalPool pool = await TestPool.OpenAsync(new SimDisk(), TestPool.Options with { ReserveBytes = 64 << 10 }, 1200 << 10);
        await FillAsync(pool, 64 << 10);
        ObjectStoreException e = await Assert.ThrowsExactlyAsync<ObjectStoreException>(
            () => pool.PutIfAbsentAsync("k", new byte[64 << 10], CancellationToken.None).AsTask());
        Assert.AreEqual(ObjectStoreError.OutOfSpace, e.Error);
        StringAssert.Contains(e.Message, $"{64 << 10} of {pool.Space!.Value.TotalBytes} bytes are free");
        Assert.AreEqual(0, pool.Space.Value.FreeBytes);
    }

    [TestMethod]
    public async Task The_reserve_is_neither_used_nor_free_and_what_replaces_an_object_takes_from_it()
    {
        await using LocalPool pool = await TestPool.OpenAsync(new SimDisk(), TestPool.Options with { ReserveBytes = 128 << 10 }, 1200 << 10);
        ObjectStoreSpace empty = pool.Space!.Value;
        Assert.AreEqual((0, 128 << 10), (empty.UsedBytes, empty.ReservedBytes));
        Assert.AreEqual(empty.TotalBytes, empty.FreeBytes + empty.ReservedBytes);

        string tag = await pool.PutIfAbsentAsync("k", new byte[Slot / 2], CancellationToken.None);
        Assert.AreEqual((Slot, 128 << 10, empty.FreeBytes - Slot), (pool.Space.Value.UsedBytes, pool.Space.Value.ReservedBytes, pool.Space.Value.FreeBytes));

        await FillAsync(pool, Slot / 2);
        Assert.AreEqual((0, 128 << 10), (pool.Space.Value.FreeBytes, pool.Space.Value.ReservedBytes));
        await pool.CompareAndSetAsync("k", tag, new byte[32 * Slot], CancellationToken.None);
        Assert.IsLessThan(128 << 10, pool.Space.Value.ReservedBytes);
        Assert.AreEqual(pool.Space.Value.TotalBytes, pool.Space.Value.UsedBytes + pool.Space.Value.ReservedBytes);
    }

    [TestMethod]
    public async Task Deleting_everything_gives_all_space_back_to_pool_and_file_system()
    {
        var disk = new SimDisk();
        await using LocalPool pool = await TestPool.OpenAsync(disk, TestPool.Options, 3 << 20);
        ObjectStoreSpace before = pool.Space!.Value;
        int stored = await FillAsync(pool, 7 * Slot);
        for (int i = 0; i < stored; i++)
            await pool.DeleteAsync($"fill/{i}", CancellationToken.None);
        Assert.AreEqual(before, pool.Space.Value);
        PoolComponent component = pool.Components.Single();
        byte[] data = new byte[component.Layout.DataBytes];
        await component.File.ReadAsync(component.Layout.DataOffset, data);
        Assert.IsTrue(ZeroTest.IsZero(data), "chunks without objects are holes");
    }

    [TestMethod]
    public async Task Bytes_of_a_deleted_object_cannot_be_read_through_a_new_one()
    {
        await using LocalPool pool = await TestPool.OpenAsync(new SimDisk(), TestPool.Options, 1200 << 10);
        await pool.PutIfAbsentAsync("keep", new byte[Slot], CancellationToken.None);
        await pool.PutIfAbsentAsync("old", Content.Of("secret", 10 * Slot), CancellationToken.None);
        long place = PlaceOf(pool, "old");
        await pool.DeleteAsync("old", CancellationToken.None);
        await pool.PutIfAbsentAsync("new", Content.Of("new", 100), CancellationToken.None);
        Assert.AreEqual(place, PlaceOf(pool, "new"), "the test needs the same place");

        Assert.IsFalse(pool.TryGet("new", 0, new byte[101]));
        Assert.IsFalse(pool.TryGet("new", 100, new byte[1]));
        await Assert.ThrowsExactlyAsync<ObjectStoreException>(() => pool.GetAsync("new", 0, new byte[Slot], CancellationToken.None).AsTask());
    }

    [TestMethod]
    public async Task Objects_spread_so_that_components_fill_alike()
    {
        await using LocalPool pool = await TestPool.OpenAsync(new SimDisk(), TestPool.Options, 1 << 20, 2 << 20, 5 << 20);
        for (int i = 0; i < 300; i++)
            await pool.PutIfAbsentAsync($"o/{i}", new byte[10 * Slot], CancellationToken.None);
        double[] shares = [.. pool.Components.Select(component => 1 - (double)component.Slots.FreeSlots / (component.Layout.ChunkCount * 64))];
        Assert.IsTrue(shares.Max() - shares.Min() < 0.05, string.Join(", ", shares));
    }

    [TestMethod]
    public async Task Sequential_allocation_fills_one_component_after_the_other()
    {
        await using LocalPool pool = await TestPool.OpenAsync(
            new SimDisk(), TestPool.Options with { Allocation = PoolAllocation.Sequential }, 2 << 20, 2 << 20);
        int fitsFirst = pool.Components[0].Layout.ChunkCount;
        for (int i = 0; i <= fitsFirst; i++)
        {
            await pool.PutIfAbsentAsync($"o/{i}", new byte[64 * Slot], CancellationToken.None);
            Assert.AreEqual(i < fitsFirst ? 0 : 1, pool.Objects.Single(entry => entry.Record.Key == $"o/{i}").First.Component.Label.Index);
        }
    }

    [TestMethod]
    [DataRow(1L << 40)]
    [DataRow(64L << 40)]
    public async Task Making_and_opening_cost_the_same_whatever_the_size(long sizeBytes)
    {
        var disk = new SimDisk();
        LocalPoolOptions options = TestPool.Options with { ChunkBytes = 4 << 20 };
        await using (LocalPool pool = await TestPool.OpenAsync(disk, options, sizeBytes))
        {
            Assert.IsTrue(disk.Faults.Writes < 10 && disk.Faults.Reads < 10, $"{disk.Faults.Writes} writes, {disk.Faults.Reads} reads");
            await pool.PutIfAbsentAsync("k", Content.Of("k", 1000), CancellationToken.None);
        }

        long reads = disk.Faults.Reads;
        await using LocalPool again = await TestPool.OpenAsync(disk, options, sizeBytes);
        Assert.IsTrue(disk.Faults.Reads - reads < 10, $"{disk.Faults.Reads - reads} reads");
        CollectionAssert.AreEqual(Content.Of("k", 1000), await again.ReadAllAsync("k"));
        Assert.IsTrue(again.Space!.Value.TotalBytes > sizeBytes * 0.99);
    }

    [TestMethod]
    public void A_mark_is_passed_at_once_and_left_only_with_the_hysteresis()
    {
        var marks = new WatermarkOptions { LowFreePercent = 20, FullFreePercent = 10, HysteresisPercent = 5 };
        var state = WatermarkState.Ok;
        foreach ((long free, WatermarkState expected) in new[]
        {
            (20L, WatermarkState.Ok), (19L, WatermarkState.Low), (20L, WatermarkState.Low), (24L, WatermarkState.Low), (25L, WatermarkState.Ok),
            (9L, WatermarkState.Full), (14L, WatermarkState.Full), (15L, WatermarkState.Low), (10L, WatermarkState.Low), (9L, WatermarkState.Full),
            (30L, WatermarkState.Ok),
        })
        {
            state = marks.Next(state, free * 1000, 100_000);
            Assert.AreEqual(expected, state, $"{free} % free");
        }
    }

    [TestMethod]
    public void A_mark_in_bytes_counts_where_it_is_more()
    {
        var marks = new WatermarkOptions { LowFreePercent = 10, LowFreeBytes = 500, FullFreePercent = 1, HysteresisPercent = 0 };
        Assert.AreEqual(WatermarkState.Low, marks.Next(WatermarkState.Ok, 499, 1000));
        Assert.AreEqual(WatermarkState.Low, marks.Next(WatermarkState.Ok, 9_999, 100_000));
        Assert.AreEqual(WatermarkState.Ok, marks.Next(WatermarkState.Ok, 10_000, 100_000));
    }

    [TestMethod]
    public async Task Passing_a_mark_is_logged_once_with_the_numbers()
    {
        ConcurrentQueue<string> lines = new();
        var log = new LogProbe<LocalPool>((_, _, line) => lines.Enqueue(line));
        await using LocalPool pool = await TestPool.OpenAsync(new SimDisk(), log, TestPool.Options with
        {
            ReserveBytes = 0,
            Watermarks = new() { LowFreePercent = 50, FullFreePercent = 20, HysteresisPercent = 5 },
        }, 4 << 20);
        int stored = await FillAsync(pool, 64 * Slot);
        Assert.AreEqual(WatermarkState.Full, pool.Watermark);
        for (int i = 0; i < stored; i++)
            await pool.DeleteAsync($"fill/{i}", CancellationToken.None);
        Assert.AreEqual(WatermarkState.Ok, pool.Watermark);

        string[] passed = [.. lines.Where(line => line.Contains("space is now"))];
        CollectionAssert.AreEqual(new[] { "Low", "Full", "Low", "Ok" }, passed.Select(line => line.Split("space is now ")[1].Split(':')[0]).ToArray());
        foreach (string line in passed)
            StringAssert.Contains(line, $"of {pool.Space!.Value.TotalBytes} bytes free, low mark {pool.Space.Value.TotalBytes / 2}");
    }

    private static async Task<int> FillAsync(LocalPool pool, int lengthBytes)
    {
        for (int i = 0; ; i++)
        {
            try
            {
                await pool.PutIfAbsentAsync($"fill/{i}", Content.Of($"fill/{i}", lengthBytes), CancellationToken.None);
            }
            catch (ObjectStoreException e) when (e.Error == ObjectStoreError.OutOfSpace)
            {
                return i;
            }
        }
    }

    private static long PlaceOf(LocalPool pool, string key) => pool.Objects.Single(entry => entry.Record.Key == key).First.OffsetBytes;
}
