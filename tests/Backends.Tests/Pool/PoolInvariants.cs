using Lunaria.Backends.Pool;
using Lunaria.Backends.Pool.Format;
using Lunaria.Testing;
using Lunaria.Volumes.Io;

namespace Lunaria.Backends.Tests.Pool;

/// <summary>What is true of every open pool between calls, read from its bytes with nothing but the format.</summary>
internal static class PoolInvariants
{
    public static void Check(SimDisk disk, LocalPool pool, string context)
    {
        foreach (ObjectEntry entry in pool.Objects)
        {
            Assert.AreEqual(entry.Copies.Count, entry.Copies.DistinctBy(copy => copy.Component).Count(), $"{context}: two copies of '{entry.Key}' are on one component");
            Assert.AreEqual(1, entry.Copies.DistinctBy(copy => (copy.Record.Key, copy.Record.Version, copy.Record.ContentCrc, copy.Record.LengthBytes)).Count(), $"{context}: the copies of '{entry.Key}' differ");
        }

        foreach (PoolComponent component in pool.Components.Where(component => !component.IsSetAside))
        {
            using IDiskFile file = disk.Open(component.DisplayPath[(component.DisplayPath.LastIndexOf('/') + 1)..], create: false);
            ComponentLabel label = ReadLabel(file, 0), back = ReadLabel(file, component.Layout.BackLabelOffset);
            Assert.AreEqual(label.Generation, back.Generation, $"{context}: labels differ");
            Assert.AreEqual(LabelState.Ready, label.State, context);
            CheckTable(file, label, pool, component, context);
        }
    }

    private static void CheckTable(IDiskFile file, ComponentLabel label, LocalPool pool, PoolComponent component, string context)
    {
        ComponentLayout layout = label.Layout;
        var taken = new ulong[layout.ChunkCount];
        var objects = pool.Objects.SelectMany(entry => entry.Copies).Where(copy => copy.Component == component).ToDictionary(copy => copy.RecordNumber);
        int live = 0;
        for (long number = 0; number < label.RecordsFormatted; number++)
        {
            TableRecord front = ReadRecord(file, layout.FrontTableOffset, label, number, context);
            TableRecord back = ReadRecord(file, layout.BackTableOffset, label, number, context);
            Assert.AreEqual(front, back, $"{context}: the copies of record {number} differ");
            if (front.State != TableRecordState.Live)
                continue;
            live++;
            Assert.IsTrue(front.FitsInto(layout), $"{context}: record {number} names an impossible place");
            Assert.IsTrue(objects.TryGetValue(number, out ObjectCopy? copy) && copy.Record == front, $"{context}: record {number} is not known");
            for (int slot = front.FirstSlot; slot < front.FirstSlot + front.SlotCount; slot++)
            {
                Assert.AreEqual(0UL, taken[front.Chunk] & (1UL << slot), $"{context}: slot {slot} of chunk {front.Chunk} has two owners");
                taken[front.Chunk] |= 1UL << slot;
            }
        }

        Assert.AreEqual(objects.Count, live, $"{context}: objects without a record");
        long free = (long)layout.ChunkCount * ComponentLayout.SlotsPerChunk - taken.Sum(word => (long)ulong.PopCount(word));
        Assert.AreEqual(free, component.Slots.FreeSlots, $"{context}: slots are taken that no object has");
    }

    private static ComponentLabel ReadLabel(IDiskFile file, long offset)
    {
        byte[] bytes = new byte[ComponentLayout.LabelAreaBytes];
        Assert.IsTrue(file.TryRead(offset, bytes));
        Assert.AreEqual(LabelHealth.Sound, LabelCodec.Decode(bytes, out ComponentLabel? label));
        return label!;
    }

    private static TableRecord ReadRecord(IDiskFile file, long table, ComponentLabel label, long number, string context)
    {
        Span<byte> bytes = stackalloc byte[TableRecord.Bytes];
        Assert.IsTrue(file.TryRead(table + number * TableRecord.Bytes, bytes));
        Assert.AreEqual(TableRecordHealth.Sound, TableRecordCodec.Decode(bytes, label.ComponentId, number, out TableRecord record),
            $"{context}: record {number} is damaged");
        return record;
    }
}
