using Lunaria.Iscsi.Scsi;
using static Lunaria.Iscsi.Tests.Scsi.ReadWriteTests;

namespace Lunaria.Iscsi.Tests.Scsi;

/// <summary>SANITIZE, WRITE ATOMIC and READ DEFECT DATA.</summary>
[TestClass]
public class SanitizeTests
{
    private readonly RamDevice medium = new(4 << 20);
    private readonly DeviceServer server;
    private readonly ScsiHost host;

    public SanitizeTests()
    {
        server = ScsiHost.ServerOver(medium);
        host = new ScsiHost(server);
    }

    [TestMethod]
    public void Overwrite_repeats_its_pattern_in_every_block()
    {
        host.Send("48 01 00 00 00 00 00 00 07 00", [0x81, 0, 0, 3, 1, 2, 3]).Good();
        for (int block = 0; block < 8192; block += 1000) Assert.AreEqual("0102030102", Convert.ToHexString(medium.Raw(block * 512, 5)));
        host.Send("48 01 00 00 00 00 00 00 07 00", [0x82, 0, 0, 3, 1, 2, 3]).Good();
        Assert.AreEqual("FEFDFCFEFD", Convert.ToHexString(medium.Raw(512, 5)));
        Assert.AreEqual(2, medium.Flushes);
    }

    [TestMethod]
    public void Block_erase_unmaps_everything()
    {
        host.Send(Cdb(0x2A, 0, 64), Pattern(64, 1)).Good();
        host.Send("48 02 00 00 00 00 00 00 00 00").Good();
        Assert.AreEqual(-1, medium.Raw(0, 4 << 20).IndexOfAnyExcept((byte)0));
        ScsiHost.Over(new RamDevice(1 << 20, thin: false)).Send("48 02 00 00 00 00 00 00 00 00").Refused("5/24/00", "cdb 1.4");
    }

    [TestMethod]
    public void Cryptographic_erase_is_offered_where_the_medium_has_a_key_of_its_own()
    {
        var encrypted = new RamDevice(1 << 20, hasOwnKey: true);
        ScsiHost own = ScsiHost.Over(encrypted);
        own.Send(Cdb(0x2A, 0, 64), Pattern(64, 1)).Good();
        Assert.AreEqual(0x03, own.Send("A3 0C 03 48 00 03 00 00 00 FF 00 00").Good().Data[1] & 7, "supported as the standard says");
        Assert.AreEqual(0x01, host.Send("A3 0C 03 48 00 03 00 00 00 FF 00 00").Good().Data[1] & 7, "not supported");
        Assert.AreEqual(0x50, own.Send("12 01 B1 00 FF 00").Good().Data[7]);

        encrypted.IsShared = true;
        own.Send("48 03 00 00 00 00 00 00 00 00").Refused("5/24/00", "cdb 1.4");
        own.Send("48 83 00 00 00 00 00 00 00 00").Refused("5/24/00", "cdb 1.4");
        CollectionAssert.AreEqual(Pattern(64, 1), own.Send(Cdb(0x28, 0, 64)).Good().Data);
        encrypted.IsShared = false;
        own.Send("48 03 00 00 00 00 00 00 08 00", new byte[8]).Refused("5/24/00");
        own.Send("48 03 00 00 00 00 00 00 00 00").Good();
        Assert.AreEqual(-1, own.Send(Cdb(0x28, 0, 64)).Good().Data.AsSpan().IndexOfAnyExcept((byte)0));
    }

    [TestMethod]
    public async Task Cryptographic_erase_tells_how_far_it_is_and_how_it_ends()
    {
        var encrypted = new RamDevice(1 << 20, hasOwnKey: true);
        ScsiHost own = ScsiHost.Over(encrypted);
        encrypted.Hold();
        ValueTask<Answer> erase = own.SendAsync("48 03 00 00 00 00 00 00 00 00");
        while (own.Send("00 00 00 00 00 00").SenseBytes is not [_, _, _, _, _, _, _, _, _, _, _, _, 0x04, 0x1B, _, _, >= 0x7F, ..]) await Task.Yield();
        encrypted.Outcome = BlockStatus.MediumError;
        encrypted.Release();
        Assert.AreEqual(ScsiStatus.CheckCondition, (await erase).Status);
    }

    [TestMethod]
    public void Wrong_lists_change_nothing()
    {
        host.Send(Cdb(0x2A, 0, 1), Pattern(1, 2)).Good();
        host.Send("48 01 00 00 00 00 00 00 04 00", new byte[4]).Refused("5/24/00", "cdb 7");
        host.Send("48 01 00 00 00 00 00 02 05 00", new byte[517]).Refused("5/24/00", "cdb 7");
        host.Send("48 01 00 00 00 00 00 00 06 00", [0, 0, 0, 2, 1, 1]).Refused("5/26/00", "parameter 0.4");
        host.Send("48 01 00 00 00 00 00 00 06 00", [1, 0, 0, 3, 1, 1]).Refused("5/26/00", "parameter 2");
        host.Send("48 02 00 00 00 00 00 00 08 00", new byte[8]).Refused("5/24/00");
        host.Send("48 03 00 00 00 00 00 00 00 00").Refused("5/24/00", "cdb 1.4");
        host.Send("48 1F 00 00 00 00 00 00 00 00").Good();
        CollectionAssert.AreEqual(Pattern(1, 2), medium.Raw(0, 512).ToArray());
    }

    [TestMethod]
    public async Task A_sanitize_goes_on_through_resets_and_keeps_the_unit_closed()
    {
        medium.Hold();
        ValueTask<Answer> sanitize = host.SendAsync("48 01 00 00 00 00 00 00 06 00", [1, 0, 0, 2, 1, 1]);
        Answer answer = host.Send(Cdb(0x28, 0, 1)).Refused("2/04/1B");
        Assert.AreEqual(0x80, answer.SenseBytes[15]);
        host.Send("12 00 00 00 FF 00").Good();
        Assert.AreEqual(0x1B, host.Send("03 00 00 00 FF 00").Good().Data[13]);
        host.Send("48 02 00 00 00 00 00 00 00 00").Refused("2/04/1B");
        medium.Release();
        (await sanitize).Good();
        host.Send(Cdb(0x28, 0, 1)).Good();
        host.Send("48 82 00 00 00 00 00 00 00 00").Good();
    }

    [TestMethod]
    public void Atomic_writes_are_whole_or_refused()
    {
        byte[] data = Pattern(16, 3);
        host.Send("9C 00 00 00 00 00 00 00 00 08 00 00 00 10 00 00", data).Good();
        CollectionAssert.AreEqual(data, host.Send(Cdb(0x28, 8, 16)).Good().Data);
        host.Send("9C 00 00 00 00 00 00 00 00 08 00 00 00 10 00 00", data[..4096]).Refused("5/24/00", "cdb 12");
        host.Send("9C 00 00 00 00 00 00 00 00 08 00 00 08 01 00 00", []).Refused("5/24/00", "cdb 12");
        host.Send("9C 00 00 00 00 00 00 00 00 08 00 01 00 10 00 00", data).Refused("5/24/00", "cdb 11.0");
        host.Send("9C 00 00 00 00 00 00 00 20 00 00 00 00 00 00 00", []).Refused("5/21/00", "cdb 2");
    }

    /// <summary>The read begins before the write is on the medium and must not see half of it: it waits, or it is asked to come again.</summary>
    [TestMethod]
    public async Task No_read_shows_a_part_of_an_atomic_write()
    {
        host.Send("9C 00 00 00 00 00 00 00 00 00 00 00 00 08 00 00", Pattern(8, 1)).Good();
        byte[] data = Pattern(32, 3);
        medium.Hold();
        ValueTask<Answer> write = host.SendAsync("9C 00 00 00 00 00 00 00 00 00 00 00 00 20 00 00", data);
        ValueTask<Answer> read = host.SendAsync(Cdb(0x28, 0, 32));
        Assert.IsFalse(read.IsCompleted);
        CollectionAssert.AreEqual(Pattern(8, 1), (await host.SendAsync(Cdb(0x28, 0, 8))).Good().Data, "one physical block cannot be torn and does not wait");
        medium.Release();
        (await write).Good();
        CollectionAssert.AreEqual(data, (await read).Good().Data);
    }

    [TestMethod]
    public async Task A_read_under_way_at_the_first_atomic_write_is_to_come_again()
    {
        var first = new ScsiTask { Nexus = host.Nexus, ReadFlag = true, ExpectedDataTransferLength = 8192 };
        first.Cdb.Set(Convert.FromHexString("28000000000000001000"));
        Assert.IsTrue(server.Prepare(first));
        Assert.AreEqual(BlockAccess.Read, first.Access);
        Assert.IsFalse(first.MissedAtomicWrite);
        host.Send("9C 00 00 00 00 00 00 00 00 00 00 00 00 10 00 00", Pattern(16, 1)).Good();
        Assert.IsTrue(first.MissedAtomicWrite);
        first.DataIn = new byte[8192];
        await server.ExecuteAsync(first);
        Assert.AreEqual(ScsiStatus.Busy, first.Status);
        CollectionAssert.AreEqual(Pattern(16, 1), host.Send(Cdb(0x28, 0, 16)).Good().Data);
    }

    [TestMethod]
    public void Defect_lists_are_empty()
    {
        Assert.AreEqual("001D0000", Convert.ToHexString(host.Send("37 00 1D 00 00 00 00 00 FF 00").Good().Data));
        Assert.AreEqual("001D000000000000", Convert.ToHexString(host.Send("B7 1D 00 00 00 00 00 00 00 FF 00 00").Good().Data));
    }
}
