using System.Buffers.Binary;
using Lunaria.Iscsi.Scsi;
using Lunaria.Iscsi.Scsi.Units;
using static Lunaria.Iscsi.Tests.Scsi.ReadWriteTests;

namespace Lunaria.Iscsi.Tests.Scsi;

/// <summary>EXTENDED COPY and RECEIVE COPY RESULTS.</summary>
[TestClass]
public class CopyTests
{
    private readonly RamDevice source = new(4 << 20);
    private readonly RamDevice destination = new(4 << 20);
    private readonly LogicalUnit sourceUnit;
    private readonly LogicalUnit destinationUnit;
    private readonly ScsiHost host;
    private readonly DeviceServer otherServer;

    public CopyTests()
    {
        sourceUnit = new LogicalUnit(source, ScsiHost.Options(1));
        destinationUnit = new LogicalUnit(destination, ScsiHost.Options(2));
        var directory = new UnitDirectory();
        var luns = new LogicalUnitMap(ScsiHost.Port);
        luns.Add(0, sourceUnit);
        var otherLuns = new LogicalUnitMap(new TargetPort("iqn.2026-01.test:other", 1, 2));
        otherLuns.Add(5, destinationUnit);
        otherServer = new DeviceServer(otherLuns, directory);
        host = new ScsiHost(new DeviceServer(luns, directory));
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    public void Blocks_go_to_a_unit_of_another_target(int lid)
    {
        var path = new ScsiHost(otherServer);
        byte[] data = Pattern(3000, 1);
        host.Send(Cdb(0x2A, 100, 3000), data).Good();
        Copy(lid, [sourceUnit, destinationUnit], (0, 1, 100, 7, 3000)).Good();
        CollectionAssert.AreEqual(data, path.Send(Cdb(0x28, 7, 3000), lun: 5).Good().Data);
        Assert.AreEqual(0, destination.Raw(0, 1)[0]);
    }

    [TestMethod]
    public void A_unit_that_the_host_is_not_logged_in_to_is_not_reachable()
    {
        Copy(0, [sourceUnit, destinationUnit], (0, 1, 0, 0, 8)).Refused("A/0D/02");
        _ = new ScsiHost(otherServer, name: "iqn.2026-01.test:somebody");
        Copy(0, [sourceUnit, destinationUnit], (0, 1, 0, 0, 8)).Refused("A/0D/02");
    }

    [TestMethod]
    public void Reservations_and_write_protection_hold_for_copies()
    {
        var path = new ScsiHost(otherServer);
        var other = new ScsiHost(otherServer, isid: 9);
        other.Send("16 00 00 00 00 00", lun: 5).Good();
        Copy(0, [sourceUnit, destinationUnit], (0, 1, 0, 0, 8)).Refused("A/0D/02");
        Copy(0, [destinationUnit, sourceUnit], (0, 1, 0, 0, 8)).Refused("A/0D/02");
        other.Send("17 00 00 00 00 00", lun: 5).Good();
        destination.ReadOnly = true;
        Copy(0, [sourceUnit, destinationUnit], (0, 1, 0, 0, 8)).Refused("A/0D/02");
        Copy(0, [destinationUnit, sourceUnit], (0, 1, 0, 0, 8)).Good();
        path.Leave();
    }

    [TestMethod]
    [DataRow(0, 10)]
    [DataRow(10, 0)]
    [DataRow(0, 3000)]
    public void Overlapping_ranges_of_one_unit_come_out_right(int from, int to)
    {
        byte[] data = Pattern(4000, 2);
        host.Send(Cdb(0x2A, from, 4000), data).Good();
        Copy(0, [sourceUnit], (0, 0, from, to, 4000)).Good();
        CollectionAssert.AreEqual(data, host.Send(Cdb(0x28, to, 4000)).Good().Data);
    }

    [TestMethod]
    public void What_is_not_mapped_is_unmapped_at_the_destination()
    {
        var path = new ScsiHost(otherServer);
        path.Send(Cdb(0x2A, 0, 4096), Pattern(4096, 3), lun: 5).Good();
        Copy(0, [sourceUnit, destinationUnit], (0, 1, 0, 0, 4096)).Good();
        byte[] status = path.Send("9E 12 00 00 00 00 00 00 00 00 00 00 00 18 00 00", lun: 5).Good().Data;
        Assert.AreEqual(1, status[20]);
        Assert.AreEqual(0, destination.Raw(0, 4096 * 512).IndexOfAnyExcept((byte)0) + 1);
    }

    [TestMethod]
    public void A_list_is_checked_as_a_whole_before_anything_moves()
    {
        host.Send(Cdb(0x2A, 0, 8), Pattern(8, 4)).Good();
        Copy(0, [sourceUnit], (0, 0, 0, 100, 8), (0, 0, 0, 8190, 8)).Refused("A/00/00");
        Copy(0, [sourceUnit], (0, 0, 0, 100, 8), (0, 3, 0, 0, 8)).Refused("A/08/04");
        Assert.AreEqual(-1, source.Raw(100 * 512, 8 * 512).IndexOfAnyExcept((byte)0));
        byte[] list = List([sourceUnit], [(0, 0, 0, 100, 8)]);
        foreach (int length in new[] { 15, 16, 47, 48, 75 }) Send(list[..length]).Refused("5/1A/00");
        Send([]).Good();
        Send(With(list, 16, 0xE0)).Refused("5/26/07", "parameter 16");
        Send(With(list, 48, 0x03)).Refused("5/26/09", "parameter 48");
        Send(With(list, 15, 0x01)).Refused("5/26/0B", "parameter 12");
        Send(With(list, 51, 0x10)).Refused("5/26/00", "parameter 50");
        Send(With(list, 23, 0x15)).Refused("5/26/00", "parameter 23");
        Send(List([.. Enumerable.Repeat(sourceUnit, 17)], [(0, 0, 0, 0, 8)])).Refused("5/26/06");
        Send(List([sourceUnit], [.. Enumerable.Repeat((0, 0, 0L, 100L, 8), 65)])).Refused("5/26/08");
        Send(With(list, 24, 0x61)).Refused("A/0D/02");
    }

    [TestMethod]
    public void A_result_is_told_once()
    {
        host.Send("84 00 07 00 00 00 00 00 00 00 00 00 00 40 00 00").Refused("5/24/00", "cdb 2");
        byte[] list = List([sourceUnit], [(0, 0, 0, 4096, 4096), (0, 0, 0, 0, 8)]);
        Send(With(list, 0, 7)).Good();
        Assert.AreEqual("00000008" + "01" + "0002" + "01" + "00000804",
            Convert.ToHexString(host.Send("84 00 07 00 00 00 00 00 00 00 00 00 00 40 00 00").Good().Data));
        host.Send("84 00 07 00 00 00 00 00 00 00 00 00 00 40 00 00").Refused("5/24/00", "cdb 2");
        source.Outcome = BlockStatus.MediumError;
        Send(With(list, 0, 9)).Refused("A/0D/01");
        Assert.AreEqual(2, host.Send("84 04 09 00 00 00 00 00 00 00 00 00 00 FF 00 00").Good().Data[56]);
    }

    [TestMethod]
    public void Operating_parameters_are_the_enforced_limits()
    {
        byte[] data = host.Send("84 03 00 00 00 00 00 00 00 00 00 00 04 00 00 00").Good().Data;
        Assert.AreEqual(data.Length - 4, BinaryPrimitives.ReadInt32BigEndian(data));
        Assert.AreEqual(16, data[9]);
        Assert.AreEqual(64, data[11]);
        Assert.AreEqual((16 * 32) + (64 * 32), BinaryPrimitives.ReadInt32BigEndian(data.AsSpan(12)));
        Assert.AreEqual("03020AE4", Convert.ToHexString(data[43..47]));
    }

    /// <summary>Segment type 0Ah: lengths in bytes and 32 bits, offsets inside the first blocks.</summary>
    [TestMethod]
    public void Segments_with_byte_offsets_are_copied_where_they_come_out_even()
    {
        byte[] data = Pattern(16, 7);
        host.Send(Cdb(0x2A, 8, 16), data).Good();
        Send(Offsets(8 * 512, 8, 40, 1024, 512)).Good();
        CollectionAssert.AreEqual(data[1024..(1024 + 4096)], source.Raw(41 * 512, 4096).ToArray());
        Send(Offsets(100, 8, 40, 0, 0)).Refused("A/26/0A");
        Send(Offsets(512, 8, 40, 1, 0)).Refused("A/26/0A");
        Send(Offsets(512, 8, 40, 0, 511)).Refused("A/26/0A");
        Send(Offsets(0x1000_0000, 0, 0, 0, 0)).Refused("5/26/00", "parameter 56");
        Send(Offsets(1024, 8191, 0, 0, 0)).Refused("A/00/00");
        Send(Offsets(512, long.MaxValue, 0, 1024, 0)).Refused("A/00/00");
        Send(Offsets(512, -1, 0, 1024, 0)).Refused("A/00/00");
        Send(Offsets(512, 8, 40, 0, 0)[..76]).Refused("5/1A/00");

        byte[] Offsets(uint bytes, long lba, long toLba, ushort offset, ushort toOffset)
        {
            byte[] list = [.. List([sourceUnit], [(0, 0, lba, toLba, 0)]), .. new byte[4]];
            list[11] = 32;
            list[48] = 0x0A;
            list[51] = 0x1C;
            BinaryPrimitives.WriteUInt32BigEndian(list.AsSpan(56), bytes);
            BinaryPrimitives.WriteUInt16BigEndian(list.AsSpan(76), offset);
            BinaryPrimitives.WriteUInt16BigEndian(list.AsSpan(78), toOffset);
            return list;
        }
    }

    [TestMethod]
    public async Task A_copy_under_way_can_be_asked_for_and_aborted()
    {
        var path = new ScsiHost(otherServer);
        host.Send(Cdb(0x2A, 0, 4096), Pattern(4096, 1)).Good();
        destination.Hold();
        byte[] list = With(List([sourceUnit, destinationUnit], [(0, 1, 0, 0, 4096)]), 0, 5);
        ValueTask<Answer> copy = host.SendAsync($"83 00 00 00 00 00 00 00 00 00 {list.Length:X8} 00 00", list);
        Assert.AreEqual(0, host.Send("84 00 05 00 00 00 00 00 00 00 00 00 00 40 00 00").Good().Data[4], "in progress");
        Send(list).Refused("5/00/16");
        host.Send("84 04 05 00 00 00 00 00 00 00 00 00 00 FF 00 00").Refused("5/24/00", "cdb 2");
        host.Send("83 1C 00 00 00 06 00 00 00 00 00 00 00 00 00 00").Refused("5/24/00", "cdb 2");
        host.Send("83 1C 00 00 00 05 00 00 00 00 00 00 00 00 00 00").Good();
        destination.Release();
        (await copy).Is(ScsiStatus.TaskAborted);
        byte[] status = host.Send("84 05 00 00 00 05 00 00 00 00 00 00 00 40 00 00").Good().Data;
        Assert.AreEqual(0x60, status[5], "terminated");
        host.Send("84 05 00 00 00 05 00 00 00 00 00 00 00 40 00 00").Refused("5/24/00", "cdb 2");
        path.Leave();
    }

    [TestMethod]
    public void Media_that_share_are_not_read()
    {
        var path = new ScsiHost(otherServer);
        destination.Clones = true;
        host.Send(Cdb(0x2A, 0, 4096), Pattern(4096, 1)).Good();
        int reads = source.Reads;
        Copy(0, [sourceUnit, destinationUnit], (0, 1, 0, 8, 4096)).Good();
        Assert.AreEqual(reads, source.Reads);
        CollectionAssert.AreEqual(Pattern(4096, 1), path.Send(Cdb(0x28, 8, 4096), lun: 5).Good().Data);
    }

    [TestMethod]
    public void Of_what_begins_or_ends_within_a_block_only_the_ends_are_moved()
    {
        var path = new ScsiHost(otherServer);
        destination.Clones = true;
        host.Send(Cdb(0x2A, 0, 4096), Pattern(4096, 1)).Good();
        Copy(0, [sourceUnit, destinationUnit], (0, 1, 3, 19, 4000)).Good();
        Assert.AreEqual((4000 - 5 - 3) * 512L, destination.ClonedBytes, "all but 5 blocks before and 3 behind");
        CollectionAssert.AreEqual(Pattern(4096, 1)[(3 * 512)..(4003 * 512)], path.Send(Cdb(0x28, 19, 4000), lun: 5).Good().Data);
        Copy(0, [sourceUnit, destinationUnit], (0, 1, 1, 9, 3)).Good();
        Copy(0, [sourceUnit, destinationUnit], (0, 1, 1, 10, 4000)).Good();
        Assert.AreEqual((4000 - 5 - 3) * 512L, destination.ClonedBytes, "less than a block, or not aligned alike");
        CollectionAssert.AreEqual(Pattern(4096, 1)[512..(4001 * 512)], path.Send(Cdb(0x28, 10, 4000), lun: 5).Good().Data);
        path.Leave();
    }

    private Answer Send(byte[] list) => host.Send($"83 00 00 00 00 00 00 00 00 00 {list.Length:X8} 00 00", list);

    private Answer Copy(int lid, LogicalUnit[] units, params (int From, int To, long Lba, long ToLba, int Blocks)[] segments)
    {
        byte[] list = List(units, segments, lid);
        return host.Send($"83 {lid:X2} 00 00 00 00 00 00 00 00 {list.Length:X8} 00 00", list);
    }

    private static byte[] With(byte[] list, int at, byte value)
    {
        byte[] changed = [.. list];
        changed[at] = value;
        return changed;
    }

    private static byte[] List(LogicalUnit[] units, (int From, int To, long Lba, long ToLba, int Blocks)[] segments, int lid = 0)
    {
        int header = lid == 0 ? 16 : 48;
        byte[] list = new byte[header + (32 * units.Length) + (28 * segments.Length)];
        if (lid == 0)
        {
            BinaryPrimitives.WriteUInt16BigEndian(list.AsSpan(2), (ushort)(32 * units.Length));
            BinaryPrimitives.WriteUInt32BigEndian(list.AsSpan(8), (uint)(28 * segments.Length));
        }
        else
        {
            list[0] = 1;
            list[3] = 0x20;
            list[16] = 0xFF;
            BinaryPrimitives.WriteUInt16BigEndian(list.AsSpan(42), (ushort)(32 * units.Length));
            BinaryPrimitives.WriteUInt16BigEndian(list.AsSpan(44), (ushort)(28 * segments.Length));
        }

        int at = header;
        foreach (LogicalUnit unit in units)
        {
            list[at] = 0xE4;
            list[at + 4] = 1;
            list[at + 5] = 3;
            list[at + 7] = 16;
            unit.Identity.Naa.CopyTo(list.AsSpan(at + 8));
            BinaryPrimitives.WriteUInt16BigEndian(list.AsSpan(at + 30), 512);
            at += 32;
        }

        foreach ((int from, int to, long lba, long toLba, int blocks) in segments)
        {
            list[at] = 0x02;
            list[at + 3] = 0x18;
            BinaryPrimitives.WriteUInt16BigEndian(list.AsSpan(at + 4), (ushort)from);
            BinaryPrimitives.WriteUInt16BigEndian(list.AsSpan(at + 6), (ushort)to);
            BinaryPrimitives.WriteUInt16BigEndian(list.AsSpan(at + 10), (ushort)blocks);
            BinaryPrimitives.WriteInt64BigEndian(list.AsSpan(at + 12), lba);
            BinaryPrimitives.WriteInt64BigEndian(list.AsSpan(at + 20), toLba);
            at += 28;
        }

        return list;
    }
}
