using Lunaria.Backends.Pool.Format;

namespace Lunaria.Backends.Tests.Pool;

/// <summary>The bytes of labels and records: round trips, every single-bit damage, and the bytes that version 1 has for ever.</summary>
[TestClass]
public sealed class CodecTests
{
    private static readonly Guid Id = new("00112233-4455-6677-8899-aabbccddeeff");

    private static readonly TableRecord Record = new(TableRecordState.Live, 0x0102030405060708, 0x1112131415161718, "volumes/v1/0000002a.seg", 0x21222324,
        3, 61, 0x003FEDCB, 0x51525354);

    private static readonly ComponentLabel Label = new(LabelState.Ready, 7, 3, new Guid("ffeeddcc-bbaa-9988-7766-554433221100"), Id, 1, "main",
        ComponentLayout.Create(1L << 30, 4 << 20), 2048,
        [
            new PoolMember(new Guid("01234567-89ab-cdef-0123-456789abcdef"), 0, MemberState.Active, 2L << 30, "/data/pool-0"),
            new PoolMember(Id, 1, MemberState.Active, 1L << 30, "/mnt/größer/pool-1"),
        ]);

    private static readonly ComponentLabel Mirrored = Label with { Copies = 2, Members = [Label.Members[0] with { State = MemberState.SetAside }, Label.Members[1]] };

    [TestMethod]
    public void A_record_comes_back_and_no_flipped_bit_is_believed()
    {
        byte[] bytes = new byte[TableRecord.Bytes];
        TableRecordCodec.Encode(Record, Id, 12345, bytes);
        Assert.AreEqual(TableRecordHealth.Sound, TableRecordCodec.Decode(bytes, Id, 12345, out TableRecord decoded));
        Assert.AreEqual(Record, decoded);
        for (int bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.AreEqual(TableRecordHealth.Damaged, TableRecordCodec.Decode(bytes, Id, 12345, out _), $"bit {bit}");
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [TestMethod]
    public void A_record_at_another_place_or_of_another_component_is_not_believed()
    {
        byte[] bytes = new byte[TableRecord.Bytes];
        TableRecordCodec.Encode(Record, Id, 12345, bytes);
        Assert.AreEqual(TableRecordHealth.Damaged, TableRecordCodec.Decode(bytes, Id, 12346, out _));
        Assert.AreEqual(TableRecordHealth.Damaged, TableRecordCodec.Decode(bytes, Guid.NewGuid(), 12345, out _));
    }

    [TestMethod]
    public void A_record_that_was_never_written_is_free()
    {
        Assert.AreEqual(TableRecordHealth.Sound, TableRecordCodec.Decode(new byte[TableRecord.Bytes], Id, 0, out TableRecord record));
        Assert.AreEqual(TableRecord.Cleared(0), record);
    }

    [TestMethod]
    public void A_label_comes_back_and_no_flipped_bit_is_believed()
    {
        byte[] bytes = LabelCodec.Encode(Label);
        Assert.AreEqual(LabelHealth.Sound, LabelCodec.Decode(bytes, out ComponentLabel? decoded));
        AssertEqual(Label, decoded!);
        int used = 256 * (1 + Label.Members.Count);
        for (int bit = 0; bit < used * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.AreEqual(bit < 64 ? LabelHealth.Absent : LabelHealth.Damaged, LabelCodec.Decode(bytes, out _), $"bit {bit}");
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [TestMethod]
    public void The_largest_label_fits_its_area()
    {
        PoolMember[] members = [.. Enumerable.Range(0, LabelCodec.MaxMembers)
            .Select(i => new PoolMember(Guid.NewGuid(), i, MemberState.Active, 1L << 40, new string('p', 300)))];
        byte[] bytes = LabelCodec.Encode(Label with { Members = members, PoolName = new string('n', LabelCodec.MaxNameBytes) });
        Assert.AreEqual(ComponentLayout.LabelAreaBytes, bytes.Length);
        Assert.AreEqual(LabelHealth.Sound, LabelCodec.Decode(bytes, out ComponentLabel? decoded));
        Assert.AreEqual(LabelCodec.MaxMembers, decoded!.Members.Count);
        Assert.AreEqual(LabelCodec.MaxPathBytes, decoded.Members[^1].LastPath.Length);
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(100)]
    [DataRow(255)]
    [DataRow(600)]
    public void A_label_that_ends_early_is_not_read(int lengthBytes)
    {
        LabelHealth health = LabelCodec.Decode(LabelCodec.Encode(Label).AsSpan(0, lengthBytes), out ComponentLabel? label);
        Assert.AreEqual(lengthBytes < 256 ? LabelHealth.Absent : LabelHealth.Damaged, health);
        Assert.IsNull(label);
    }

    [TestMethod]
    public void Layouts_of_all_sizes_are_sound_and_waste_little()
    {
        foreach (int chunkBytes in new[] { 64 << 10, 4 << 20, 128 << 20 })
        {
            Assert.AreEqual(ComponentLayout.MinChunkCount, ComponentLayout.Create(ComponentLayout.MinSizeBytes(chunkBytes), chunkBytes).ChunkCount);
            for (long size = ComponentLayout.MinSizeBytes(chunkBytes); size < 100L << 40; size = size * 3 / 2 + 511)
            {
                ComponentLayout layout = ComponentLayout.Create(size, chunkBytes);
                Assert.IsTrue(layout.IsSound(), $"{size} in chunks of {chunkBytes}: {layout}");
                long spent = 2L * ComponentLayout.LabelAreaBytes + layout.DataBytes + 2 * layout.RecordCapacity * TableRecord.Bytes;
                Assert.IsTrue(size - spent <= 2L * chunkBytes + 64L * TableRecord.Bytes * 2, $"{size - spent} of {size} bytes are wasted");
                Assert.AreEqual(0, layout.DataOffset % layout.SlotBytes);
            }
        }
    }

    [TestMethod]
    public void Labels_of_all_versions_are_read_for_ever()
    {
        byte[] first = Convert.FromHexString(File.ReadAllText(Fixture("pool-label-v1.hex")).ReplaceLineEndings(""));
        Assert.AreEqual(LabelHealth.Sound, LabelCodec.Decode(first, out ComponentLabel? decodedFirst));
        AssertEqual(Label, decodedFirst!);

        byte[] label = Convert.FromHexString(File.ReadAllText(Fixture("pool-label-v2.hex")).ReplaceLineEndings(""));
        Assert.AreEqual(LabelHealth.Sound, LabelCodec.Decode(label, out ComponentLabel? decodedLabel));
        AssertEqual(Label, decodedLabel!);
        CollectionAssert.AreEqual(LabelCodec.Encode(Label), label, "the label's bytes changed: that needs a new version");

        byte[] third = Convert.FromHexString(File.ReadAllText(Fixture("pool-label-v3.hex")).ReplaceLineEndings(""));
        Assert.AreEqual(LabelHealth.Sound, LabelCodec.Decode(third, out ComponentLabel? decodedThird));
        AssertEqual(Mirrored, decodedThird!);
        CollectionAssert.AreEqual(LabelCodec.Encode(Mirrored), third, "the label's bytes changed: that needs a new version");

        byte[] record = Convert.FromHexString(File.ReadAllText(Fixture("pool-record-v1.hex")).ReplaceLineEndings(""));
        Assert.AreEqual(TableRecordHealth.Sound, TableRecordCodec.Decode(record, Id, 12345, out TableRecord decodedRecord));
        Assert.AreEqual(Record, decodedRecord);
    }

    private static string Fixture(string name) => Path.Combine(AppContext.BaseDirectory, "Formats", name);

    private static void AssertEqual(ComponentLabel expected, ComponentLabel actual)
    {
        CollectionAssert.AreEqual(expected.Members.ToArray(), actual.Members.ToArray());
        Assert.AreEqual(expected with { Members = actual.Members }, actual);
    }
}
