using System.Buffers.Binary;
using System.Numerics;
using Lunaria.Iscsi.Scsi.Commands;

namespace Lunaria.Iscsi.Scsi.Block;

/// <summary>READ CAPACITY(10), (16): SBC-3 5.15, 5.16.</summary>
internal static class ReadCapacity
{
    public static readonly CommandDescriptor[] Rows =
    [
        new("READ CAPACITY(10)", "SBC-3 5.15", "25 00 00 00 00 00 00 00 00 00")
        {
            Direction = DataDirection.In,
            Flags = CommandFlags.NeedsMedium,
            Prepare = task => task.Allocate(8),
            Execute = Execute10,
        },
        new("READ CAPACITY(16)", "SBC-3 5.16", "9E 1F 00 00 00 00 00 00 00 00 FF FF FF FF 00 00")
        {
            ServiceAction = 0x10,
            Direction = DataDirection.In,
            Flags = CommandFlags.NeedsMedium,
            Prepare = task => task.Allocate(BinaryPrimitives.ReadUInt32BigEndian(task.Cdb.Span[10..])),
            Execute = Execute16,
        },
    ];

    private static ValueTask Execute10(ScsiTask task)
    {
        Span<byte> data = stackalloc byte[8];
        BinaryPrimitives.WriteUInt32BigEndian(data, (uint)Math.Min((ulong)(task.Unit!.Blocks - 1), uint.MaxValue));
        BinaryPrimitives.WriteUInt32BigEndian(data[4..], (uint)task.Unit.BlockBytes);
        task.Reply(data);
        return ValueTask.CompletedTask;
    }

    private static ValueTask Execute16(ScsiTask task)
    {
        LogicalUnit unit = task.Unit!;
        BlockDeviceGeometry geometry = unit.Medium.Geometry;
        Span<byte> data = stackalloc byte[32];
        data.Clear();
        BinaryPrimitives.WriteUInt64BigEndian(data, (ulong)(unit.Blocks - 1));
        BinaryPrimitives.WriteUInt32BigEndian(data[8..], (uint)geometry.LogicalBlockBytes);
        data[13] = (byte)BitOperations.Log2((uint)(geometry.PhysicalBlockBytes / geometry.LogicalBlockBytes));
        // LBPME and LBPRZ: unmapped blocks always read as zeros.
        if (unit.Medium.Thin.Supported) data[14] = 0xC0;
        task.Reply(data);
        return ValueTask.CompletedTask;
    }
}
