using System.Buffers.Binary;
using Lunaria.Iscsi.Scsi;
using static Lunaria.Iscsi.Tests.Scsi.ReadWriteTests;

namespace Lunaria.Iscsi.Tests.Scsi;

/// <summary>UNMAP, WRITE SAME and GET LBA STATUS.</summary>
[TestClass]
public class ProvisioningTests
{
    private const int Blocks = 32768;
    private readonly RamDevice medium = new(Blocks * 512);
    private readonly ScsiHost host;

    public ProvisioningTests()
    {
        host = ScsiHost.Over(medium);
        host.Send(Cdb(0x2A, 0, 256), [.. Enumerable.Repeat((byte)0xEE, 256 * 512)]).Good();
    }

    [TestMethod]
    public void Unmapped_blocks_read_as_zeros_and_show_as_deallocated()
    {
        host.Send("42 00 00 00 00 00 00 00 28 00", List((8, 8), (24, 16))).Good();
        Assert.IsTrue(host.Send(Cdb(0x28, 8, 8)).Good().Data.All(value => value == 0));
        Assert.IsTrue(host.Send(Cdb(0x28, 16, 8)).Good().Data.All(value => value == 0xEE));
        CollectionAssert.AreEqual(new[] { (0L, 8, 0), (8L, 8, 1), (16L, 8, 0), (24L, 16, 1) }, Status(0, 4));
        CollectionAssert.AreEqual(new[] { (10L, 6, 1) }, Status(10, 1));
    }

    [TestMethod]
    public void A_list_is_checked_before_anything_is_unmapped()
    {
        host.Send("42 00 00 00 00 00 00 00 28 00", List((8, 8), (Blocks - 1, 2))).Refused("5/21/00", "parameter 24");
        host.Send("42 00 00 00 00 00 00 00 18 00", List((8, 8), (16, 8))).Refused("5/1A/00");
        host.Send("42 00 00 00 00 00 00 00 04 00", new byte[4]).Refused("5/1A/00");
        host.Send("42 01 00 00 00 00 00 00 18 00", List((8, 8))).Refused("5/24/00", "cdb 1.0");
        Assert.AreEqual(0xEE, medium.Raw(8 * 512, 1)[0]);
    }

    [TestMethod]
    public void Nothing_to_unmap_is_no_error()
    {
        host.Send("42 00 00 00 00 00 00 00 00 00", []).Good();
        host.Send("42 00 00 00 00 00 00 00 08 00", List()).Good();
        host.Send("42 00 00 00 00 00 00 00 18 00", List((Blocks, 0))).Good();
    }

    [TestMethod]
    [DataRow(0x41)]
    [DataRow(0x93)]
    public void Write_same_repeats_one_block(int operationCode)
    {
        byte[] block = Pattern(1, 6);
        host.Send(Cdb(operationCode, 10, 5000), block).Good();
        byte[] all = host.Send(Cdb(0x28, 10, 5000)).Good().Data;
        for (int at = 0; at < all.Length; at += 512) Assert.IsTrue(all.AsSpan(at, 512).SequenceEqual(block));
    }

    [TestMethod]
    [DataRow(0x41, 0x08)]
    [DataRow(0x93, 0x08)]
    [DataRow(0x41, 0x00)]
    [DataRow(0x93, 0x00)]
    public void Write_same_of_zeros_gives_space_back(int operationCode, int flags)
    {
        host.Send(Cdb(operationCode, 0, 64, flags), new byte[512]).Good();
        CollectionAssert.AreEqual(new[] { (0L, 64, 1) }, Status(0, 1));
    }

    [TestMethod]
    public void Write_same_with_unmap_of_other_data_writes_it()
    {
        byte[] block = Pattern(1, 7);
        host.Send(Cdb(0x93, 0, 8, 0x08), block).Good();
        CollectionAssert.AreEqual(block, host.Send(Cdb(0x28, 7, 1)).Good().Data);
        CollectionAssert.AreEqual(new[] { (0L, 256, 0) }, Status(0, 1));
    }

    [TestMethod]
    public void Write_same_without_payload_writes_zeros_and_length_0_is_refused()
    {
        host.Send(Cdb(0x93, 0, Blocks, 0x01), []).Good();
        Assert.IsFalse(medium.Raw(0, Blocks * 512).ContainsAnyExcept((byte)0));
        host.Send(Cdb(0x93, 0, 0, 0x01), []).Refused("5/24/00", "cdb 10");
        host.Send(Cdb(0x41, 0, 0), new byte[512]).Refused("5/24/00", "cdb 7");
    }

    [TestMethod]
    public void Write_same_is_refused_where_its_payload_is_not_one_block_or_its_range_too_long()
    {
        host.Send(Cdb(0x93, 0, 8), new byte[256]).Refused("5/24/00", "cdb 10");
        host.Send(Cdb(0x41, 0, 8), new byte[1024]).Refused("5/24/00", "cdb 7");
        host.Send(Cdb(0x93, 0, 8, 0x10), new byte[512]).Refused("5/24/00", "cdb 1.4");
        ScsiHost huge = ScsiHost.Over(new HugeDevice());
        huge.Send(Cdb(0x93, 0, 0x40_0001, 0x08), new byte[512]).Refused("5/24/00", "cdb 10");
        huge.Send(Cdb(0x93, 0, 0x40_0000, 0x08), new byte[512]).Good();
    }

    [TestMethod]
    public void Status_of_a_block_past_the_end_is_refused()
    {
        host.Send("9E 12 00 00 00 00 00 00 80 00 00 00 00 18 00 00").Refused("5/21/00", "cdb 2");
        host.Send("9E 12 80 00 00 00 00 00 00 00 00 00 00 18 00 00").Refused("5/21/00", "cdb 2");
        Assert.AreEqual(24, host.Send("9E 12 00 00 00 00 00 00 00 00 00 00 00 18 00 00").Good().DataInLengthBytes);
    }

    private (long Lba, int Blocks, int State)[] Status(long lba, int count)
    {
        byte[] data = host.Send($"9E 12 {lba:X16} {8 + (16 * count):X8} 00 00").Good().Data;
        Assert.AreEqual(data.Length - 4, BinaryPrimitives.ReadInt32BigEndian(data));
        return
        [
            .. Enumerable.Range(0, (data.Length - 8) / 16).Select(index => data.AsSpan(8 + (16 * index)).ToArray()).Select(descriptor => (
                BinaryPrimitives.ReadInt64BigEndian(descriptor), BinaryPrimitives.ReadInt32BigEndian(descriptor.AsSpan(8)), (int)descriptor[12])),
        ];
    }

    private static byte[] List(params (long Lba, int Blocks)[] ranges)
    {
        byte[] list = new byte[8 + (16 * ranges.Length)];
        BinaryPrimitives.WriteUInt16BigEndian(list, (ushort)(list.Length - 2));
        BinaryPrimitives.WriteUInt16BigEndian(list.AsSpan(2), (ushort)(list.Length - 8));
        for (int index = 0; index < ranges.Length; index++)
        {
            BinaryPrimitives.WriteInt64BigEndian(list.AsSpan(8 + (16 * index)), ranges[index].Lba);
            BinaryPrimitives.WriteInt32BigEndian(list.AsSpan(16 + (16 * index)), ranges[index].Blocks);
        }

        return list;
    }

    /// <summary>64 TiB of nothing.</summary>
    private sealed class HugeDevice : IBlockDevice
    {
        public BlockDeviceGeometry Geometry => new(64L << 40);

        public ThinProvisioning Thin => new(4096);

        public ValueTask<BlockStatus> ReadAsync(long offsetBytes, Memory<byte> destination) => ValueTask.FromResult(BlockStatus.Ok);

        public ValueTask<BlockStatus> WriteAsync(long offsetBytes, ReadOnlyMemory<byte> source, bool forceUnitAccess) =>
            ValueTask.FromResult(BlockStatus.Ok);

        public ValueTask<BlockStatus> FlushAsync() => ValueTask.FromResult(BlockStatus.Ok);

        public ValueTask<BlockStatus> UnmapAsync(long offsetBytes, long lengthBytes) => ValueTask.FromResult(BlockStatus.Ok);
    }
}
