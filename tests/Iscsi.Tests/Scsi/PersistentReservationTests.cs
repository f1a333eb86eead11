using System.Buffers.Binary;
using System.Text;
using Lunaria.Iscsi.Scsi;
using Lunaria.Iscsi.Scsi.Reservations;
using Lunaria.Iscsi.Scsi.Units;
using static Lunaria.Iscsi.Tests.Scsi.ReadWriteTests;

namespace Lunaria.Iscsi.Tests.Scsi;

/// <summary>PERSISTENT RESERVE IN and OUT, the conflict table, and what survives a restart.</summary>
[TestClass]
public class PersistentReservationTests
{
    private const string TestUnitReady = "00 00 00 00 00 00";
    private readonly RamDevice medium = new(1 << 20);
    private readonly Dictionary<string, byte[]> stored = [];
    private readonly DeviceServer server;
    private readonly ScsiHost first;
    private readonly ScsiHost second;
    private readonly ScsiHost third;

    public PersistentReservationTests()
    {
        server = Start();
        first = new ScsiHost(server, isid: 1);
        second = new ScsiHost(server, isid: 2);
        third = new ScsiHost(server, isid: 3);
    }

    /// <summary>Rows of SPC-4 table 66 and SBC-3 table 6: type, command, allowed to an unregistered and to a registered nexus.</summary>
    [TestMethod]
    [DataRow(1, "28", true, true)]
    [DataRow(1, "2A", false, false)]
    [DataRow(3, "28", false, false)]
    [DataRow(3, "2A", false, false)]
    [DataRow(5, "28", true, true)]
    [DataRow(5, "2A", false, true)]
    [DataRow(6, "28", false, true)]
    [DataRow(6, "2A", false, true)]
    [DataRow(7, "28", true, true)]
    [DataRow(7, "2A", false, true)]
    [DataRow(8, "28", false, true)]
    [DataRow(8, "2A", false, true)]
    public void The_conflict_table_is_enforced(int type, string operationCode, bool unregistered, bool registered)
    {
        Register(first, 0x11);
        Register(second, 0x22);
        Out(first, 1, 0x11, type: type).Good();
        string cdb = $"{operationCode} 00 00 00 00 00 00 00 01 00";
        first.Send(cdb, new byte[512]).Good();
        Assert.AreEqual(registered ? ScsiStatus.Good : ScsiStatus.ReservationConflict, second.Send(cdb, new byte[512]).Status);
        Assert.AreEqual(unregistered ? ScsiStatus.Good : ScsiStatus.ReservationConflict, third.Send(cdb, new byte[512]).Status);
    }

    [TestMethod]
    public void Some_commands_are_allowed_under_every_reservation()
    {
        Register(first, 1);
        Out(first, 1, 1, type: 3).Good();
        foreach (string cdb in new[]
        {
            "12 00 00 00 FF 00", "A0 00 00 00 00 00 00 00 FF FF 00 00", "03 00 00 00 FF 00", TestUnitReady, "25 00 00 00 00 00 00 00 00 00",
            "9E 10 00 00 00 00 00 00 00 00 00 00 00 20 00 00", "5E 00 00 00 00 00 00 00 FF 00", "A3 0C 00 00 00 00 00 00 FF FF 00 00",
            "1B 00 00 00 01 00", "1E 00 00 00 00 00",
        })
            third.Send(cdb).Good();
        foreach (string cdb in new[]
        {
            "1A 00 3F 00 FF 00", "1B 00 00 00 00 00", "1E 00 00 00 01 00", Cdb(0x35, 0, 0), "16 00 00 00 00 00", "17 00 00 00 00 00",
            Cdb(0x2F, 0, 1), "9E 12 00 00 00 00 00 00 00 00 00 00 00 FF 00 00",
        })
            third.Send(cdb).Is(ScsiStatus.ReservationConflict);
        third.Send("42 00 00 00 00 00 00 00 08 00", new byte[8]).Is(ScsiStatus.ReservationConflict);
    }

    [TestMethod]
    public void Keys_and_generation_are_told_whole_also_when_cut()
    {
        Register(first, 0x11);
        Register(second, 0x22);
        Assert.AreEqual("0000000200000010" + "0000000000000011" + "0000000000000022", In(0));
        Assert.AreEqual("0000000200000010", In(0, 8));
        Out(first, 1, 0x11, type: 1).Good();
        Assert.AreEqual("0000000200000010" + "0000000000000011" + "00000000" + "00010000", In(1));
        Out(first, 2, 0x11, type: 1).Good();
        Assert.AreEqual("0000000200000000", In(1));
        Out(first, 1, 0x11, type: 7).Good();
        Assert.AreEqual("0000000200000010" + "0000000000000000" + "00000000" + "00070000", In(1));
        Out(second, 3, 0x22).Good();
        Assert.AreEqual("0000000300000000", In(0, host: second));
        first.Send(TestUnitReady).Refused("6/2A/03");
        second.Send(TestUnitReady).Good();
    }

    [TestMethod]
    public void Capabilities_and_full_status()
    {
        Assert.AreEqual("00080D80EA010000", In(2));
        Register(first, 0x11);
        Out(first, 1, 0x11, type: 5).Good();
        byte[] status = Convert.FromHexString(In(3));
        Assert.AreEqual(status.Length - 8, BinaryPrimitives.ReadInt32BigEndian(status.AsSpan(4)));
        Assert.AreEqual("00000000000000110000000001050000000000" + "01", Convert.ToHexString(status[8..28]));
        Assert.AreEqual(0x45, status[32]);
        Assert.AreEqual(0, (status.Length - 36) % 4);
        Assert.AreEqual("iqn.2026-01.test:host,i,0x000000000001", Encoding.ASCII.GetString(status[36..]).TrimEnd('\0'));
        first.Send("5E 04 00 00 00 00 00 00 FF 00").Refused("5/24/00", "cdb 1.4");
        first.Send("5F 08 00 00 00 00 00 00 18 00", new byte[24]).Refused("5/24/00", "cdb 1.4");
    }

    [TestMethod]
    public void A_wrong_key_is_a_conflict_and_a_wrong_list_an_error()
    {
        Out(first, 0, 0x99, 0x11).Is(ScsiStatus.ReservationConflict);
        Register(first, 0x11);
        Out(first, 0, 0, 0x12).Is(ScsiStatus.ReservationConflict);
        Out(first, 0, 0x11, 0x12).Good();
        Out(first, 6, 0, 0x13).Good();
        Out(first, 1, 0x11, type: 1).Is(ScsiStatus.ReservationConflict);
        Out(second, 1, 0x13, type: 1).Is(ScsiStatus.ReservationConflict);
        Out(first, 1, 0x13, type: 2).Refused("5/24/00", "cdb 2.3");
        Out(first, 1, 0x13, type: 0x11).Refused("5/24/00", "cdb 2.7");
        first.Send("5F 00 00 00 00 00 00 00 17 00", new byte[23]).Refused("5/1A/00");
        first.Send("5F 00 00 00 00 00 00 00 18 00", new byte[20]).Refused("5/1A/00");
        Out(first, 1, 0x13, type: 1).Good();
        Out(first, 1, 0x13, type: 1).Good();
        Out(first, 1, 0x13, type: 3).Is(ScsiStatus.ReservationConflict);
        Out(first, 2, 0x13, type: 3).Refused("5/26/04");
        Register(second, 0x22);
        Out(second, 1, 0x22, type: 1).Is(ScsiStatus.ReservationConflict);
        Out(second, 2, 0x22, type: 1).Good();
        Assert.AreEqual("01", In(1)[42..44]);
    }

    [TestMethod]
    [DataRow(1, false)]
    [DataRow(3, false)]
    [DataRow(5, true)]
    [DataRow(6, true)]
    public void A_reservation_ends_with_the_registration_of_its_holder(int type, bool heard)
    {
        Register(first, 0x11);
        Register(second, 0x22);
        Out(first, 1, 0x11, type: type).Good();
        Out(first, 0, 0x11, 0).Good();
        Assert.AreEqual("0000000300000000", In(1));
        first.Send(TestUnitReady).Good();
        if (heard) second.Send(TestUnitReady).Refused("6/2A/04");
        second.Send(TestUnitReady).Good();
    }

    [TestMethod]
    public void All_registrants_hold_until_the_last_of_them_goes()
    {
        Register(first, 0x11);
        Register(second, 0x22);
        Out(first, 1, 0x11, type: 8).Good();
        Out(first, 0, 0x11, 0).Good();
        Assert.AreEqual("08", In(1)[42..44]);
        Out(second, 0, 0x22, 0).Good();
        Assert.AreEqual("0000000400000000", In(1));
    }

    [TestMethod]
    public void Release_is_heard_by_the_other_registrants()
    {
        Register(first, 0x11);
        Register(second, 0x22);
        Out(first, 1, 0x11, type: 6).Good();
        Out(first, 2, 0x11, type: 6).Good();
        first.Send(TestUnitReady).Good();
        second.Send(TestUnitReady).Refused("6/2A/04");
        third.Send(TestUnitReady).Good();
    }

    [TestMethod]
    public void Preempting_the_holder_takes_the_reservation()
    {
        Register(first, 0x11);
        Register(second, 0x22);
        Register(third, 0x33);
        Out(first, 1, 0x11, type: 5).Good();
        Out(second, 4, 0x22, 0, type: 5).Refused("5/26/00", "parameter 8");
        Out(second, 4, 0x22, 0x44, type: 5).Is(ScsiStatus.ReservationConflict);
        Out(second, 4, 0x22, 0x11, type: 6).Good();
        Assert.AreEqual("0000000400000010" + "0000000000000022" + "00000000" + "00060000", In(1, host: second));
        first.Send(TestUnitReady).Refused("6/2A/05");
        third.Send(TestUnitReady).Refused("6/2A/04");
        first.Send(Cdb(0x28, 0, 1)).Is(ScsiStatus.ReservationConflict);
        // Another registrant's key: only its registration goes.
        Out(second, 4, 0x22, 0x33, type: 1).Good();
        third.Send(TestUnitReady).Refused("6/2A/05");
        Assert.AreEqual("06", In(1, host: second)[42..44]);
    }

    [TestMethod]
    public void Preempting_all_registrants_with_key_0_leaves_the_sender_alone()
    {
        Register(first, 0x11);
        Register(second, 0x22);
        Register(third, 0x22);
        Out(first, 1, 0x11, type: 7).Good();
        Out(second, 4, 0x22, 0, type: 3).Good();
        Assert.AreEqual("0000000400000008" + "0000000000000022", In(0, host: second));
        Assert.AreEqual("03", In(1, host: second)[42..44]);
        third.Send(TestUnitReady).Refused("6/2A/05");
    }

    [TestMethod]
    public void Preempt_and_abort_ends_the_tasks_of_those_preempted()
    {
        var aborted = new List<ulong>();
        var victim = new ItNexus("iqn.2026-01.test:victim", 9, ScsiHost.Port)
        {
            AbortTasks = lun =>
            {
                aborted.Add(lun);
                return ValueTask.CompletedTask;
            },
        };
        server.Attach(victim);
        Register(first, 0x11);
        byte[] list = [.. List(0x11, 0)];
        list[20] = 0x08;
        byte[] id = TransportId.Write(victim.InitiatorPort);
        byte[] withPorts = [.. List(0, 0x55, 0x08), 0, 0, 0, (byte)id.Length, .. id];
        second.Send($"5F 00 00 00 00 {withPorts.Length:X8} 00", withPorts).Good();
        Out(first, 5, 0x11, 0x55, type: 1).Good();
        CollectionAssert.AreEqual(new[] { 0UL }, aborted);
        second.Send(TestUnitReady).Refused("6/2A/05");
    }

    [TestMethod]
    public void Specified_ports_are_registered_with_the_sender_or_not_at_all()
    {
        byte[] id = TransportId.Write(second.Nexus.InitiatorPort);
        byte[] list = [.. List(0, 0x77, 0x08), 0, 0, 0, (byte)id.Length, .. id];
        first.Send($"5F 00 00 00 00 {list.Length:X8} 00", list).Good();
        Assert.AreEqual("0000000100000010" + "0000000000000077" + "0000000000000077", In(0));
        third.Send($"5F 00 00 00 00 {list.Length:X8} 00", list).Is(ScsiStatus.ReservationConflict);
        byte[] broken = [.. list];
        broken[28] = 0x46;
        third.Send($"5F 00 00 00 00 {list.Length:X8} 00", broken).Refused("5/26/00", "parameter 28");
        broken = [.. list];
        broken[27]++;
        third.Send($"5F 00 00 00 00 {list.Length:X8} 00", broken).Refused("5/26/00", "parameter 24");
        third.Send($"5F 06 00 00 00 {list.Length:X8} 00", list).Refused("5/26/00", "parameter 20.3");
        Assert.AreEqual("0000000100000010", In(0)[..16]);
    }

    [TestMethod]
    public void All_target_ports_registers_on_every_path()
    {
        var otherLuns = new LogicalUnitMap(new TargetPort("iqn.2026-01.test:other", 1, 7));
        otherLuns.Add(4, server.Luns.Units[0]);
        var otherPath = new ScsiHost(new DeviceServer(otherLuns, new UnitDirectory()), isid: 1);
        byte[] list = List(0, 0x66, 0x04);
        first.Send("5F 00 00 00 00 00 00 00 18 00", list).Good();
        Assert.AreEqual("0000000100000010", In(0)[..16]);
        Out(first, 1, 0x66, type: 5).Good();
        otherPath.Send(Cdb(0x2A, 0, 1), new byte[512], lun: 4).Good();
        third.Send(Cdb(0x2A, 0, 1), new byte[512]).Is(ScsiStatus.ReservationConflict);
    }

    [TestMethod]
    public void Register_and_move_hands_the_reservation_over()
    {
        Register(first, 0x11);
        Out(first, 1, 0x11, type: 1).Good();
        byte[] list = Move(0x11, 0x22, second.Nexus.InitiatorPort, unregister: true);
        third.Send($"5F 07 00 00 00 {list.Length:X8} 00", list).Is(ScsiStatus.ReservationConflict);
        first.Send($"5F 07 00 00 00 {list.Length:X8} 00", Move(0x11, 0, second.Nexus.InitiatorPort)).Refused("5/26/00", "parameter 8");
        first.Send($"5F 07 00 00 00 {list.Length:X8} 00", Move(0x11, 0x22, second.Nexus.InitiatorPort, port: 9)).Refused("5/26/00", "parameter 18");
        first.Send($"5F 07 00 00 00 {list.Length:X8} 00", Move(0x11, 0x22, first.Nexus.InitiatorPort)).Refused("5/26/00", "parameter 24");
        first.Send($"5F 07 00 00 00 {list.Length:X8} 00", list).Good();
        Assert.AreEqual("0000000200000008" + "0000000000000022", In(0));
        second.Send(Cdb(0x2A, 0, 1), new byte[512]).Good();
        first.Send(Cdb(0x2A, 0, 1), new byte[512]).Is(ScsiStatus.ReservationConflict);
    }

    [TestMethod]
    public void With_aptpl_a_reservation_survives_a_restart_and_without_it_does_not()
    {
        first.Send("5F 00 00 00 00 00 00 00 18 00", List(0, 0x11, 0x01)).Good();
        Out(first, 1, 0x11, type: 3).Good();
        Assert.AreEqual("00080D81EA010000", In(2));
        DeviceServer restarted = Start();
        var again = new ScsiHost(restarted, isid: 1);
        var other = new ScsiHost(restarted, isid: 2);
        other.Send(Cdb(0x28, 0, 1)).Is(ScsiStatus.ReservationConflict);
        again.Send(Cdb(0x2A, 0, 1), new byte[512]).Good();
        Assert.AreEqual("0000000000000008" + "0000000000000011", In(0, host: again));
        again.Send("5F 00 00 00 00 00 00 00 18 00", List(0x11, 0x12, 0x00)).Good();
        Assert.HasCount(0, stored["reservations"]);
        Assert.AreEqual("0000000000000000", In(0, host: new ScsiHost(Start(), isid: 1)));
    }

    [TestMethod]
    public void Aptpl_needs_a_store()
    {
        ScsiHost host = ScsiHost.Over(medium);
        host.Send("5F 00 00 00 00 00 00 00 18 00", List(0, 0x11, 0x01)).Refused("5/26/00", "parameter 20.0");
        Assert.AreEqual("00080C80EA010000", In(2, host: host));
    }

    [TestMethod]
    public void A_store_that_fails_changes_nothing()
    {
        LogicalUnitStore broken = new(_ => null, (_, _) => throw new IOException("no space"));
        ScsiHost host = ScsiHost.Over(medium, ScsiHost.Options() with { Store = broken });
        host.Send("5F 00 00 00 00 00 00 00 18 00", List(0, 0x11, 0x01)).Refused("4/44/00");
        Assert.AreEqual("0000000000000000", In(0, host: host));
    }

    [TestMethod]
    public void Reserve_6_and_persistent_reservations_exclude_each_other()
    {
        first.Send("16 00 00 00 00 00").Good();
        Out(first, 0, 0, 0x11).Is(ScsiStatus.ReservationConflict);
        first.Send("17 00 00 00 00 00").Good();
        Register(first, 0x11);
        first.Send("16 00 00 00 00 00").Is(ScsiStatus.ReservationConflict);
    }

    [TestMethod]
    public void A_registration_outlives_its_session()
    {
        Register(first, 0x11);
        Out(first, 1, 0x11, type: 3).Good();
        first.Leave();
        var again = new ScsiHost(server, isid: 1);
        again.Send(Cdb(0x2A, 0, 1), new byte[512]).Good();
        second.Send(Cdb(0x2A, 0, 1), new byte[512]).Is(ScsiStatus.ReservationConflict);
    }

    [TestMethod]
    public void A_record_of_another_version_is_not_guessed() =>
        Assert.ThrowsExactly<FormatException>(() => ReservationRecord.Read("persistent-reservations 2\n"u8));

    private DeviceServer Start() => ScsiHost.ServerOver(medium, ScsiHost.Options() with
    {
        Store = new LogicalUnitStore(stored.GetValueOrDefault, (name, record) =>
        {
            stored[name] = record;
            return ValueTask.CompletedTask;
        }),
    });

    private static void Register(ScsiHost host, ulong key) => Out(host, 6, 0, key).Good();

    private static Answer Out(ScsiHost host, int action, ulong key, ulong actionKey = 0, int type = 0) =>
        host.Send($"5F {action:X2} {type:X2} 00 00 00 00 00 18 00", List(key, actionKey));

    private static byte[] List(ulong key, ulong actionKey, byte flags = 0)
    {
        byte[] list = new byte[24];
        BinaryPrimitives.WriteUInt64BigEndian(list, key);
        BinaryPrimitives.WriteUInt64BigEndian(list.AsSpan(8), actionKey);
        list[20] = flags;
        return list;
    }

    private static byte[] Move(ulong key, ulong actionKey, string initiatorPort, bool unregister = false, byte port = 1)
    {
        byte[] id = TransportId.Write(initiatorPort);
        byte[] list = [.. List(key, actionKey), .. id];
        list[17] = (byte)(unregister ? 2 : 0);
        list[19] = port;
        list[23] = (byte)id.Length;
        return list;
    }

    private string In(int action, int room = 4096, ScsiHost? host = null) =>
        Convert.ToHexString((host ?? first).Send($"5E {action:X2} 00 00 00 00 00 {room:X4} 00").Good().Data);
}
