using System.Buffers.Binary;
using Lunaria.Iscsi.Scsi;
using Lunaria.Iscsi.Scsi.Units;
using Lunaria.Testing;
using static Lunaria.Iscsi.Tests.Scsi.ReadWriteTests;

namespace Lunaria.Iscsi.Tests.Scsi;

/// <summary>POPULATE TOKEN, WRITE USING TOKEN, RECEIVE ROD TOKEN INFORMATION: the offloaded copy of Windows.</summary>
[TestClass]
public class TokenTests
{
    private readonly ManualTime time = new();
    private readonly RamDevice source = new(4 << 20);
    private readonly RamDevice destination = new(4 << 20);
    private readonly ScsiHost host;
    private readonly ScsiHost otherHost;

    public TokenTests()
    {
        var directory = new UnitDirectory(time);
        var luns = new LogicalUnitMap(ScsiHost.Port);
        luns.Add(0, new LogicalUnit(source, ScsiHost.Options(1)));
        var otherLuns = new LogicalUnitMap(new TargetPort("iqn.2026-01.test:other", 1, 2));
        otherLuns.Add(0, new LogicalUnit(destination, ScsiHost.Options(2)));
        host = new ScsiHost(new DeviceServer(luns, directory));
        otherHost = new ScsiHost(new DeviceServer(otherLuns, directory), name: "iqn.2026-01.test:second");
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    public async Task Ranges_of_one_unit_go_to_ranges_of_another_by_another_host(int immediate)
    {
        byte[] data = Pattern(300, 1);
        host.Send(Cdb(0x2A, 100, 300), data).Good();
        byte[] token = Token((100, 100), (200, 200));
        otherHost.Send(Write(token, 50, immediate, (10, 150), (1000, 50))).Good();
        byte[] result = await ResultAsync(otherHost, 9);
        Assert.AreEqual(0x11, result[4]);
        Assert.AreEqual(0x01, result[5]);
        Assert.AreEqual(0xF1, result[15], "counted in blocks");
        Assert.AreEqual(200, BinaryPrimitives.ReadInt64BigEndian(result.AsSpan(16)));
        Assert.AreEqual(0, BinaryPrimitives.ReadInt32BigEndian(result.AsSpan(32)), "no token");
        CollectionAssert.AreEqual(data[(50 * 512)..(200 * 512)], otherHost.Send(Cdb(0x28, 10, 150)).Good().Data);
        CollectionAssert.AreEqual(data[(200 * 512)..(250 * 512)], otherHost.Send(Cdb(0x28, 1000, 50)).Good().Data);
        otherHost.Send(Receive(9)).Refused("5/24/00", "cdb 2");
    }

    [TestMethod]
    public async Task Whenever_a_copy_ends_its_result_is_told_once()
    {
        byte[] token = Token((0, 8));
        for (int round = 0; round < 2000; round++)
        {
            otherHost.Send(Write(token, 0, 1, (0, 8))).Good();
            await ResultAsync(otherHost, 9);
            otherHost.Send(Receive(9)).Refused("5/24/00", "cdb 2");
        }
    }

    [TestMethod]
    public void A_token_says_what_it_is()
    {
        host.Send(Populate(5, 0, (8, 16), (0, 0), (64, 8))).Good();
        byte[] answer = host.Send(Receive(5)).Good().Data;
        Assert.AreEqual(answer.Length - 4, BinaryPrimitives.ReadInt32BigEndian(answer));
        Assert.AreEqual(0x10, answer[4]);
        Assert.AreEqual(24, BinaryPrimitives.ReadInt64BigEndian(answer.AsSpan(16)));
        Assert.AreEqual(514, BinaryPrimitives.ReadInt32BigEndian(answer.AsSpan(32)));
        byte[] token = answer[38..];
        Assert.HasCount(512, token);
        Assert.AreEqual("00800001000001F8", Convert.ToHexString(token[..8]));
        Assert.AreEqual(24 * 512, BinaryPrimitives.ReadInt64BigEndian(token.AsSpan(56)));
        byte[] all = host.Send("84 08 00 00 00 00 00 00 00 00 00 00 FF FF 00 00").Good().Data;
        Assert.HasCount(8 + 96, all);
        CollectionAssert.AreEqual(token[..96], all[8..]);
        Assert.HasCount(8, otherHost.Send("84 08 00 00 00 00 00 00 00 00 00 00 FF FF 00 00").Good().Data, "of the addressed unit only");
    }

    [TestMethod]
    [DataRow("2A 00 00 00 00 17 00 00 01 00", 512)]
    [DataRow("42 00 00 00 00 00 00 00 18 00", 24)]
    [DataRow("93 08 00 00 00 00 00 00 00 17 00 00 00 01 00 00", 512)]
    [DataRow("89 00 00 00 00 00 00 00 00 17 00 00 00 01 00 00", 1024)]
    [DataRow("8B 00 00 00 00 00 00 00 00 17 00 00 00 01 00 00", 512)]
    [DataRow("48 02 00 00 00 00 00 00 00 00", 0)]
    public void A_change_of_its_data_ends_a_token(string cdb, int bytes)
    {
        byte[] token = Token((8, 16));
        host.Send(Cdb(0x2A, 24, 8), Pattern(8, 1)).Good();
        otherHost.Send(Write(token, 0, 0, (0, 16))).Good();
        byte[] data = new byte[bytes];
        if (bytes == 24) Convert.FromHexString("0016001000000000000000000000001700000001").CopyTo(data, 0);
        host.Send(cdb, bytes == 0 ? null : data).Good();
        otherHost.Send(Write(token, 0, 0, (0, 16))).Refused("5/23/06");
    }

    [TestMethod]
    public async Task A_change_during_the_copy_is_told_with_what_was_copied_before()
    {
        byte[] token = Token((0, 64), (4096, 64));
        destination.Hold();
        ValueTask<Answer> write = otherHost.SendAsync(Write(token, 0, 0, (0, 128)).Cdb, Write(token, 0, 0, (0, 128)).Data);
        host.Send(Cdb(0x2A, 4100, 1), Pattern(1, 5)).Good();
        destination.Release();
        (await write).Refused("5/23/06");
        byte[] result = otherHost.Send(Receive(9)).Good().Data;
        Assert.AreEqual(0x02, result[5]);
        Assert.IsLessThan(128, BinaryPrimitives.ReadInt64BigEndian(result.AsSpan(16)));
        Assert.AreEqual(0x06, result[32 + 13], "the sense is in the result");
    }

    [TestMethod]
    public void The_token_of_zeros_needs_no_maker()
    {
        host.Send(Cdb(0x2A, 0, 64), Pattern(64, 1)).Good();
        byte[] zero = new byte[512];
        BinaryPrimitives.WriteUInt32BigEndian(zero, 0xFFFF_0001);
        zero[6] = 0x01;
        zero[7] = 0xF8;
        host.Send(Write(zero, 0, 0, (8, 16))).Good();
        Assert.AreEqual(-1, source.Raw(8 * 512, 16 * 512).IndexOfAnyExcept((byte)0));
        CollectionAssert.AreEqual(Pattern(64, 1)[..(8 * 512)], source.Raw(0, 8 * 512).ToArray());
        Assert.AreEqual(16, BinaryPrimitives.ReadInt64BigEndian(host.Send(Receive(9)).Good().Data.AsSpan(16)));
    }

    [TestMethod]
    public void A_token_ends_with_its_time_or_by_the_command_that_deletes_it()
    {
        byte[] token = Token((0, 8));
        time.Advance(TimeSpan.FromSeconds(59));
        otherHost.Send(Write(token, 0, 0, (0, 8))).Good();
        time.Advance(TimeSpan.FromSeconds(59));
        otherHost.Send(Write(token, 0, 2, (0, 8))).Good();
        otherHost.Send(Write(token, 0, 0, (0, 8))).Refused("5/23/04");
        token = Token((0, 8));
        time.Advance(TimeSpan.FromSeconds(70));
        otherHost.Send(Write(token, 0, 0, (0, 8))).Refused("5/23/04");
    }

    [TestMethod]
    public void What_is_no_token_is_refused()
    {
        byte[] token = Token((0, 8));
        otherHost.Send(Write(With(token, 300), 0, 0, (0, 8))).Refused("5/23/04");
        otherHost.Send(Write(With(token, 15), 0, 0, (0, 8))).Refused("5/23/04");
        otherHost.Send(Write(With(token, 1), 0, 0, (0, 8))).Refused("5/23/01");
        otherHost.Send(Write(With(token, 7), 0, 0, (0, 8))).Refused("5/23/0A");
        otherHost.Send(Write(token, 8, 0, (0, 8))).Refused("5/26/00", "parameter 8");
        otherHost.Send(Write(token, 4, 0, (0, 8))).Good();
        byte[] result = otherHost.Send(Receive(9)).Good().Data;
        Assert.AreEqual(0x04, result[5], "the ROD had no more");
        Assert.AreEqual(4, BinaryPrimitives.ReadInt64BigEndian(result.AsSpan(16)));

        static byte[] With(byte[] token, int at)
        {
            byte[] changed = [.. token];
            changed[at] ^= 0x40;
            return changed;
        }
    }

    [TestMethod]
    public void Wrong_lists_are_refused_where_they_are_wrong_and_nothing_is_written()
    {
        (string cdb, byte[] list) = Populate(1, 0, (8, 16), (64, 8));
        foreach (int length in new[] { 1, 15 }) host.Send(Cut(cdb, length), list[..length]).Refused("5/1A/00");
        foreach (int length in new[] { 16, 31, 47 }) host.Send(Cut(cdb, length), list[..length]).Refused("5/1A/00");
        host.Send(Cut(cdb, 0), []).Good();
        Wrong(list, 1, 0x1D, "5/26/00", "parameter 0");
        Wrong(list, 15, 0x08, "5/26/00", "parameter 14");
        Wrong(list, 15, 0x30, "5/26/00", "parameter 14");
        Wrong(list, 6, 0x10, "5/26/00", "parameter 4");
        Wrong(list, 2, 0x02, "5/26/00", "parameter 8");
        Wrong(list, 16, 0x80, "5/21/00", "parameter 16");
        Wrong(list, 39, 0x10, "5/26/00", "parameter 32");
        host.Send(Populate(1, 0, (8, 0))).Refused("5/26/00", "parameter 24");
        host.Send(Populate(1, 0, [.. Enumerable.Range(0, 65).Select(n => (n, 1))])).Refused("5/26/08", "parameter 14");

        byte[] token = Token((0, 8));
        (cdb, list) = Write(token, 0, 0, (8, 8));
        foreach (int length in new[] { 535, 536, 551 }) otherHost.Send(Cut(cdb, length), list[..length]).Refused("5/1A/00");
        destination.ReadOnly = true;
        otherHost.Send(cdb, list).Refused("7/27/00");
        destination.ReadOnly = false;
        Assert.AreEqual(-1, destination.Raw(0, 1 << 20).IndexOfAnyExcept((byte)0));

        void Wrong(byte[] right, int at, byte value, string triplet, string pointer)
        {
            byte[] changed = [.. right];
            changed[at] = value;
            host.Send(cdb, changed).Refused(triplet, pointer);
        }

        static string Cut(string cdb, int length) => $"{cdb[..20]}{length:X8}0000";
    }

    [TestMethod]
    public void A_copy_that_nobody_waits_for_can_be_asked_for_and_aborted()
    {
        host.Send(Cdb(0x2A, 0, 4096), Pattern(4096, 1)).Good();
        byte[] token = Token((0, 8192));
        destination.Hold();
        otherHost.Send(Write(token, 0, 1, (0, 8192))).Good();
        byte[] running = otherHost.Send(Receive(9)).Good().Data;
        Assert.AreEqual(0x10, running[5]);
        otherHost.Send(Write(token, 0, 1, (0, 8192))).Refused("5/00/16");
        otherHost.Send("83 1C 00 00 00 09 00 00 00 00 00 00 00 00 00 00").Good();
        destination.Release();
        byte[] ended = ResultAsync(otherHost, 9).GetAwaiter().GetResult();
        Assert.AreEqual(0x60, ended[5]);
    }

    private byte[] Token(params (int Lba, int Blocks)[] ranges)
    {
        host.Send(Populate(5, 0, ranges)).Good();
        return host.Send(Receive(5)).Good().Data[38..];
    }

    private static async Task<byte[]> ResultAsync(ScsiHost host, int listId)
    {
        while (true)
        {
            byte[] data = host.Send(Receive(listId)).Good().Data;
            if (data[5] != 0x10) return data;
            await Task.Yield();
        }
    }

    private static string Receive(int listId) => $"84 07 {listId:X8} 00 00 00 00 00 00 FF FF 00 00";

    private static (string Cdb, byte[] Data) Populate(int listId, int timeout, params (int Lba, int Blocks)[] ranges)
    {
        byte[] list = new byte[16 + (16 * ranges.Length)];
        BinaryPrimitives.WriteInt32BigEndian(list.AsSpan(4), timeout);
        Ranges(list, 16, ranges);
        return ($"831000000000{listId:X8}{list.Length:X8}0000", list);
    }

    private static (string Cdb, byte[] Data) Write(byte[] token, int offset, int flags, params (int Lba, int Blocks)[] ranges)
    {
        byte[] list = new byte[536 + (16 * ranges.Length)];
        list[2] = (byte)flags;
        BinaryPrimitives.WriteInt64BigEndian(list.AsSpan(8), offset);
        token.CopyTo(list, 16);
        Ranges(list, 536, ranges);
        return ($"831100000000{9:X8}{list.Length:X8}0000", list);
    }

    private static void Ranges(byte[] list, int at, (int Lba, int Blocks)[] ranges)
    {
        BinaryPrimitives.WriteUInt16BigEndian(list, (ushort)(list.Length - 2));
        BinaryPrimitives.WriteUInt16BigEndian(list.AsSpan(at - 2), (ushort)(16 * ranges.Length));
        foreach ((int lba, int blocks) in ranges)
        {
            BinaryPrimitives.WriteInt64BigEndian(list.AsSpan(at), lba);
            BinaryPrimitives.WriteInt32BigEndian(list.AsSpan(at + 8), blocks);
            at += 16;
        }
    }
}

file static class TupleSend
{
    public static Answer Send(this ScsiHost host, (string Cdb, byte[] Data) command) => host.Send(command.Cdb, command.Data);
}
