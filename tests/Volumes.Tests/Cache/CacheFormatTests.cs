using Lunaria.Volumes.Cache;

namespace Lunaria.Volumes.Tests.Cache;

/// <summary>What released versions wrote to cache devices (docs/FORMATS.md), made by another program: it is read, and written the same way.</summary>
[TestClass]
public sealed class CacheFormatTests
{
    private const string LabelV1 =
        "4c554e414341434801000000c55b885000112233445566778899aabbccddeeffe803000000000100";

    private const string RecordV1 =
        "4c435231ff2aa3e60100ff0007000000887766554433221100112233445566778899aabbccddeeff2a000000000000000300000000000000000000000101010102020202030303030404040405050505060606060707070708080808090909090a0a0a0a0b0b0b0b0c0c0c0c0d0d0d0d0e0e0e0e0f0f0f0f0000000000000000"
        + "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000807060504030201";

    private static readonly Guid Uuid = Guid.Parse("00112233-4455-6677-8899-aabbccddeeff");

    [TestMethod]
    public void Label_of_version_1()
    {
        byte[] page = new byte[CacheLabel.Bytes];
        Convert.FromHexString(LabelV1).CopyTo(page, 0);
        byte[] written = new byte[CacheLabel.Bytes];
        new CacheLabel(Uuid, 1000).Write(written);
        CollectionAssert.AreEqual(page, written);
        Assert.AreEqual((LabelState.Intact, new CacheLabel(Uuid, 1000)), CacheLabel.Read(written));
        page[33] ^= 1;
        Assert.AreEqual((LabelState.Damaged, null), CacheLabel.Read(page));
    }

    [TestMethod]
    public void Record_of_version_1()
    {
        byte[] bytes = Convert.FromHexString(RecordV1);
        Assert.IsTrue(CacheRecord.TryParse(bytes, out CacheRecord? record));
        Assert.AreEqual((SlotKind.Window, 7u, 3, 0x1122334455667788ul, Uuid), (record.Kind, record.Segment, record.Window, record.Sequence, record.Line));
        Assert.AreEqual((0x0102030405060708ul, 42ul, (ushort)0xFF), (record.Owner, record.Admission, record.Valid));
        Assert.AreEqual(15 * 0x01010101u, record.Crcs[15]);
        byte[] written = new byte[CacheRecord.Bytes];
        record.Write(written);
        CollectionAssert.AreEqual(bytes, written);
        for (int bit = 0; bit < 8 * bytes.Length; bit += 7)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.IsFalse(CacheRecord.TryParse(bytes, out _), $"bit {bit} flipped");
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }
}
