using System.Buffers.Binary;
using Lunaria.Volumes.Io;
using Lunaria.Volumes.Log;

namespace Lunaria.Volumes.Tests.Log;

[TestClass]
public sealed class LogHeaderTests
{
    private static readonly Guid LogId = new("00112233-4455-6677-8899-aabbccddeeff");

    private static readonly LogExtent[] Extents = [new(0x01020304, LogExtentKind.Data, 0x1122334455, 2), new(5, LogExtentKind.Trim, 6, ulong.MaxValue)];

    private static readonly LogHeader Header = new(
        LogRecordFlags.FirstOfLife, 0xA1A2A3A4A5A6A7A8, 0x7000, 0x3000, 4096, 3 * 4096, 2, 2, 0xC1C2C3C4);

    [TestMethod]
    public void The_bytes_are_those_of_the_format()
    {
        byte[] page = Written();
        string expected =
            "4C756E61724C6F67" + "0200" + "0200" + "00100000" + "00112233445566778899AABBCCDDEEFF" + "A8A7A6A5A4A3A2A1" + "0070000000000000" +
            "0030000000000000" + "00300000" + "02000000" + "02000000" + "C4C3C2C1" + "0000000000000000";
        Assert.AreEqual(expected, Convert.ToHexString(page.AsSpan(0, 80)));
        Assert.AreEqual(new string('0', 88), Convert.ToHexString(page.AsSpan(84, 44)));
        string lists =
            "04030201" + "01000000" + "5544332211000000" + "0200000000000000" +
            "05000000" + "03000000" + "0600000000000000" + "FFFFFFFFFFFFFFFF" + "EFBEADDE" + "78563412";
        Assert.AreEqual(lists, Convert.ToHexString(page.AsSpan(128, lists.Length / 2)));
        Assert.IsTrue(ZeroTest.IsZero(page.AsSpan(128 + (lists.Length / 2))));
        byte[] without = [.. page[..80], .. page[84..]];
        Assert.AreEqual(Crc32C.Compute(without), BinaryPrimitives.ReadUInt32LittleEndian(page.AsSpan(80)));
    }

    [TestMethod]
    public void What_was_written_is_read()
    {
        byte[] page = Written();
        Assert.IsTrue(LogHeader.TryReadFixed(page, LogId, out LogHeader header));
        Assert.AreEqual(Header, header);
        Assert.IsTrue(LogHeader.HasValidCrc(page, out _));
        LogExtent[] extents = new LogExtent[WriteLog.MaxExtents];
        uint[] crcs = new uint[WriteLog.MaxPayloadBlocks];
        Assert.IsTrue(header.TryReadLists(page, extents, crcs));
        CollectionAssert.AreEqual(Extents, extents[..2]);
        CollectionAssert.AreEqual((uint[])[0xDEADBEEF, 0x12345678], crcs[..2]);
        Assert.IsFalse(LogHeader.TryReadFixed(page, Guid.Empty, out _), "of another log");
    }

    [TestMethod]
    public void Every_changed_byte_is_noticed()
    {
        byte[] page = Written();
        for (int i = 0; i < page.Length; i++)
        {
            page[i] ^= (byte)(1 << (i % 8));
            Assert.IsFalse(LogHeader.TryReadFixed(page, LogId, out _) && LogHeader.HasValidCrc(page, out _), $"byte {i}");
            page[i] ^= (byte)(1 << (i % 8));
        }
    }

    [TestMethod]
    [DataRow(12, 8192u)]
    [DataRow(12, 0u)]
    [DataRow(56, 4096u)]
    [DataRow(56, 0x80000000u)]
    [DataRow(60, 1025u)]
    [DataRow(60, uint.MaxValue)]
    [DataRow(64, 1025u)]
    [DataRow(64, uint.MaxValue)]
    public void Lengths_that_cannot_be_are_refused_before_they_are_used(int offset, uint value)
    {
        byte[] page = Written();
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(offset), value);
        Assert.IsFalse(LogHeader.TryReadFixed(page, LogId, out _));
    }

    [TestMethod]
    public void The_biggest_record_has_the_biggest_header()
    {
        Assert.AreEqual(4096, LogHeader.HeaderBytesOf(141, 141));
        Assert.AreEqual(8192, LogHeader.HeaderBytesOf(142, 141));
        Assert.AreEqual(8 * 4096, LogHeader.MaxHeaderBytes);
        Assert.IsLessThanOrEqualTo(WriteLogOptions.MinFileBytes / 3, LogHeader.MaxHeaderBytes + (WriteLog.MaxPayloadBlocks * 4096L));
    }

    private static byte[] Written()
    {
        byte[] page = new byte[4096];
        page.AsSpan().Fill(0xEE);
        Header.Write(page, LogId, Extents, [0xDEADBEEF, 0x12345678]);
        return page;
    }
}
