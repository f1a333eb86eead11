using Lunaria.Iscsi.Scsi;
using static Lunaria.Iscsi.Tests.Scsi.ReadWriteTests;

namespace Lunaria.Iscsi.Tests.Scsi;

/// <summary>Unit attentions, RESERVE(6), medium removal, resets, resize, changes of the inventory.</summary>
[TestClass]
public class UnitStateTests
{
    private const string TestUnitReady = "00 00 00 00 00 00";
    private readonly RamDevice medium = new(1 << 20);
    private readonly DeviceServer server;

    public UnitStateTests() => server = ScsiHost.ServerOver(medium, ScsiHost.Options() with { Removable = true });

    [TestMethod]
    public void A_new_nexus_hears_of_the_power_on_once()
    {
        var host = new ScsiHost(server, clear: false);
        host.Send("12 00 00 00 FF 00").Good();
        host.Send("A0 00 00 00 00 00 00 00 FF FF 00 00").Good();
        host.Send(Cdb(0x28, 0, 1)).Refused("6/29/00");
        host.Send(Cdb(0x28, 0, 1)).Good();
    }

    [TestMethod]
    public void Request_sense_takes_the_unit_attention_in_the_format_asked_for()
    {
        var host = new ScsiHost(server, clear: false);
        byte[] sense = host.Send("03 01 00 00 FF 00").Good().Data;
        Assert.AreEqual("72062900", Convert.ToHexString(sense[..4]));
        host.Send(TestUnitReady).Good();
        sense = host.Send("03 00 00 00 FF 00").Good().Data;
        Assert.AreEqual("700000000000000A00000000000000000000", Convert.ToHexString(sense));
    }

    [TestMethod]
    public async Task Resets_go_before_other_conditions_and_each_is_heard_once()
    {
        var host = new ScsiHost(server);
        var other = new ScsiHost(server, isid: 2);
        medium.Resize(2 << 20);
        host.Send("12 00 00 00 FF 00").Good();
        Assert.IsTrue(await server.LogicalUnitResetAsync(host.Nexus, 0));
        Assert.IsTrue(await server.LogicalUnitResetAsync(host.Nexus, 0));
        await server.TargetResetAsync(host.Nexus);
        foreach (ScsiHost each in new[] { host, other })
        {
            each.Send(TestUnitReady).Refused("6/29/02");
            each.Send(TestUnitReady).Refused("6/29/03");
            each.Send(TestUnitReady).Refused("6/2A/09");
            each.Send(TestUnitReady).Good();
        }

        Assert.IsFalse(await server.LogicalUnitResetAsync(host.Nexus, 9UL << 48));
        Assert.IsTrue(server.TaskSetCleared(host.Nexus, 0));
        host.Send(TestUnitReady).Good();
        other.Send(TestUnitReady).Refused("6/2F/00");
    }

    [TestMethod]
    public void A_resize_is_heard_and_usable_at_once()
    {
        var host = new ScsiHost(server);
        host.Send(Cdb(0x28, 3000, 1)).Refused("5/21/00");
        medium.Resize(2 << 20);
        host.Send(TestUnitReady).Refused("6/2A/09");
        host.Send(Cdb(0x28, 3000, 1)).Good();
        Assert.AreEqual(0x0F, host.Send("25 00 00 00 00 00 00 00 00 00").Good().Data[2]);
    }

    [TestMethod]
    public void Adding_and_removing_units_is_heard_on_every_unit()
    {
        var host = new ScsiHost(server);
        server.Luns.Add(3, new LogicalUnit(new RamDevice(1 << 20), ScsiHost.Options(3)));
        host.Send(TestUnitReady).Refused("6/3F/0E");
        host.Send(TestUnitReady, lun: 3).Refused("6/29/00");
        host.Send(TestUnitReady, lun: 3).Refused("6/3F/0E");
        Assert.IsTrue(server.Luns.Remove(3));
        host.Send(TestUnitReady, lun: 3).Refused("5/25/00");
        Assert.AreEqual(8, host.Send("A0 00 00 00 00 00 00 00 FF FF 00 00").Good().Data[3]);
        host.Send(TestUnitReady).Good();
        Assert.IsFalse(server.Luns.Remove(3));
    }

    [TestMethod]
    public async Task Reserve_keeps_others_out_until_it_ends()
    {
        var host = new ScsiHost(server);
        var other = new ScsiHost(server, isid: 2);
        host.Send("16 00 00 00 00 00").Good();
        host.Send("16 00 00 00 00 00").Good();
        foreach (string cdb in new[] { "16 00 00 00 00 00", TestUnitReady, Cdb(0x28, 0, 1), "1A 08 3F 00 FF 00", Cdb(0x2A, 0, 1) })
            other.Send(cdb, new byte[512]).Is(ScsiStatus.ReservationConflict);
        other.Send("12 00 00 00 FF 00").Good();
        other.Send("17 00 00 00 00 00").Good();
        other.Send("57 00 00 00 00 00 00 00 00 00").Good();
        other.Send(TestUnitReady).Is(ScsiStatus.ReservationConflict);
        host.Send("17 00 00 00 00 00").Good();
        other.Send("56 00 00 00 00 00 00 00 00 00").Good();
        host.Send(TestUnitReady).Is(ScsiStatus.ReservationConflict);
        await server.LogicalUnitResetAsync(host.Nexus, 0);
        host.ClearUnitAttentions();
        host.Send("16 00 00 00 00 00").Good();
        host.Leave();
        other.ClearUnitAttentions();
        other.Send(TestUnitReady).Good();
    }

    [TestMethod]
    public void Ejecting_is_prevented_per_nexus_and_noticed()
    {
        var host = new ScsiHost(server);
        var other = new ScsiHost(server, isid: 2);
        host.Send("1E 00 00 00 01 00").Good();
        other.Send("1B 00 00 00 02 00").Refused("5/53/02");
        other.Send("1E 00 00 00 00 00").Good();
        other.Send("1B 00 00 00 02 00").Refused("5/53/02");
        host.Leave();
        other.Send("1B 00 00 00 02 00").Good();
        Assert.AreEqual(1, medium.Flushes);
        foreach (string cdb in new[] { TestUnitReady, Cdb(0x28, 0, 1), Cdb(0x35, 0, 0), "25 00 00 00 00 00 00 00 00 00" })
            other.Send(cdb).Refused("2/3A/02");
        other.Send("1B 00 00 00 03 00").Good();
        other.Send(TestUnitReady).Good();
    }

    [TestMethod]
    public void Stopping_makes_the_unit_not_ready_until_it_is_started()
    {
        ScsiHost host = ScsiHost.Over(medium);
        host.Send("1B 00 00 00 00 00").Good();
        host.Send(Cdb(0x2A, 0, 1), new byte[512]).Refused("2/04/02");
        Assert.AreEqual(2, host.Send("03 00 00 00 FF 00").Good().Data[2]);
        host.Send("1B 00 00 00 01 00").Good();
        host.Send(Cdb(0x2A, 0, 1), new byte[512]).Good();
        host.Send("1B 00 00 00 02 00").Refused("5/24/00", "cdb 4.1");
        host.Send("1B 00 00 00 20 00").Good();
        host.Send(TestUnitReady).Good();
    }

    [TestMethod]
    public void A_removable_unit_stays_ready_unless_its_medium_is_ejected()
    {
        var host = new ScsiHost(server);
        host.Send("1B 00 00 00 00 00").Good();
        host.Send(TestUnitReady).Good();
        Assert.AreEqual(1, medium.Flushes);
        host.Send("1B 00 00 00 02 00").Good();
        host.Send(Cdb(0x35, 0, 0, 0x06)).Refused("2/3A/02");
    }

    [TestMethod]
    public void A_nexus_that_follows_a_lost_one_hears_of_the_loss()
    {
        var nexus = new ItNexus("iqn.2026-01.test:host", 1, server.Luns.Port) { FollowsNexusLoss = true };
        server.Attach(nexus);
        var task = new ScsiTask { Nexus = nexus };
        task.Cdb.Set(new byte[6]);
        Assert.IsFalse(server.Prepare(task));
        Assert.AreEqual((0x29, 0x07), ((int)task.Sense.Code, (int)task.Sense.Qualifier));
    }
}
