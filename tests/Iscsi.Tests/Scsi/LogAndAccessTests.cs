using System.Text;
using Lunaria.Iscsi.Scsi;
using static Lunaria.Iscsi.Tests.Scsi.ReadWriteTests;

namespace Lunaria.Iscsi.Tests.Scsi;

/// <summary>LOG SENSE, asymmetric access, FORMAT UNIT, thresholds, and the pages about ports.</summary>
[TestClass]
public class LogAndAccessTests
{
    private const string TestUnitReady = "00 00 00 00 00 00";
    private readonly RamDevice medium = new(4 << 20);
    private readonly DeviceServer server;
    private readonly ScsiHost host;

    public LogAndAccessTests()
    {
        server = ScsiHost.ServerOver(medium, ScsiHost.Options() with { AllowFormat = true, ManagementAddress = "https://box/" });
        host = new ScsiHost(server);
    }

    private LogicalUnit Unit => server.Luns.Units[0];

    [TestMethod]
    public void Supported_log_pages_all_answer()
    {
        Assert.AreEqual("00000006" + "000C0D11192F", Log(0x00));
        Assert.AreEqual("40FF000E" + "000000FF0C000D00110019002F00", Log(0x00, 0xFF));
        foreach (string page in new[] { "0C", "0D", "11", "19", "2F" }) Assert.AreEqual($"{Convert.ToByte(page, 16) | 0x80:X2}00", Log(Convert.ToByte(page, 16))[..4]);
        Assert.AreEqual("8D000006" + "0000030200FF", Log(0x0D));
        Assert.AreEqual("91000008" + "0001030400000000", Log(0x11));
        Assert.AreEqual("AF000008" + "000003040000FF00", Log(0x2F));
        host.Send("4D 00 4B 00 00 00 00 00 FF 00").Refused("5/24/00", "cdb 2.5");
        host.Send("4D 00 4D 01 00 00 00 00 FF 00").Refused("5/24/00", "cdb 3");
        host.Send("4D 00 8D 00 00 00 00 00 FF 00").Refused("5/24/00", "cdb 2.7");
    }

    [TestMethod]
    public void Provisioning_counts_are_in_threshold_sets()
    {
        host.Send(Cdb(0x2A, 0, 4096), Pattern(4096, 1)).Good();
        Assert.AreEqual("8C000018" + "000103080010000002000000" + "000203080000000201000000", Log(0x0C));
        ScsiHost.Over(new RamDevice(1 << 20, thin: false)).Send("4D 00 4C 00 00 00 00 00 FF 00").Refused("5/24/00", "cdb 2.5");
    }

    [TestMethod]
    public void General_statistics_count_what_went_over_all_paths()
    {
        var other = new ScsiHost(server, isid: 2);
        host.Send(Cdb(0x2A, 0, 8), Pattern(8, 1)).Good();
        other.Send(Cdb(0x28, 0, 5)).Good();
        other.Send(Cdb(0x28, 0, 5)).Good();
        other.Leave();
        Assert.AreEqual("99000044" + "00010340" + "0000000000000002" + "0000000000000001" + "0000000000000008" + "000000000000000A", Log(0x19)[..80]);
    }

    [TestMethod]
    public void Port_groups_are_reported_in_both_formats_and_match_the_identification_page()
    {
        Assert.AreEqual("0000000C" + "008F0001" + "00000001" + "00000001", Groups(0x0A));
        Assert.AreEqual("00000010" + "10000000" + "008F0001" + "00000001" + "00000001", Groups(0x2A));
        host.Send("A3 4A 00 00 00 00 00 00 FF FF 00 00").Refused("5/24/00", "cdb 1.7");
        StringAssert.Contains(Convert.ToHexString(host.Send("12 01 83 00 FF 00").Good().Data), "5195000400000001");
    }

    [TestMethod]
    [DataRow(AccessState.Standby, "2/04/0B")]
    [DataRow(AccessState.Unavailable, "2/04/0C")]
    [DataRow(AccessState.Transitioning, "2/04/0A")]
    public void A_path_that_is_not_active_says_why(AccessState state, string triplet)
    {
        Unit.ChangeAccessStates(new Dictionary<ushort, AccessState> { [1] = state });
        host.Send(TestUnitReady).Refused("6/2A/06");
        host.Send(Cdb(0x28, 0, 1)).Refused(triplet);
        host.Send("12 00 00 00 FF 00").Good();
        Assert.AreEqual((int)state, Convert.FromHexString(Groups(0x0A))[4]);
        Unit.ChangeAccessStates(new Dictionary<ushort, AccessState> { [1] = AccessState.ActiveNonOptimized });
        host.Send(TestUnitReady).Refused("6/2A/06");
        host.Send(Cdb(0x28, 0, 1)).Good();
    }

    [TestMethod]
    public void A_host_sets_states_and_the_others_hear_it()
    {
        var other = new ScsiHost(server, isid: 2);
        Set([0, 0, 0, 0, 0x02, 0, 0, 1]).Good();
        host.Send(Cdb(0x28, 0, 1)).Refused("2/04/0B");
        other.Send(TestUnitReady).Refused("6/2A/06");
        Set([0, 0, 0, 0, 0x00, 0, 0, 1, 0x00, 0, 0, 9]).Refused("5/26/00", "parameter 10");
        Set([0, 0, 0, 0, 0x0F, 0, 0, 1]).Refused("5/26/00", "parameter 4");
        Set([0, 0, 0, 0, 0x00]).Refused("5/1A/00");
        host.Send(Cdb(0x28, 0, 1)).Refused("2/04/0B");
        Set([0, 0, 0, 0, 0x00, 0, 0, 1]).Good();
        host.Send(Cdb(0x28, 0, 1)).Good();
    }

    [TestMethod]
    public void Format_empties_the_medium_where_it_is_allowed()
    {
        host.Send(Cdb(0x2A, 0, 64), Pattern(64, 1)).Good();
        host.Send("04 10 00 00 00 00", [0, 0x08, 0, 0]).Refused("5/26/00", "parameter 1.3");
        host.Send("04 10 00 00 00 00", [1, 0, 0, 0]).Refused("5/26/00", "parameter 0");
        host.Send("04 10 00 00 00 00", [0, 0, 0, 4]).Refused("5/26/00", "parameter 2");
        host.Send("04 10 00 00 00 00", [0, 0]).Refused("5/1A/00");
        Assert.AreNotEqual(-1, medium.Raw(0, 64 * 512).IndexOfAnyExcept((byte)0));
        host.Send("04 00 00 00 00 00", []).Good();
        Assert.AreEqual(-1, medium.Raw(0, 4 << 20).IndexOfAnyExcept((byte)0));
        ScsiHost.Over(medium).Send("04 00 00 00 00 00", []).Refused("5/20/00");
    }

    [TestMethod]
    public void The_soft_threshold_is_heard_by_every_host()
    {
        byte[] page = host.Send("1A 08 1C 02 FF 00").Good().Data[4..];
        Assert.AreEqual("5C02001C", Convert.ToHexString(page[..4]));
        Unit.NoticeSpace();
        host.Send(TestUnitReady).Good();
        page[16] |= 0x80;
        page[22] = 0x10;
        host.Send("15 10 00 00 24 00", [0, 0, 0, 0, .. page]).Good();
        medium.AvailableBytes = 4097L << 20;
        Unit.NoticeSpace();
        host.Send(TestUnitReady).Good();
        medium.AvailableBytes = 4096L << 20;
        Unit.NoticeSpace();
        Unit.NoticeSpace();
        host.Send(TestUnitReady).Refused("6/38/07");
        Unit.NoticeSpace();
        host.Send(TestUnitReady).Good();

        // It clears by itself, heard or not, and comes again.
        medium.AvailableBytes = 1L << 40;
        Unit.NoticeSpace();
        medium.AvailableBytes = 0;
        Unit.NoticeSpace();
        medium.AvailableBytes = 1L << 40;
        Unit.NoticeSpace();
        host.Send(TestUnitReady).Good();
        page[17] = 0x02;
        host.Send("15 10 00 00 24 00", [0, 0, 0, 0, .. page]).Refused("5/26/00", "parameter 21.1");
        ScsiHost.Over(new RamDevice(1 << 20, thin: false)).Send("1A 08 1C 02 FF 00").Refused("5/24/00", "cdb 3");
    }

    [TestMethod]
    public void Out_of_space_is_for_writes_and_clears_by_itself()
    {
        host.Send(Cdb(0x2A, 0, 8), Pattern(8, 1)).Good();
        medium.Outcome = BlockStatus.OutOfSpace;
        host.Send(Cdb(0x2A, 64, 8), Pattern(8, 2)).Refused("7/27/07");
        medium.Outcome = BlockStatus.Ok;
        host.Send(Cdb(0x28, 0, 8)).Good();
        host.Send(Cdb(0x2A, 64, 8), Pattern(8, 2)).Good();
    }

    [TestMethod]
    public void Pages_about_ports_policy_and_management()
    {
        byte[] ports = host.Send("12 01 88 00 FF 00").Good().Data;
        Assert.AreEqual("0001", Convert.ToHexString(ports[6..8]));
        StringAssert.Contains(Encoding.UTF8.GetString(ports), "iqn.2026-01.test:target,t,0x0001");
        Assert.AreEqual(ports.Length - 16, ports[15]);
        Assert.AreEqual("008700043FFF0000", Convert.ToHexString(host.Send("12 01 87 00 FF 00").Good().Data));
        Assert.AreEqual("00850014" + "01000010" + "68747470733A2F2F626F782F00000000", Convert.ToHexString(host.Send("12 01 85 00 FF 00").Good().Data));
    }

    private string Log(int page, int subpage = 0) =>
        Convert.ToHexString(host.Send($"4D 00 {page | 0x40:X2} {subpage:X2} 00 00 00 01 FF 00").Good().Data);

    private string Groups(int serviceAction) => Convert.ToHexString(host.Send($"A3 {serviceAction:X2} 00 00 00 00 00 00 FF FF 00 00").Good().Data);

    private Answer Set(byte[] list) => host.Send($"A4 0A 00 00 00 00 {list.Length:X8} 00 00", list);
}
