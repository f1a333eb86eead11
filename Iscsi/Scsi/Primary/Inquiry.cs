using System.Buffers.Binary;
using Lunaria.Iscsi.Scsi.Commands;
using Lunaria.Iscsi.Scsi.Sense;
using Lunaria.Iscsi.Scsi.Units;
using Lunaria.Iscsi.Scsi.VitalProductData;

namespace Lunaria.Iscsi.Scsi.Primary;

/// <summary>INQUIRY (SPC-4 6.6): standard data here, pages by <see cref="VpdPages"/>.</summary>
internal static class Inquiry
{
    /// <summary>PERIPHERAL QUALIFIER 011b, type 1Fh: no logical unit can be at this LUN.</summary>
    public const byte NoUnit = 0x7F;

    /// <summary>Device type of a well-known logical unit.</summary>
    private const byte WellKnownUnit = 0x1E;

    private const int EnableVitalProductData = 0x01;
    private const int AdditionalLengthIndex = 4;

    /// <summary>VERSION DESCRIPTORs: SAM-5, SPC-4, SBC-3, iSCSI, each without a revision (SPC-4 table 145).</summary>
    private static readonly ushort[] versionDescriptors = [0x00A0, 0x0460, 0x04C0, 0x0960];

    public static readonly CommandDescriptor[] Rows =
    [
        new("INQUIRY", "SPC-4 6.6", "12 01 FF FF FF 00")
        {
            Direction = DataDirection.In,
            Flags = CommandFlags.PassesUnitAttention | CommandFlags.AnyLun | CommandFlags.PassesReserve | CommandFlags.PassesStandby,
            RecommendedSeconds = 30,
            Prepare = Prepare,
            Execute = Execute,
        },
    ];

    private static bool Prepare(ScsiTask task)
    {
        ReadOnlySpan<byte> cdb = task.Cdb.Span;
        bool page = (cdb[1] & EnableVitalProductData) != 0;
        if (!page && cdb[2] != 0) return task.Fail(SenseCodes.InvalidFieldInCdb.AtCdb(2));
        if (page && (task.Unit is null || VpdPages.Find(task.Unit, cdb[2]) is null))
            return task.Fail(SenseCodes.InvalidFieldInCdb.AtCdb(2));
        return task.Allocate(BinaryPrimitives.ReadUInt16BigEndian(cdb[3..]));
    }

    private static ValueTask Execute(ScsiTask task)
    {
        ReadOnlySpan<byte> cdb = task.Cdb.Span;
        task.Reply((cdb[1] & EnableVitalProductData) != 0
            ? VpdPages.Build(VpdPages.Find(task.Unit!, cdb[2])!, task.Unit!, task.Nexus).Span
            : Standard(task).Span);
        return ValueTask.CompletedTask;
    }

    private static ParameterData Standard(ScsiTask task)
    {
        LogicalUnit? unit = task.Unit;
        var data = new ParameterData()
            .Byte(unit is not null ? 0x00 : task.LunField == LunField.ReportLuns ? WellKnownUnit : NoUnit)
            .Byte(unit?.Options.Removable == true ? 0x80 : 0)
            .Byte(0x06)  // VERSION: SPC-4
            .Byte(0x12)  // HISUP, RESPONSE DATA FORMAT 2
            .Byte(0)
            .Byte(unit is null ? 0 : 0x38) // TPGS: implicit and explicit; 3PC
            .Byte(0)
            .Byte(0x02); // CMDQUE
        if (unit is null)
            data.Bytes("LUNARIA "u8).Bytes("NO UNIT         "u8).Bytes("0001"u8);
        else
            data.Bytes(unit.Identity.Vendor).Bytes(unit.Identity.Product).Bytes(unit.Identity.Revision);
        data.Zeros(58 - data.Length);
        foreach (ushort descriptor in versionDescriptors) data.UInt16(descriptor);
        data.Zeros(96 - data.Length);
        data.PatchByte(AdditionalLengthIndex, data.Length - AdditionalLengthIndex - 1);
        return data;
    }
}
