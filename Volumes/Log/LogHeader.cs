using System.Buffers.Binary;
using Lunaria.Volumes.Io;

namespace Lunaria.Volumes.Log;

/// <summary>What a record is beside its data.</summary>
[Flags]
internal enum LogRecordFlags : ushort
{
    None = 0,
    /// <summary>Fills the rest of a file that the next record does not fit into; neither extents nor payload.</summary>
    Pad = 1,
    /// <summary>The first record of a life; all others have the life of the record before them.</summary>
    FirstOfLife = 2,
}

/// <summary>
/// The fixed part of a record's header, and the codec of all of it (docs/FORMATS.md, "Write log"). Little-endian. <paramref name="RecordBytes"/>: header
/// and payload, or the rest of the file for a pad. <paramref name="ChainCrc"/>: header CRC of the record before.
/// </summary>
internal readonly record struct LogHeader(
    LogRecordFlags Flags, ulong LifeId, ulong Lsn, ulong FlushedLsn, int HeaderBytes, int RecordBytes, int ExtentCount, int BlockCount, uint ChainCrc)
{
    public const int PageBytes = 4096, FixedBytes = 128, ExtentBytes = 24, CrcBytes = 4;

    private const ulong Magic = 0x676F_4C72_616E_754C; // "LunarLog"
    private const ushort Version = 2;
    private const int CrcOffset = 80;

    public static readonly int MaxHeaderBytes = HeaderBytesOf(WriteLog.MaxExtents, WriteLog.MaxPayloadBlocks);

    /// <summary>Whole pages that hold so many extents and checksums.</summary>
    public static int HeaderBytesOf(int extents, int blocks) =>
        (FixedBytes + (extents * ExtentBytes) + (blocks * CrcBytes) + PageBytes - 1) & -PageBytes;

    /// <summary>Fills <paramref name="destination"/>, which is <see cref="HeaderBytes"/> long, and returns the header's CRC.</summary>
    public uint Write(Span<byte> destination, in Guid logId, ReadOnlySpan<LogExtent> extents, ReadOnlySpan<uint> blockCrcs)
    {
        int used = FixedBytes + (extents.Length * ExtentBytes) + (blockCrcs.Length * CrcBytes);
        destination[..FixedBytes].Clear();
        destination[used..].Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(destination, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[8..], Version);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[10..], (ushort)Flags);
        BinaryPrimitives.WriteInt32LittleEndian(destination[12..], HeaderBytes);
        logId.TryWriteBytes(destination[16..], bigEndian: true, out _);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[32..], LifeId);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[40..], Lsn);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[48..], FlushedLsn);
        BinaryPrimitives.WriteInt32LittleEndian(destination[56..], RecordBytes);
        BinaryPrimitives.WriteInt32LittleEndian(destination[60..], ExtentCount);
        BinaryPrimitives.WriteInt32LittleEndian(destination[64..], BlockCount);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[68..], ChainCrc);
        Span<byte> at = destination[FixedBytes..];
        foreach (ref readonly LogExtent extent in extents)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(at, extent.Volume);
            BinaryPrimitives.WriteUInt32LittleEndian(at[4..], (uint)extent.Kind);
            BinaryPrimitives.WriteUInt64LittleEndian(at[8..], extent.StartBlock);
            BinaryPrimitives.WriteUInt64LittleEndian(at[16..], extent.LengthBlocks);
            at = at[ExtentBytes..];
        }
        foreach (uint crc in blockCrcs)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(at, crc);
            at = at[CrcBytes..];
        }
        uint headerCrc = CrcOf(destination);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[CrcOffset..], headerCrc);
        return headerCrc;
    }

    /// <summary>Reads the fixed part from a header's first page. False = no header of this log, or one whose lengths cannot be; its CRC is not looked at.</summary>
    public static bool TryReadFixed(ReadOnlySpan<byte> page, in Guid logId, out LogHeader header)
    {
        header = default;
        if (BinaryPrimitives.ReadUInt64LittleEndian(page) != Magic || BinaryPrimitives.ReadUInt16LittleEndian(page[8..]) != Version
            || new Guid(page.Slice(16, 16), bigEndian: true) != logId)
            return false;
        header = new(
            (LogRecordFlags)BinaryPrimitives.ReadUInt16LittleEndian(page[10..]),
            BinaryPrimitives.ReadUInt64LittleEndian(page[32..]),
            BinaryPrimitives.ReadUInt64LittleEndian(page[40..]),
            BinaryPrimitives.ReadUInt64LittleEndian(page[48..]),
            BinaryPrimitives.ReadInt32LittleEndian(page[12..]),
            BinaryPrimitives.ReadInt32LittleEndian(page[56..]),
            BinaryPrimitives.ReadInt32LittleEndian(page[60..]),
            BinaryPrimitives.ReadInt32LittleEndian(page[64..]),
            BinaryPrimitives.ReadUInt32LittleEndian(page[68..]));
        return header.LengthsFit();
    }

    /// <summary>True where the whole header has the CRC it carries, which is given back.</summary>
    public static bool HasValidCrc(ReadOnlySpan<byte> header, out uint headerCrc)
    {
        headerCrc = BinaryPrimitives.ReadUInt32LittleEndian(header[CrcOffset..]);
        return headerCrc == CrcOf(header);
    }

    /// <summary>Reads extents and checksums. False = they contradict each other.</summary>
    public bool TryReadLists(ReadOnlySpan<byte> header, Span<LogExtent> extents, Span<uint> blockCrcs)
    {
        ReadOnlySpan<byte> at = header[FixedBytes..];
        ulong dataBlocks = 0;
        bool followsShare = false;
        foreach (ref LogExtent extent in extents[..ExtentCount])
        {
            extent = new(
                BinaryPrimitives.ReadUInt32LittleEndian(at), (LogExtentKind)at[4],
                BinaryPrimitives.ReadUInt64LittleEndian(at[8..]), BinaryPrimitives.ReadUInt64LittleEndian(at[16..]));
            if (extent.Kind is < LogExtentKind.Data or > LogExtentKind.ShareSource || (extent.Kind == LogExtentKind.ShareSource) != followsShare)
                return false;
            followsShare = extent.Kind == LogExtentKind.Share;
            dataBlocks += extent.Kind == LogExtentKind.Data ? Math.Min(extent.LengthBlocks, WriteLog.MaxPayloadBlocks + 1) : 0;
            at = at[ExtentBytes..];
        }
        foreach (ref uint crc in blockCrcs[..BlockCount])
        {
            crc = BinaryPrimitives.ReadUInt32LittleEndian(at);
            at = at[CrcBytes..];
        }
        return dataBlocks == (ulong)BlockCount && !followsShare;
    }

    private bool LengthsFit()
    {
        if (ExtentCount is < 0 or > WriteLog.MaxExtents || BlockCount is < 0 or > WriteLog.MaxPayloadBlocks)
            return false;
        if (HeaderBytes != HeaderBytesOf(ExtentCount, BlockCount))
            return false;
        return Flags.HasFlag(LogRecordFlags.Pad)
            ? ExtentCount == 0 && BlockCount == 0 && RecordBytes >= HeaderBytes && RecordBytes % PageBytes == 0
            : RecordBytes == HeaderBytes + (BlockCount * PageBytes);
    }

    private static uint CrcOf(ReadOnlySpan<byte> header) => Crc32C.Append(Crc32C.Compute(header[..CrcOffset]), header[(CrcOffset + CrcBytes)..]);
}
