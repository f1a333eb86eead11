using Lunaria.Iscsi.Scsi;

namespace Lunaria.Iscsi.Tests.Scsi;

/// <summary>WRITE BUFFER and READ BUFFER of the echo buffer, and the other ways to look at a unit without its medium.</summary>
[TestClass]
public class EchoBufferTests
{
    private readonly DeviceServer server = ScsiHost.ServerOver(new RamDevice(1 << 20));
    private readonly ScsiHost host;

    public EchoBufferTests() => host = new ScsiHost(server);

    [TestMethod]
    public void What_a_host_wrote_it_reads_and_nobody_else()
    {
        var other = new ScsiHost(server, isid: 2);
        Assert.AreEqual("01001000", Convert.ToHexString(host.Send("3C 0B 00 00 00 00 00 00 04 00").Good().Data));
        host.Send("3C 0A 00 00 00 00 00 00 10 00").Refused("5/2C/00");
        host.Send("3B 0A 00 00 00 00 00 00 08 00", [1, 2, 3, 4, 5, 6, 7, 8]).Good();
        other.Send("3B 0A 00 00 00 00 00 00 04 00", [9, 9, 9, 9]).Good();
        Assert.AreEqual("0102030405060708", Convert.ToHexString(host.Send("3C 0A 00 00 00 00 00 10 00 00").Good().Data));
        Assert.AreEqual("010203", Convert.ToHexString(host.Send("3C 0A 07 00 00 09 00 00 03 00").Good().Data));
        host.Send("3B 0A 00 00 00 00 00 00 00 00").Good();
        Assert.AreEqual("09090909", Convert.ToHexString(other.Send("3C 0A 00 00 00 00 00 00 FF 00").Good().Data));
    }

    [TestMethod]
    public void Other_modes_and_more_than_there_is_room_for_are_refused()
    {
        foreach (string mode in new[] { "00", "02", "04", "05", "0B", "1A" })
            host.Send($"3B {mode} 00 00 00 00 00 00 04 00", new byte[4]).Refused("5/24/00", "cdb 1.4");
        foreach (string mode in new[] { "00", "02", "03", "1A" })
            host.Send($"3C {mode} 00 00 00 00 00 00 04 00").Refused("5/24/00", "cdb 1.4");
        host.Send("3B 0A 00 00 00 00 00 10 01 00", new byte[4097]).Refused("5/24/00", "cdb 6");
    }

    [TestMethod]
    public void The_port_is_one_of_iSCSI_and_no_feature_set_is_claimed()
    {
        Assert.AreEqual("9906050000000000", Masked("1A 08 19 00 FF 00"));
        Assert.AreEqual("0092000400000000", Convert.ToHexString(host.Send("12 01 92 00 FF 00").Good().Data));

        // PS says whether values can be saved, which this unit's store decides.
        string Masked(string cdb)
        {
            byte[] page = host.Send(cdb).Good().Data[4..];
            page[0] |= 0x80;
            return Convert.ToHexString(page);
        }
    }
}
