using System.Buffers.Binary;
using Lunaria.Iscsi.Scsi.Sense;

namespace Lunaria.Iscsi.Scsi.Block;

/// <summary>
/// The LOGICAL BLOCK ADDRESS and TRANSFER LENGTH of the block commands, which lie where the CDB length says (SPC-4 4.2.2), and their
/// checks against capacity and limits.
/// </summary>
internal static class BlockRange
{
    /// <summary>Byte of the LOGICAL BLOCK ADDRESS field in CDBs of 10, 12 and 16 bytes.</summary>
    public const int LbaIndex = 2;

    /// <summary>Takes the range of a CDB; false where it goes past the end of the medium.</summary>
    public static bool Take(ScsiTask task)
    {
        ReadOnlySpan<byte> cdb = task.Cdb.Span;
        switch (cdb[0] >> 5)
        {
            case 0:
                int first = cdb[4];
                return Take(task, ((cdb[1] & 0x1Fu) << 16) | BinaryPrimitives.ReadUInt16BigEndian(cdb[2..]), first == 0 ? 256u : (uint)first, 1);
            case 1 or 2:
                return Take(task, BinaryPrimitives.ReadUInt32BigEndian(cdb[2..]), BinaryPrimitives.ReadUInt16BigEndian(cdb[7..]));
            case 5:
                return Take(task, BinaryPrimitives.ReadUInt32BigEndian(cdb[2..]), BinaryPrimitives.ReadUInt32BigEndian(cdb[6..]));
            default:
                return Take(task, BinaryPrimitives.ReadUInt64BigEndian(cdb[2..]), BinaryPrimitives.ReadUInt32BigEndian(cdb[10..]));
        }
    }

    /// <summary>Takes a range; false where it goes past the end of the medium (LOGICAL BLOCK ADDRESS OUT OF RANGE).</summary>
    public static bool Take(ScsiTask task, ulong lba, uint blocks, int lbaIndex = LbaIndex)
    {
        BlockDeviceGeometry geometry = task.Unit!.Medium.Geometry;
        ulong capacity = (ulong)(geometry.LengthBytes / geometry.LogicalBlockBytes);
        if (lba >= capacity || blocks > capacity - lba)
            return task.Fail(SenseCodes.LogicalBlockAddressOutOfRange.AtCdb(lbaIndex));
        task.Lba = (long)lba;
        task.Blocks = blocks;
        task.OffsetBytes = (long)lba * geometry.LogicalBlockBytes;
        return true;
    }

    /// <summary>
    /// Takes the range as a payload of one block each: more than MAXIMUM TRANSFER LENGTH is refused (SBC-3 6.5.3).
    /// </summary>
    public static bool TakePayload(ScsiTask task)
    {
        if (!Take(task)) return false;
        if (task.Blocks > task.Unit!.Limits.MaxTransferBlocks) return FailLength(task);
        task.LengthBytes = (int)task.Blocks * task.Unit.BlockBytes;
        return true;
    }

    /// <summary>Refuses the TRANSFER LENGTH (or NUMBER OF LOGICAL BLOCKS). Always false.</summary>
    public static bool FailLength(ScsiTask task) => task.Fail(SenseCodes.InvalidFieldInCdb.AtCdb(LengthIndex(task.Cdb.OperationCode)));

    /// <summary>Byte of the TRANSFER LENGTH field.</summary>
    private static int LengthIndex(byte operationCode) => (operationCode >> 5) switch { 0 => 4, 1 or 2 => 7, 5 => 6, _ => 10 };
}
