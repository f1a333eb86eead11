using System.Buffers.Binary;
using System.Text;
using Lunaria.Iscsi.Scsi;
using Lunaria.Iscsi.Scsi.Units;
using Lunaria.Iscsi.Scsi.VitalProductData;

namespace Lunaria.Iscsi.Tests.Scsi;

/// <summary>INQUIRY, its pages, REPORT LUNS, READ CAPACITY and mode pages.</summary>
[TestClass]
public class IdentityTests
{
    private readonly RamDevice medium = new(16 << 20);
    private readonly ScsiHost host;

    public IdentityTests() => host = ScsiHost.Over(medium);

    [TestMethod]
    public void Standard_inquiry_data()
    {
        byte[] data = host.Send("12 00 00 00 FF 00").Good().Data;
        Assert.AreEqual(data.Length - 5, data[4]);
        Assert.AreEqual("000006125B380002", Convert.ToHexString(data[..8]));
        Assert.AreEqual("LUNARIA VOLUME          0001", Encoding.ASCII.GetString(data, 8, 28));
        Assert.AreEqual("00A0046004C00960", Convert.ToHexString(data[58..66]));
        Assert.AreEqual(0x80, ScsiHost.Over(medium, ScsiHost.Options() with { Removable = true }).Send("12 00 00 00 FF 00").Data[1]);
        for (int length = 0; length < 120; length++)
            Assert.AreEqual(Math.Min(length, 96), host.Send($"12 00 00 00 {length:X2} 00").Good().DataInLengthBytes);
        host.Send("12 00 80 00 FF 00").Refused("5/24/00", "cdb 2");
        host.Send("12 01 C0 00 FF 00").Refused("5/24/00", "cdb 2");
    }

    [TestMethod]
    public void Supported_pages_are_in_order_and_all_answer()
    {
        byte[] pages = Page(0x00)[4..];
        CollectionAssert.AreEqual(pages.Order().ToArray(), pages);
        CollectionAssert.AreEqual(VpdPages.Pages.Select(page => page.Code).ToArray(), pages);
        foreach (byte page in pages)
        {
            byte[] data = Page(page);
            Assert.AreEqual(page, data[1]);
            Assert.AreEqual(data.Length - 4, BinaryPrimitives.ReadUInt16BigEndian(data.AsSpan(2)));
            byte[] cut = host.Send($"12 01 {page:X2} 00 08 00").Good().Data;
            CollectionAssert.AreEqual(data[..Math.Min(8, data.Length)], cut);
        }
    }

    [TestMethod]
    public void The_names_of_a_unit_are_the_same_for_ever()
    {
        Assert.AreEqual("00000001000200030405060708090a0b", Encoding.ASCII.GetString(Page(0x80)[4..]));
        byte[] page = Page(0x83);
        // Code set binary, unit association, NAA, 16 bytes; 6h, then the company id.
        Assert.AreEqual("01030010", Convert.ToHexString(page[4..8]));
        Assert.AreEqual("64E4C5552ABA8A2F41E8F764744C7E00", Convert.ToHexString(page[8..24]));
        CollectionAssert.AreEqual(page[8..24], ScsiHost.Over(new RamDevice(1 << 20)).Send("12 01 83 00 FF 00").Data[8..24]);
        CollectionAssert.AreNotEqual(page[8..24], ScsiHost.Over(medium, ScsiHost.Options(2)).Send("12 01 83 00 FF 00").Data[8..24]);
        string text = Encoding.ASCII.GetString(page);
        StringAssert.Contains(text, "iqn.2026-01.test:target,t,0x0001\0");
    }

    [TestMethod]
    public void Designators_are_padded_and_only_ports_name_a_protocol()
    {
        byte[] page = Page(0x83);
        var seen = new List<string>();
        for (int at = 4; at < page.Length; at += 4 + page[at + 3])
        {
            int association = (page[at + 1] >> 4) & 3;
            int type = page[at + 1] & 0x0F;
            Assert.AreEqual(association != 0, (page[at + 1] & 0x80) != 0);
            Assert.AreEqual(association != 0 ? 5 : 0, page[at] >> 4);
            if (type == 8)
            {
                Assert.AreEqual(0, page[at + 3] % 4);
                Assert.AreEqual(0, page[at + 3 + page[at + 3]]);
            }

            seen.Add($"{association}:{type}");
        }

        Assert.AreEqual("0:3 0:1 1:4 1:5 1:8 2:8", string.Join(' ', seen));
    }

    [TestMethod]
    public void Block_limits_are_the_enforced_ones()
    {
        byte[] page = Page(0xB0);
        Assert.AreEqual(
            "00B0003C01FF0008000100000000080000000000FFFFFFFF00001000000000088000000000000000004000000000080000000000000000000000000000000000",
            Convert.ToHexString(page));
        Assert.AreEqual("00000000000000000000000000000000", Convert.ToHexString(
            ScsiHost.Over(new RamDevice(1 << 20, thin: false)).Send("12 01 B0 00 FF 00").Data[20..36]));
    }

    [TestMethod]
    public void Provisioning_is_told_alike_everywhere()
    {
        Assert.AreEqual("00B200040BE40200", Convert.ToHexString(Page(0xB2)));
        Assert.AreEqual("00B1003C00010040", Convert.ToHexString(Page(0xB1)[..8]));
        byte[] capacity = host.Send("9E 10 00 00 00 00 00 00 00 00 00 00 00 FF 00 00").Good().Data;
        Assert.AreEqual("0000000000007FFF000002000003C000", Convert.ToHexString(capacity[..16]));
        Assert.HasCount(32, capacity);
        Assert.AreEqual("00007FFF00000200", Convert.ToHexString(host.Send("25 00 00 00 00 00 00 00 00 00").Good().Data));
        ScsiHost thick = ScsiHost.Over(new RamDevice(1 << 20, thin: false));
        Assert.AreEqual(0, thick.Send("9E 10 00 00 00 00 00 00 00 00 00 00 00 FF 00 00").Good().Data[14]);
        Assert.AreEqual("00B2000400000000", Convert.ToHexString(thick.Send("12 01 B2 00 FF 00").Data));
    }

    [TestMethod]
    public void Report_luns_tells_the_whole_list_length()
    {
        var luns = new LogicalUnitMap(ScsiHost.Port);
        foreach (int lun in new[] { 300, 0, 7 }) luns.Add(lun, new LogicalUnit(medium, ScsiHost.Options(lun)));
        var many = new ScsiHost(new DeviceServer(luns, new UnitDirectory()));
        Assert.AreEqual(
            "0000001800000000" + "0000000000000000" + "0007000000000000" + "412C000000000000",
            Convert.ToHexString(many.Send("A0 00 00 00 00 00 00 00 FF FF 00 00").Good().Data));
        Assert.AreEqual(24, many.Send("A0 00 00 00 00 00 00 00 00 08 00 00").Good().Data[3]);
        Assert.AreEqual("C101000000000000", Convert.ToHexString(many.Send("A0 00 01 00 00 00 00 00 FF FF 00 00").Good().Data[8..]));
        many.Send("A0 00 03 00 00 00 00 00 FF FF 00 00").Refused("5/24/00", "cdb 2");
        Assert.ThrowsExactly<ArgumentException>(() => luns.Add(7, new LogicalUnit(medium, ScsiHost.Options())));
    }

    [TestMethod]
    public void Mode_pages_current_changeable_and_default()
    {
        byte[] all = host.Send("1A 08 3F 00 FF 00").Good().Data;
        Assert.AreEqual(all.Length - 1, all[0]);
        Assert.AreEqual(0x10, all[2]);
        byte[] withSubpages = host.Send("1A 08 3F FF FF 00").Good().Data;
        Assert.HasCount(all.Length + 64, withSubpages);
        Assert.AreEqual("081204", Convert.ToHexString(host.Send("1A 08 08 00 FF 00").Good().Data[4..7]));
        Assert.AreEqual("0A0A0400080000000000", Convert.ToHexString(host.Send("1A 08 4A 00 FF 00").Good().Data[4..14]));
        Assert.AreEqual("0A0A00100000", Convert.ToHexString(host.Send("1A 08 8A 00 FF 00").Good().Data[4..10]));
        Assert.AreEqual("4A01001C", Convert.ToHexString(host.Send("1A 08 0A 01 FF 00").Good().Data[4..8]));
        byte[] ten = host.Send("5A 10 08 00 00 00 00 00 FF 00").Good().Data;
        Assert.AreEqual(1, ten[4]);
        Assert.AreEqual(16, ten[7]);
        Assert.AreEqual("00000000000080000000000000000200", Convert.ToHexString(ten[8..24]));
        Assert.AreEqual("0000800000000200", Convert.ToHexString(host.Send("1A 00 08 00 FF 00").Good().Data[4..12]));
        host.Send("1A 08 C8 00 FF 00").Refused("5/39/00");
        host.Send("1A 08 02 00 FF 00").Refused("5/24/00", "cdb 2.5");
        host.Send("1A 08 08 05 FF 00").Refused("5/24/00", "cdb 3");
        host.Send("1A 08 3F 01 FF 00").Refused("5/24/00", "cdb 3");
    }

    [TestMethod]
    public void Mode_select_changes_what_is_changeable_and_tells_the_others()
    {
        DeviceServer server = ScsiHost.ServerOver(medium);
        var first = new ScsiHost(server);
        var second = new ScsiHost(server, isid: 2);
        byte[] list = Convert.FromHexString("00000000" + "0A0A04100800" + "0000FFFF0000");
        first.Send($"15 10 00 00 {list.Length:X2} 00", list).Good();
        second.Send("00 00 00 00 00 00").Refused("6/2A/01");
        first.Send("00 00 00 00 00 00").Good();
        Answer refused = first.Send("2A 00 00 00 00 00 00 00 01 00", new byte[512]).Refused("7/27/02");
        Assert.AreEqual(0x72, refused.SenseBytes[0]);
        Assert.AreEqual(0x90, first.Send("1A 08 3F 00 FF 00").Good().Data[2]);
    }

    [TestMethod]
    public void Mode_select_is_all_or_nothing()
    {
        byte[] list = Convert.FromHexString("00000000" + "0A0A041000000000FFFF0000" + "0A0A002000000000FFFF0000");
        host.Send($"15 10 00 00 {list.Length:X2} 00", list).Refused("5/26/00", "parameter 19.5");
        Assert.AreEqual(0x00, host.Send("1A 08 0A 00 FF 00").Good().Data[6]);
        host.Send("15 10 00 00 03 00", new byte[3]).Refused("5/1A/00");
        host.Send("15 10 00 00 06 00", [0, 0, 0, 0, 0x08, 0x11]).Refused("5/26/00", "parameter 5");
        host.Send("15 10 00 00 06 00", [0, 0, 0, 0, 0x08, 0x12]).Refused("5/1A/00");
        host.Send("15 10 00 00 06 00", [0, 0, 0, 0, 0x02, 0x0E]).Refused("5/26/00", "parameter 4.5");
        host.Send("15 11 00 00 06 00", new byte[6]).Refused("5/24/00", "cdb 1.0");
        host.Send("15 00 00 00 06 00", new byte[6]).Refused("5/24/00", "cdb 1.4");
        host.Send("15 10 00 00 0C 00", [0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0x10, 0]).Refused("5/26/00", "parameter 9");
        host.Send("15 10 00 00 00 00", []).Good();
    }

    [TestMethod]
    public void Saved_mode_pages_outlive_the_unit_and_come_back_with_a_reset()
    {
        var stored = new Dictionary<string, byte[]>();
        LogicalUnitOptions options = ScsiHost.Options() with
        {
            Store = new LogicalUnitStore(stored.GetValueOrDefault, (name, record) =>
            {
                stored[name] = record;
                return ValueTask.CompletedTask;
            }),
        };
        DeviceServer server = ScsiHost.ServerOver(medium, options);
        var first = new ScsiHost(server);
        Assert.AreEqual(0x88, first.Send("1A 08 08 00 FF 00").Good().Data[4], "PS");
        first.Send("15 11 00 00 18 00", Caching(0)).Good();
        first.Send("15 10 00 00 18 00", Caching(4)).Good();
        Assert.AreEqual(4, first.Send("1A 08 08 00 FF 00").Good().Data[6]);
        Assert.AreEqual(0, first.Send("1A 08 C8 00 FF 00").Good().Data[6], "saved");
        Assert.AreEqual(4, first.Send("1A 08 88 00 FF 00").Good().Data[6], "default");
        server.LogicalUnitResetAsync(first.Nexus, 0).AsTask().GetAwaiter().GetResult();
        first.ClearUnitAttentions();
        Assert.AreEqual(0, first.Send("1A 08 08 00 FF 00").Good().Data[6]);
        Assert.AreEqual(0, ScsiHost.Over(medium, options).Send("1A 08 08 00 FF 00").Good().Data[6]);

        stored["mode"] = [0x08, 0xFF, 1];
        Assert.AreEqual(4, ScsiHost.Over(medium, options).Send("1A 08 08 00 FF 00").Good().Data[6], "a record that is no record is none");
        ScsiHost broken = ScsiHost.Over(medium, options with { Store = new LogicalUnitStore(_ => null, (_, _) => throw new IOException("no space")) });
        broken.Send("15 11 00 00 18 00", Caching(0)).Refused("4/44/00");
        Assert.AreEqual(4, broken.Send("1A 08 08 00 FF 00").Good().Data[6]);
        host.Send("15 11 00 00 18 00", Caching(0)).Refused("5/24/00", "cdb 1.0");

        static byte[] Caching(byte writeCache) => [0, 0, 0, 0, 0x08, 0x12, writeCache, .. new byte[17]];
    }

    private byte[] Page(byte code) => host.Send($"12 01 {code:X2} 04 00 00").Good().Data;
}
