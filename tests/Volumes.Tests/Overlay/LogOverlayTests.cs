using Lunaria.Volumes.Overlay;

namespace Lunaria.Volumes.Tests.Overlay;

[TestClass]
public sealed class LogOverlayTests
{
    [TestMethod]
    public void An_entry_lies_over_the_trim_before_it_and_a_trim_removes_what_is_under_it()
    {
        LogOverlay overlay = new();
        overlay.Insert(7, 8192, 0xDEADBEEF);
        Assert.AreEqual(new OverlayLookup(OverlayKind.Log, 8192, 0xDEADBEEF), overlay.Lookup(7));
        overlay.Trim(0, 10, 12288);
        Assert.AreEqual(new OverlayLookup(OverlayKind.Hole, 12288, 0), overlay.Lookup(7));
        overlay.Insert(7, 20480, 1);
        Assert.AreEqual(new OverlayLookup(OverlayKind.Log, 20480, 1), overlay.Lookup(7));
        Assert.AreEqual(OverlayKind.Hole, overlay.Lookup(8).Kind);
        Assert.AreEqual(OverlayKind.NotHere, overlay.Lookup(10).Kind);
        Assert.IsFalse(overlay.RemoveIfEquals(7, 8192), "an older version than the entry");
        overlay.RemoveRangesBelow(16384);
        Assert.IsTrue(overlay.RemoveIfEquals(7, 20480));
        Assert.AreEqual(OverlayKind.NotHere, overlay.Lookup(7).Kind);
        Assert.AreEqual(0, overlay.Count + overlay.RangeCount);
    }

    [TestMethod]
    public void Every_bit_of_an_entry_comes_back()
    {
        LogOverlay overlay = new();
        ulong block = LogOverlay.MaxBlocks - 1, lsn = ulong.MaxValue >> 8 << 12;
        foreach (uint crc in (uint[])[0, 1, 0x80, 0x100, 0x80000000, uint.MaxValue])
        {
            overlay.Insert(block, lsn, crc);
            Assert.AreEqual(new OverlayLookup(OverlayKind.Log, lsn, crc), overlay.Lookup(block));
            overlay.Insert(0, 4096, crc);
            Assert.AreEqual(new OverlayLookup(OverlayKind.Log, 4096, crc), overlay.Lookup(0));
        }
        Assert.Throws<ArgumentOutOfRangeException>(() => overlay.Insert(LogOverlay.MaxBlocks, 4096, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => overlay.Trim(1, LogOverlay.MaxBlocks, 4096));
    }

    [TestMethod]
    public void A_run_ends_where_positions_or_kinds_change()
    {
        LogOverlay overlay = new();
        overlay.Trim(0, 100, 4096);
        for (uint i = 0; i < 4; i++)
            overlay.Insert(10 + i, 40960 + (4096 * i), i);
        overlay.Insert(14, 81920, 9);
        uint[] crcs = new uint[64];
        Assert.AreEqual(new OverlayRun(OverlayKind.Hole, 10, 4096), overlay.LookupRun(0, 64, crcs));
        Assert.AreEqual(new OverlayRun(OverlayKind.Log, 4, 40960), overlay.LookupRun(10, 64, crcs));
        CollectionAssert.AreEqual((uint[])[0, 1, 2, 3], crcs[..4]);
        Assert.AreEqual(new OverlayRun(OverlayKind.Log, 2, 40960 + 4096), overlay.LookupRun(11, 2, crcs));
        Assert.AreEqual(new OverlayRun(OverlayKind.Hole, 64, 4096), overlay.LookupRun(15, 64, crcs));
        Assert.AreEqual(new OverlayRun(OverlayKind.NotHere, 64, 0), overlay.LookupRun(100, 64, crcs));
    }

    [TestMethod]
    public void A_trim_of_the_whole_volume_costs_what_is_there_and_memory_is_given_back()
    {
        LogOverlay overlay = new();
        Random random = new(1);
        for (int i = 0; i < 200_000; i++)
            overlay.Insert((ulong)random.NextInt64((long)LogOverlay.MaxBlocks), 4096UL * (ulong)(i + 1), 0);
        Assert.IsLessThan(50L * overlay.Count, overlay.MemoryBytes);
        overlay.Trim(0, LogOverlay.MaxBlocks, 1UL << 40);
        Assert.AreEqual(0, overlay.Count);
        Assert.AreEqual(1, overlay.RangeCount);
        Assert.IsLessThan(20_000L, overlay.MemoryBytes);
    }

    [TestMethod]
    public void A_steady_load_allocates_nothing()
    {
        LogOverlay overlay = new();
        for (int round = 0; round < 2; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (uint i = 0; i < 10_000; i++)
            {
                overlay.Insert((i * 77) % 5000, 4096UL * (i + 1), i);
                if (i % 10 == 0)
                    overlay.Trim((i * 31) % 5000, 1, 4096UL * (i + 1));
                overlay.Lookup(i % 5000);
            }
            if (round > 0)
                Assert.IsLessThan(16_384L, GC.GetAllocatedBytesForCurrentThread() - before);
        }
    }
}
