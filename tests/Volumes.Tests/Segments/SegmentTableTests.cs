using Lunaria.Volumes.Segments;
using Lunaria.Volumes.Tests.Map;

namespace Lunaria.Volumes.Tests.Segments;

/// <summary>Counts of the segment table, and what it refuses.</summary>
[TestClass]
public sealed class SegmentTableTests
{
    private static SegmentTable Table()
    {
        var table = new SegmentTable();
        table.AddVolume(1, MapHarness.Uuid(0), 5);
        table.Add(new(1), 1, MapHarness.Header(0, 7, [1, 2, 3]));
        return table;
    }

    [TestMethod]
    public void Adding_again_changes_nothing_and_another_segment_is_refused()
    {
        SegmentTable table = Table();
        table.AddReferences(new(1), 3);
        table.Add(new(1), 1, MapHarness.Header(0, 7, [1, 2, 3]));
        Assert.IsTrue(table.TryGet(new(1), out SegmentRow row));
        Assert.AreEqual(new SegmentRow(1, 7, 4096, 3, 3, 8UL << 20), row);
        Assert.AreEqual((4 * 4096L, 4 * 4096L, 1, 8UL), (table.StoredBytes, table.VolumeStoredBytes(1), table.Count, table.NextSequence(1)));
        Assert.ThrowsExactly<InvalidDataException>(() => table.Add(new(1), 1, MapHarness.Header(0, 8, [1, 2, 3])));
    }

    [TestMethod]
    public void A_count_below_0_and_one_of_no_segment_are_refused()
    {
        SegmentTable table = Table();
        Assert.ThrowsExactly<InvalidOperationException>(() => table.AddReferences(new(1), -1));
        Assert.ThrowsExactly<InvalidOperationException>(() => table.AddReferences(new(2), 1));
    }

    [TestMethod]
    public void Only_a_dead_segment_is_removed_and_its_number_stays_taken()
    {
        SegmentTable table = Table();
        table.AddReferences(new(1), 3);
        Assert.ThrowsExactly<InvalidOperationException>(() => table.Remove(new(1)));
        table.AddReferences(new(1), -3);
        var dead = new List<SegmentId>();
        table.CopyDead(dead);
        CollectionAssert.AreEqual(new SegmentId[] { new(1) }, dead);
        table.Remove(new(1));
        Assert.IsFalse(table.TryGet(new(1), out _));
        Assert.AreEqual((0L, 0L, 0, 8UL, new SegmentId(2)), (table.StoredBytes, table.VolumeStoredBytes(1), table.Count, table.NextSequence(1), table.NextId));
    }

    [TestMethod]
    public void Dead_segments_are_found_among_many_with_gaps()
    {
        SegmentTable table = Table();
        uint[] dead = [1, 1023, 1024, 5000, 70_000];
        foreach (uint id in dead.Skip(1))
            table.Add(new(id), 1, MapHarness.Header(0, id, [1]));
        table.Add(new(6000), 1, MapHarness.Header(0, 6000, [1]));
        table.AddReferences(new(6000), 1);
        var found = new List<SegmentId>();
        table.CopyDead(found);
        CollectionAssert.AreEqual(dead, found.Select(id => id.Value).ToArray());
        Assert.AreEqual(70_001U, table.NextId.Value);
    }

    [TestMethod]
    public void Memory_of_old_numbers_is_given_back()
    {
        SegmentTable table = Table();
        SegmentHeader header = MapHarness.Header(0, 9, [1]);
        var dead = new List<SegmentId>();
        for (uint id = 2; id < 100_000; id++)
        {
            table.Add(new(id), 1, header);
            table.Remove(new(id));
            if (id % 1000 == 0)
                table.MarkClean();
        }
        table.MarkClean();
        Assert.IsLessThanOrEqualTo(4 * 1024, table.Capacity);
        table.CopyDead(dead);
        CollectionAssert.AreEqual(new SegmentId[] { new(1) }, dead);
        Assert.IsTrue(table.TryGet(new(1), out _));
        Assert.IsFalse(table.TryGet(new(50_000), out _));
        Assert.ThrowsExactly<OverflowException>(() => table.Add(new(uint.MaxValue), 1, header));
    }
}
