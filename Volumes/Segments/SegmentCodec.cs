using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Lunaria.Volumes.Io;

namespace Lunaria.Volumes.Segments;

/// <summary>Header pages of a segment, to and from bytes (docs/FORMATS.md, "Segment"). All numbers little-endian. Stateless; any thread.</summary>
internal static class SegmentCodec
{
    private const ushort Version = 2;
    private const int FixedBytes = 128, CrcOffset = 124, ExtentBytes = 12, TrimBytes = 16, BlockCrcBytes = 4, OriginBytes = 12;

    /// <summary>Block numbers are below this, as in the log.</summary>
    private const ulong MaxVolumeBlocks = 1UL << 40;

    private static ReadOnlySpan<byte> Magic => "LUNASEG\0"u8;

    /// <summary>Bytes of the header pages for so many extents, trims, blocks and origins of blocks.</summary>
    public static int MeasureHeader(int extents, int trims, int blocks, int origins = 0) =>
        RoundUp(FixedBytes + (long)extents * ExtentBytes + (long)trims * TrimBytes + (long)blocks * BlockCrcBytes + (long)origins * OriginBytes);

    /// <summary>Writes the header pages; <paramref name="destination"/> has exactly <see cref="SegmentHeader.HeaderBytes"/>.</summary>
    public static void Write(SegmentHeader header, Span<byte> destination)
    {
        destination.Clear();
        Magic.CopyTo(destination);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[8..], Version);
        destination[10] = (byte)header.Kind;
        header.PoolId.TryWriteBytes(destination[16..], bigEndian: true, out _);
        header.VolumeUuid.TryWriteBytes(destination[32..], bigEndian: true, out _);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[48..], header.Sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[56..], header.FirstLsn);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[64..], header.EndLsn);
        BinaryPrimitives.WriteInt32LittleEndian(destination[72..], destination.Length);
        BinaryPrimitives.WriteInt32LittleEndian(destination[76..], header.BlockCount);
        BinaryPrimitives.WriteInt32LittleEndian(destination[80..], header.Extents.Length);
        BinaryPrimitives.WriteInt32LittleEndian(destination[84..], header.Trims.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[88..], header.Generation);
        Span<byte> lists = destination[FixedBytes..];
        foreach (BlockRange extent in header.Extents)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(lists, extent.StartBlock);
            BinaryPrimitives.WriteUInt32LittleEndian(lists[8..], (uint)extent.LengthBlocks);
            lists = lists[ExtentBytes..];
        }
        foreach (BlockRange trim in header.Trims)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(lists, trim.StartBlock);
            BinaryPrimitives.WriteUInt64LittleEndian(lists[8..], trim.LengthBlocks);
            lists = lists[TrimBytes..];
        }
        foreach (uint crc in header.BlockCrcs)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(lists, crc);
            lists = lists[BlockCrcBytes..];
        }
        foreach (BlockOrigin origin in header.Origins)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(lists, origin.Sequence);
            BinaryPrimitives.WriteUInt32LittleEndian(lists[8..], origin.Generation);
            lists = lists[OriginBytes..];
        }
        BinaryPrimitives.WriteUInt32LittleEndian(destination[CrcOffset..], Crc32C.Compute(destination));
    }

    /// <summary>As <see cref="SegmentHeader.TryParse"/>.</summary>
    public static bool TryParse(
        ReadOnlySpan<byte> source, [NotNullWhen(true)] out SegmentHeader? header, [NotNullWhen(false)] out string? problem)
    {
        header = null;
        problem = CheckFixed(source, out int headerBytes);
        if (problem != null)
            return false;
        source = source[..headerBytes];
        if (!CrcMatches(source))
        {
            problem = "the header's checksum is wrong";
            return false;
        }
        if (source[10] is not ((byte)SegmentKind.Data or (byte)SegmentKind.Copy) || source[11] != 0 || source[12] != 0)
        {
            problem = $"kind {source[10]}, codec {source[11]}, encryption {source[12]} are not known to this version";
            return false;
        }
        var extents = new BlockRange[BinaryPrimitives.ReadInt32LittleEndian(source[80..])];
        var trims = new BlockRange[BinaryPrimitives.ReadInt32LittleEndian(source[84..])];
        var crcs = new uint[BinaryPrimitives.ReadInt32LittleEndian(source[76..])];
        var origins = new BlockOrigin[source[10] == (byte)SegmentKind.Copy ? crcs.Length : 0];
        ReadLists(source[FixedBytes..], extents, trims, crcs, origins);
        problem = CheckRanges(extents, trims, crcs.Length);
        if (problem != null)
            return false;
        header = new SegmentHeader
        {
            PoolId = new Guid(source[16..32], bigEndian: true),
            VolumeUuid = new Guid(source[32..48], bigEndian: true),
            Sequence = BinaryPrimitives.ReadUInt64LittleEndian(source[48..]),
            Kind = (SegmentKind)source[10],
            FirstLsn = BinaryPrimitives.ReadUInt64LittleEndian(source[56..]),
            EndLsn = BinaryPrimitives.ReadUInt64LittleEndian(source[64..]),
            Extents = extents,
            Trims = trims,
            BlockCrcs = crcs,
            Generation = BinaryPrimitives.ReadUInt32LittleEndian(source[88..]),
            Origins = origins,
        };
        return true;
    }

    private static string? CheckFixed(ReadOnlySpan<byte> source, out int headerBytes)
    {
        headerBytes = 0;
        if (source.Length < SegmentHeader.BlockBytes || !source.StartsWith(Magic))
            return "it does not start with a segment header";
        ushort version = BinaryPrimitives.ReadUInt16LittleEndian(source[8..]);
        if (version != Version)
            return $"its format is version {version}, this version knows {Version}";
        headerBytes = BinaryPrimitives.ReadInt32LittleEndian(source[72..]);
        uint blocks = BinaryPrimitives.ReadUInt32LittleEndian(source[76..]);
        uint extents = BinaryPrimitives.ReadUInt32LittleEndian(source[80..]);
        uint trims = BinaryPrimitives.ReadUInt32LittleEndian(source[84..]);
        bool possible = blocks <= SegmentHeader.MaxBlocks && extents <= blocks && trims <= int.MaxValue / 2 / TrimBytes
            && headerBytes <= source.Length && headerBytes == MeasureHeader((int)extents, (int)trims, (int)blocks, source[10] == (byte)SegmentKind.Copy ? (int)blocks : 0);
        return possible ? null : "the header's lengths do not fit together";
    }

    private static bool CrcMatches(ReadOnlySpan<byte> header)
    {
        uint crc = Crc32C.Compute(header[..CrcOffset]);
        crc = Crc32C.Append(crc, [0, 0, 0, 0]);
        crc = Crc32C.Append(crc, header[FixedBytes..]);
        return crc == BinaryPrimitives.ReadUInt32LittleEndian(header[CrcOffset..]);
    }

    private static void ReadLists(ReadOnlySpan<byte> lists, BlockRange[] extents, BlockRange[] trims, uint[] crcs, BlockOrigin[] origins)
    {
        foreach (ref BlockRange extent in extents.AsSpan())
        {
            extent = new(BinaryPrimitives.ReadUInt64LittleEndian(lists), BinaryPrimitives.ReadUInt32LittleEndian(lists[8..]));
            lists = lists[ExtentBytes..];
        }
        foreach (ref BlockRange trim in trims.AsSpan())
        {
            trim = new(BinaryPrimitives.ReadUInt64LittleEndian(lists), BinaryPrimitives.ReadUInt64LittleEndian(lists[8..]));
            lists = lists[TrimBytes..];
        }
        foreach (ref uint crc in crcs.AsSpan())
        {
            crc = BinaryPrimitives.ReadUInt32LittleEndian(lists);
            lists = lists[BlockCrcBytes..];
        }
        foreach (ref BlockOrigin origin in origins.AsSpan())
        {
            origin = new(BinaryPrimitives.ReadUInt64LittleEndian(lists), BinaryPrimitives.ReadUInt32LittleEndian(lists[8..]));
            lists = lists[OriginBytes..];
        }
    }

    private static string? CheckRanges(BlockRange[] extents, BlockRange[] trims, int blockCount)
    {
        ulong total = 0;
        foreach (BlockRange extent in extents)
            total += extent.LengthBlocks;
        if (total != (ulong)blockCount)
            return "the extents do not add up to the number of blocks";
        return Ascend(extents, apart: 1) && Ascend(trims, apart: 0) ? null : "extents or trims are not in order";
    }

    private static bool Ascend(BlockRange[] ranges, ulong apart)
    {
        ulong next = 0;
        foreach (BlockRange range in ranges)
        {
            if (range.LengthBlocks is 0 or > MaxVolumeBlocks || range.StartBlock >= MaxVolumeBlocks || range.EndBlock > MaxVolumeBlocks
                || range.StartBlock < next)
                return false;
            next = range.EndBlock + apart;
        }
        return true;
    }

    private static int RoundUp(long bytes) => checked((int)((bytes + SegmentHeader.BlockBytes - 1) & -SegmentHeader.BlockBytes));
}
