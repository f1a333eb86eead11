using System.Text;
using Lunaria.Iscsi.Scsi;
using Lunaria.Iscsi.Scsi.Commands;
using Lunaria.Iscsi.Scsi.Units;

namespace Lunaria.Iscsi.Tests.Scsi;

/// <summary>The command table as dispatch, validation and REPORT SUPPORTED OPERATION CODES use it.</summary>
[TestClass]
public class CommandTableTests
{
    private readonly RamDevice medium = new(16 << 20, hasOwnKey: true);
    private readonly ScsiHost host;

    public CommandTableTests() => host = ScsiHost.Over(medium, ScsiHost.Options() with { AllowFormat = true });

    /// <summary>A bit outside of the mask is refused with its own position, whatever command it is in.</summary>
    [TestMethod]
    public void Every_reserved_bit_of_every_command_is_refused_where_it_is()
    {
        int bits = 0;
        foreach (CommandDescriptor command in CommandTable.Rows)
        {
            byte[] usage = command.Mask.Usage.ToArray();
            byte[] cdb = new byte[16];
            cdb[0] = command.OperationCode;
            if (command.ServiceAction >= 0) cdb[1] = (byte)command.ServiceAction;
            for (int index = 1; index < usage.Length; index++)
            {
                for (int bit = 0; bit < 8; bit++)
                {
                    if ((usage[index] & (1 << bit)) != 0) continue;
                    byte[] wrong = [.. cdb];
                    wrong[index] |= (byte)(1 << bit);
                    if (CommandTable.Find(wrong[0], wrong[1] & 0x1F) != command) continue;
                    host.Send(Convert.ToHexString(wrong)).Refused("5/24/00", $"cdb {index}.{bit}");
                    bits++;
                }
            }
        }

        Assert.IsGreaterThan(500, bits);
    }

    [TestMethod]
    public void What_is_not_in_the_table_is_an_invalid_operation_code()
    {
        for (int operationCode = 0; operationCode < 256; operationCode++)
        {
            if (CommandTable.HasOperationCode((byte)operationCode)) continue;
            host.Send($"{operationCode:X2} 00 00 00 00 00").Refused("5/20/00", "cdb 0");
        }
    }

    [TestMethod]
    public void An_unknown_service_action_points_at_it() =>
        host.Send("9E 1E 00 00 00 00 00 00 00 00 00 00 00 00 00 00").Refused("5/24/00", "cdb 1.4");

    /// <summary>Adding or losing a command must be a decision.</summary>
    [TestMethod]
    public void The_supported_commands_are_the_golden_list()
    {
        byte[] list = host.Send("A3 0C 00 00 00 00 00 00 FF FF 00 00").Good().Data;
        Assert.AreEqual(list.Length - 4, ReadUInt32(list, 0));
        var text = new StringBuilder();
        for (int at = 4; at < list.Length; at += 8)
        {
            text.Append(list[at].ToString("X2"));
            if ((list[at + 5] & 1) != 0) text.Append('/').Append(list[at + 3].ToString("X2"));
            text.Append(':').Append(list[at + 7]).Append(' ');
        }

        Assert.AreEqual(GoldenCommands, text.ToString().Trim());
    }

    [TestMethod]
    public void Every_row_describes_itself_in_the_one_command_format_with_timeouts()
    {
        foreach (CommandDescriptor command in CommandTable.Rows)
        {
            bool action = command.ServiceAction >= 0;
            string options = action ? "82" : "81";
            byte[] one = host.Send($"A3 0C {options} {command.OperationCode:X2} {Math.Max(0, command.ServiceAction):X4} 00 00 FF FF 00 00").Good().Data;
            int length = command.Mask.Length;
            Assert.AreEqual(0x83, one[1]);
            Assert.AreEqual(length, one[3]);
            Assert.HasCount(4 + length + 12, one);
            Assert.AreEqual(command.OperationCode, one[4]);
            if (action) Assert.AreEqual(command.ServiceAction, one[5] & 0x1F);
            Assert.AreEqual(0x0A, one[4 + length + 1]);
            Assert.AreEqual(command.NominalSeconds, (uint)ReadUInt32(one, 4 + length + 4));
            Assert.IsGreaterThanOrEqualTo(command.NominalSeconds, (uint)ReadUInt32(one, 4 + length + 8));
        }
    }

    [TestMethod]
    public void Reporting_options_must_fit_the_operation_code()
    {
        host.Send("A3 0C 01 9E 00 00 00 00 FF FF 00 00").Refused("5/24/00", "cdb 2.2");
        host.Send("A3 0C 02 28 00 00 00 00 FF FF 00 00").Refused("5/24/00", "cdb 2.2");
        host.Send("A3 0C 04 28 00 00 00 00 FF FF 00 00").Refused("5/24/00", "cdb 2.2");
        Assert.AreEqual(1, host.Send("A3 0C 01 C0 00 00 00 00 FF FF 00 00").Good().Data[1]);
        Assert.AreEqual(1, host.Send("A3 0C 03 28 00 01 00 00 FF FF 00 00").Good().Data[1]);
        Assert.AreEqual(3, host.Send("A3 0C 03 9E 00 10 00 00 FF FF 00 00").Good().Data[1]);
    }

    [TestMethod]
    public void A_thick_medium_has_no_command_of_thin_provisioning()
    {
        ScsiHost thick = ScsiHost.Over(new RamDevice(1 << 20, thin: false));
        thick.Send("42 00 00 00 00 00 00 00 18 00", new byte[24]).Refused("5/20/00");
        Assert.AreEqual(1, thick.Send("A3 0C 01 42 00 00 00 00 FF FF 00 00").Good().Data[1]);
        thick.Send("41 08 00 00 00 00 00 00 01 00", new byte[512]).Refused("5/24/00", "cdb 1.3");
    }

    [TestMethod]
    public void Supported_task_management_functions_are_told_in_both_formats()
    {
        CollectionAssert.AreEqual(new byte[] { 0xDE, 0x07, 0, 0 }, host.Send("A3 0D 00 00 00 00 00 00 FF FF 00 00").Good().Data);
        byte[] extended = host.Send("A3 0D 80 00 00 00 00 00 FF FF 00 00").Good().Data;
        Assert.HasCount(16, extended);
        Assert.AreEqual(0x0C, extended[3]);
    }

    [TestMethod]
    public void A_lun_without_a_unit_answers_three_commands_only()
    {
        Assert.AreEqual(0x7F, host.Send("12 00 00 00 FF 00", lun: 5).Good().Data[0]);
        Assert.AreEqual(0x25, host.Send("03 00 00 00 FF 00", lun: 5).Good().Data[12]);
        Assert.AreEqual(8, host.Send("A0 00 00 00 00 00 00 00 01 00 00 00", lun: 5).Good().Data[3]);
        host.Send("00 00 00 00 00 00", lun: 5).Refused("5/25/00");
        host.Send("28 00 00 00 00 00 00 00 01 00", lun: 5).Refused("5/25/00");
        host.Send("00 00 00 00 00 00", lunField: 0x0001_0000_0000_0001).Refused("5/25/00");
        host.Send("00 00 00 00 00 00", lunField: 0xC001_0000_0000_0000).Refused("5/25/00");
    }

    [TestMethod]
    public void The_well_known_unit_reports_luns()
    {
        Assert.AreEqual(0x1E, host.Send("12 00 00 00 FF 00", lunField: LunField.ReportLuns).Good().Data[0]);
        Assert.AreEqual(16, host.Send("A0 00 00 00 00 00 00 00 00 FF 00 00", lunField: LunField.ReportLuns).Good().DataInLengthBytes);
        host.Send("00 00 00 00 00 00", lunField: LunField.ReportLuns).Good();
        host.Send("28 00 00 00 00 00 00 00 01 00", lunField: LunField.ReportLuns).Refused("5/20/00");
    }

    [TestMethod]
    [DataRow(0, 0x0000_0000_0000_0000UL)]
    [DataRow(255, 0x00FF_0000_0000_0000UL)]
    [DataRow(256, 0x4100_0000_0000_0000UL)]
    [DataRow(16383, 0x7FFF_0000_0000_0000UL)]
    public void Lun_fields_go_both_ways(int lun, ulong field)
    {
        Assert.AreEqual(field, LunField.Encode(lun));
        Assert.AreEqual(lun, LunField.Decode(field));
    }

    /// <summary>Operation code, service action where it has one, and CDB length.</summary>
    private const string GoldenCommands =
        "00:6 03:6 04:6 08:6 0A:6 12:6 15:6 16:6 17:6 1A:6 1B:6 1D:6 1E:6 25:10 28:10 2A:10 2E:10 2F:10 34:10 35:10 37:10 3B:10 3C:10 41:10 42:10 "
        + "48/01:10 48/02:10 48/03:10 48/1F:10 4D:10 55:10 56:10 57:10 5A:10 "
        + "5E/00:10 5E/01:10 5E/02:10 5E/03:10 5F/00:10 5F/01:10 5F/02:10 5F/03:10 5F/04:10 5F/05:10 5F/06:10 5F/07:10 "
        + "83/00:16 83/01:16 83/10:16 83/11:16 83/1C:16 84/00:16 84/03:16 84/04:16 84/05:16 84/07:16 84/08:16 88:16 89:16 8A:16 8B:16 8E:16 8F:16 90:16 91:16 93:16 9C:16 9E/10:16 9E/12:16 "
        + "A0:12 A3/0A:12 A3/0C:12 A3/0D:12 A4/0A:12 A8:12 AA:12 AE:12 AF:12 B7:12";

    private static int ReadUInt32(byte[] data, int at) => System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(data.AsSpan(at));
}
