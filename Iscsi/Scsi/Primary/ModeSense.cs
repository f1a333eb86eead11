using System.Buffers.Binary;
using System.Collections.Immutable;
using Lunaria.Iscsi.Scsi.Commands;
using Lunaria.Iscsi.Scsi.ModePages;
using Lunaria.Iscsi.Scsi.Sense;

namespace Lunaria.Iscsi.Scsi.Primary;

/// <summary>MODE SENSE(6), (10): SPC-4 6.13, 6.14; header and block descriptors: SPC-4 7.5.5, 7.5.6, SBC-3 6.4.2.</summary>
internal static class ModeSense
{
    private const byte ModeSense6 = 0x1A;
    private const int DisableBlockDescriptors = 0x08;
    private const int LongLbaAccepted = 0x10;
    private const int AllPages = 0x3F;
    private const int AllSubpages = 0xFF;

    /// <summary>DPOFUA: DPO and FUA are honoured.</summary>
    private const int DpoFua = 0x10;

    /// <summary>WP: write protected.</summary>
    private const int WriteProtect = 0x80;

    /// <summary>PS: the page can be saved.</summary>
    private const int ParametersSaveable = 0x80;

    private enum PageControl
    {
        Current = 0,
        Changeable = 1,
        Default = 2,
        Saved = 3,
    }

    public static readonly CommandDescriptor[] Rows =
    [
        Row("MODE SENSE(6)", "SPC-4 6.13", "1A 08 FF FF FF 00", task => task.Allocate(task.Cdb.Span[4])),
        Row("MODE SENSE(10)", "SPC-4 6.14", "5A 18 FF FF 00 00 00 FF FF 00",
            task => task.Allocate(BinaryPrimitives.ReadUInt16BigEndian(task.Cdb.Span[7..]))),
    ];

    private static CommandDescriptor Row(string name, string clause, string mask, PrepareCommand allocate) => new(name, clause, mask)
    {
        Direction = DataDirection.In,
        Reservation = ReservationRule.Reads,
        RecommendedSeconds = 30,
        Prepare = task => Prepare(task) && allocate(task),
        Execute = Execute,
    };

    private static PageControl Control(ScsiTask task) => (PageControl)(task.Cdb.Span[2] >> 6);

    private static bool Selects(ScsiTask task, ModePage page)
    {
        int code = task.Cdb.Span[2] & 0x3F;
        int subpage = task.Cdb.Span[3];
        if ((page.Requires & ~task.Unit!.Features) != 0) return false;
        return (code == AllPages || code == page.Code) && (subpage == AllSubpages || page.Subpage == subpage);
    }

    private static bool Prepare(ScsiTask task)
    {
        if (Control(task) == PageControl.Saved && !task.Unit!.Mode.CanSave) return task.Fail(SenseCodes.SavingParametersNotSupported);
        int code = task.Cdb.Span[2] & 0x3F;
        if (code == AllPages)
            return task.Cdb.Span[3] is 0 or AllSubpages || task.Fail(SenseCodes.InvalidFieldInCdb.AtCdb(3));
        bool knownCode = false;
        foreach (ModePage page in ModePageTable.Pages)
        {
            if (Selects(task, page)) return true;
            knownCode |= page.Code == code;
        }

        return task.Fail(knownCode ? SenseCodes.InvalidFieldInCdb.AtCdb(3) : SenseCodes.InvalidFieldInCdb.AtCdb(2, 5));
    }

    private static ValueTask Execute(ScsiTask task)
    {
        LogicalUnit unit = task.Unit!;
        bool six = task.Cdb.OperationCode == ModeSense6;
        bool longLba = !six && (task.Cdb.Span[1] & LongLbaAccepted) != 0;
        bool descriptors = (task.Cdb.Span[1] & DisableBlockDescriptors) == 0;
        int descriptorBytes = descriptors ? longLba ? 16 : 8 : 0;
        int device = DpoFua | (unit.Mode.Writable ? 0 : WriteProtect);
        var data = new ParameterData();
        if (six)
            data.Byte(0).Byte(0).Byte(device).Byte(descriptorBytes);
        else
            data.UInt16(0).Byte(0).Byte(device).Byte(longLba ? 1 : 0).Byte(0).UInt16(descriptorBytes);
        if (descriptors) BlockDescriptor(data, unit, longLba);

        ImmutableArray<byte[]> values = Values(task, unit);
        for (int index = 0; index < values.Length; index++)
        {
            if (!Selects(task, ModePageTable.Pages[index])) continue;
            int start = data.Length;
            data.Bytes(values[index]);
            if (unit.Mode.CanSave) data.PatchByte(start, values[index][0] | ParametersSaveable);
        }

        if (six)
            data.PatchByte(0, data.Length - 1);
        else
            data.PatchUInt16(0, data.Length - 2);
        task.Reply(data.Span);
        return ValueTask.CompletedTask;
    }

    private static ImmutableArray<byte[]> Values(ScsiTask task, LogicalUnit unit) => Control(task) switch
    {
        PageControl.Changeable => [.. ModePageTable.Pages.Select(page => page.Changeable)],
        PageControl.Default => unit.Mode.Defaults,
        PageControl.Saved => unit.Mode.Saved,
        _ => unit.Mode.Current,
    };

    private static void BlockDescriptor(ParameterData data, LogicalUnit unit, bool longLba)
    {
        if (longLba)
            data.UInt64((ulong)unit.Blocks).UInt32(0).UInt32((uint)unit.BlockBytes);
        else
            data.UInt32((uint)Math.Min(unit.Blocks, uint.MaxValue)).UInt32((uint)unit.BlockBytes);
    }
}
