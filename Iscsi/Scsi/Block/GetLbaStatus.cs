using System.Buffers.Binary;
using Lunaria.Iscsi.Scsi.Commands;
using Lunaria.Iscsi.Scsi.Sense;

namespace Lunaria.Iscsi.Scsi.Block;

/// <summary>GET LBA STATUS (SBC-3 5.4): the runs of mapped and deallocated blocks from an LBA on, the first beginning exactly there.</summary>
internal static class GetLbaStatus
{
    private const int HeaderBytes = 8;
    private const int DescriptorBytes = 16;

    /// <summary>Most descriptors of one answer; a host asks again from where it ends.</summary>
    private const int MaxDescriptors = 256;

    public static readonly CommandDescriptor[] Rows =
    [
        new("GET LBA STATUS", "SBC-3 5.4", "9E 1F FF FF FF FF FF FF FF FF FF FF FF FF 00 00")
        {
            ServiceAction = 0x12,
            Direction = DataDirection.In,
            Flags = CommandFlags.NeedsMedium,
            Reservation = ReservationRule.Reads,
            Requires = UnitFeatures.Thin,
            Prepare = task =>
                BlockRange.Take(task, BinaryPrimitives.ReadUInt64BigEndian(task.Cdb.Span[2..]), 1)
                && task.Allocate(BinaryPrimitives.ReadUInt32BigEndian(task.Cdb.Span[10..])),
            Execute = ExecuteAsync,
        },
    ];

    private static async ValueTask ExecuteAsync(ScsiTask task)
    {
        LogicalUnit unit = task.Unit!;
        long capacity = unit.Blocks;
        int room = Math.Clamp((task.DataInLengthMaxBytes - HeaderBytes) / DescriptorBytes, 1, MaxDescriptors);
        var data = new ParameterData().Zeros(HeaderBytes);
        for (long lba = task.Lba; lba < capacity && room > 0 && !task.Aborted; room--)
        {
            long asked = Math.Min(capacity - lba, uint.MaxValue);
            (bool mapped, long run) = await unit.Medium.GetExtentAsync(lba * unit.BlockBytes, asked * unit.BlockBytes);
            long blocks = Math.Min(run / unit.BlockBytes, asked);
            data.UInt64((ulong)lba).UInt32((uint)blocks).Byte(mapped ? 0 : 1).Zeros(3);
            lba += blocks;
        }

        data.PatchUInt32(0, (uint)(data.Length - 4));
        task.Reply(data.Span);
    }
}
