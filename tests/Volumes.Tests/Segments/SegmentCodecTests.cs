using System.Buffers.Binary;
using Lunaria.Volumes.Io;
using Lunaria.Volumes.Segments;
using Lunaria.Volumes.Tests.Map;

namespace Lunaria.Volumes.Tests.Segments;

/// <summary>The segment's bytes: what FORMATS.md says, and every damage of the header is refused.</summary>
[TestClass]
public sealed class SegmentCodecTests
{
    private static readonly Guid Pool = Guid.Parse("00112233-4455-6677-8899-aabbccddeeff"), Volume = Guid.Parse("0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0");

    private static byte[] Sample(out SegmentHeader header)
    {
        var builder = new SegmentBuilder(64 << 10);
        Assert.IsTrue(builder.TryAddTrim(new(7, 1UL << 39)));
        foreach (ulong block in (ulong[])[5, 6, 900])
        {
            Assert.IsTrue(builder.TryAddBlock(block, 0xA0000000 + (uint)block, out Memory<byte> page));
            page.Span.Fill((byte)block);
        }
        return builder.Seal(Pool, Volume, 0x1234, 0x100000, 0x180000, out header).ToArray();
    }

    [TestMethod]
    public void A_segment_has_the_bytes_of_the_format()
    {
        byte[] content = Sample(out _);
        Assert.HasCount(4 * 4096, content);
        const string fixedPart =
            "4C554E4153454700" + "0200" + "01" + "00" + "00" + "000000" + "00112233445566778899AABBCCDDEEFF" + "0F1E2D3C4B5A69788796A5B4C3D2E1F0"
            + "3412000000000000" + "0000100000000000" + "0000180000000000" + "00100000" + "03000000" + "02000000" + "01000000";
        Assert.AreEqual(fixedPart, Convert.ToHexString(content.AsSpan(0, 88)));
        Assert.IsTrue(ZeroTest.IsZero(content.AsSpan(88, 36)));
        const string lists =
            "0500000000000000" + "02000000" + "8403000000000000" + "01000000" + "0700000000000000" + "0000000080000000"
            + "050000A0" + "060000A0" + "840300A0";
        Assert.AreEqual(lists, Convert.ToHexString(content.AsSpan(128, 52)));
        Assert.IsTrue(ZeroTest.IsZero(content.AsSpan(180, 4096 - 180)));
        Assert.AreEqual(6, content[4096 * 2]);
        uint crc = BinaryPrimitives.ReadUInt32LittleEndian(content.AsSpan(124));
        content.AsSpan(124, 4).Clear();
        Assert.AreEqual(Crc32C.Compute(content.AsSpan(0, 4096)), crc);
    }

    [TestMethod]
    public void A_header_comes_back()
    {
        byte[] content = Sample(out SegmentHeader written);
        Assert.IsTrue(SegmentHeader.TryParse(content, out SegmentHeader? read, out _));
        Assert.AreEqual((Pool, Volume, 0x1234UL, SegmentKind.Data, 0x100000UL, 0x180000UL),
            (read.PoolId, read.VolumeUuid, read.Sequence, read.Kind, read.FirstLsn, read.EndLsn));
        CollectionAssert.AreEqual(written.Extents, read.Extents);
        CollectionAssert.AreEqual(new BlockRange[] { new(7, 1UL << 39) }, read.Trims);
        CollectionAssert.AreEqual(written.BlockCrcs, read.BlockCrcs);
        Assert.AreEqual(content.Length, read.ObjectBytes);
    }

    [TestMethod]
    public void Every_flipped_byte_of_the_header_is_refused()
    {
        byte[] content = Sample(out _);
        for (int i = 0; i < 4096; i++)
        {
            content[i] ^= 0x40;
            Assert.IsFalse(SegmentHeader.TryParse(content, out _, out string? problem), $"byte {i}");
            Assert.IsNotNull(problem);
            content[i] ^= 0x40;
        }
        for (int length = 0; length < 4096; length += 91)
            Assert.IsFalse(SegmentHeader.TryParse(content.AsSpan(0, length), out _, out _));
    }

    [TestMethod]
    [DataRow(8, 3, "version 3", DisplayName = "version")]
    [DataRow(10, 3, "kind 3", DisplayName = "kind")]
    [DataRow(11, 1, "codec 1", DisplayName = "codec")]
    [DataRow(12, 1, "encryption 1", DisplayName = "encryption")]
    [DataRow(76, 4, "lengths", DisplayName = "block count with other extents")]
    [DataRow(128, 200, "", DisplayName = "extent order")]
    [DataRow(136, 0, "", DisplayName = "empty extent")]
    [DataRow(159, 255, "order", DisplayName = "trim beyond any volume")]
    public void An_intact_header_that_makes_no_sense_is_refused(int offset, int value, string reason)
    {
        byte[] content = Sample(out _);
        content[offset] = (byte)value;
        if (offset == 128)
            content[130] = 1;
        if (offset == 76)
            content[72] = 1;
        content.AsSpan(124, 4).Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(content.AsSpan(124), Crc32C.Compute(content.AsSpan(0, 4096)));
        Assert.IsFalse(SegmentHeader.TryParse(content, out _, out string? problem));
        StringAssert.Contains(problem, reason, StringComparison.Ordinal);
    }

    [TestMethod]
    public void Random_bytes_behind_a_good_magic_never_throw()
    {
        int seed = Seed.One();
        var random = new Random(seed);
        byte[] content = new byte[3 * 4096];
        for (int round = 0; round < 2000; round++)
        {
            random.NextBytes(content);
            Sample(out _).AsSpan(0, random.Next(8, 100)).CopyTo(content);
            Assert.IsFalse(SegmentHeader.TryParse(content, out _, out _), $"LUNARIA_SEED={seed}");
        }
    }

    [TestMethod]
    [DataRow(8 << 10)]
    [DataRow(64 << 10)]
    [DataRow(4 << 20)]
    [DataRow(16 << 20)]
    public void A_full_segment_uses_the_object_to_the_last_page(int maxBytes)
    {
        var builder = new SegmentBuilder(maxBytes);
        foreach (ulong stride in (ulong[])[1, 2])
        {
            builder.Reset();
            ulong block = 1;
            for (; builder.TryAddBlock(block, 0, out _); block += stride)
            {
            }
            ReadOnlyMemory<byte> content = builder.Seal(Pool, Volume, 1, 0, 0, out SegmentHeader header);
            Assert.IsLessThanOrEqualTo(maxBytes, content.Length);
            Assert.IsGreaterThan(maxBytes - 2 * 4096, content.Length);
            Assert.IsTrue(SegmentHeader.TryParse(content.Span, out _, out string? problem), problem);
            Assert.AreEqual(stride == 1 ? 1 : builder.BlockCount, header.Extents.Length);
        }
    }

    [TestMethod]
    public void Trims_have_an_end_and_leave_a_segment_that_reads_back()
    {
        var builder = new SegmentBuilder(64 << 10);
        ulong start = 0;
        while (builder.TryAddTrim(new(start, 1)))
            start += 1;
        Assert.IsTrue(start > 100);
        while (builder.TryAddBlock(start++, 1, out _))
        {
        }
        ReadOnlyMemory<byte> content = builder.Seal(Pool, Volume, 1, 0, 0, out _);
        Assert.IsLessThanOrEqualTo(64 << 10, content.Length);
        Assert.IsTrue(SegmentHeader.TryParse(content.Span, out _, out string? problem), problem);
    }

    [TestMethod]
    public void Blocks_and_trims_out_of_order_are_the_callers_mistake()
    {
        var builder = new SegmentBuilder(64 << 10);
        builder.TryAddBlock(5, 0, out _);
        Assert.ThrowsExactly<ArgumentException>(() => builder.TryAddBlock(5, 0, out _));
        builder.TryAddTrim(new(5, 10));
        Assert.ThrowsExactly<ArgumentException>(() => builder.TryAddTrim(new(14, 1)));
    }

    [TestMethod]
    public void Keys_name_volume_shard_and_sequence()
    {
        string key = SegmentKey.Format(Volume, 0xABCDEF);
        Assert.AreEqual("volumes/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0/ef/0000000000abcdef", key);
        Assert.IsTrue(SegmentKey.TryParse(key, Volume, out ulong sequence));
        Assert.AreEqual(0xABCDEFUL, sequence);
        Assert.IsFalse(SegmentKey.TryParse(key, Pool, out _));
        Assert.IsFalse(SegmentKey.TryParse(key.Replace("/ef/", "/ee/", StringComparison.Ordinal), Volume, out _));
        Assert.IsFalse(SegmentKey.TryParse("x", Volume, out _));
    }
}
