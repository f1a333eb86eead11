using System.Buffers;
using System.Buffers.Binary;
using Lunaria.Volumes.Io;
using Lunaria.Volumes.Log;
using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Journal;

/// <summary>Frames of the map journal, to and from bytes (docs/FORMATS.md, "Map journal"). All numbers little-endian. Stateless; any thread.</summary>
internal static class FrameCodec
{
    /// <summary>Frames start and end at multiples of this, so that no append touches a page that is durable.</summary>
    public const int AlignBytes = 4096;

    /// <summary>Bytes in front of the payload.</summary>
    public const int HeaderBytes = 64;

    // 3 has no copies among its segments.
    private const ushort Version = 4, OldestVersion = 3;
    private const ushort PublishType = 1;
    private const int CrcOffset = 60, PublishFixedBytes = 28, SegmentFixedBytes = 12, TrimBytes = 24, MarkerBytes = 8, ShareBytes = 32;

    private static ReadOnlySpan<byte> Magic => "LUNAMAPJ"u8;

    /// <summary>Appends a whole frame to a buffer.</summary>
    public static void Write(PublishFrame publish, Guid poolId, ulong sequence, ArrayBufferWriter<byte> destination)
    {
        int payloadBytes = checked(PublishFixedBytes + publish.Trims.Count * TrimBytes + publish.Markers.Count * MarkerBytes + publish.Shares.Count * ShareBytes);
        foreach (PublishedSegment segment in publish.Segments)
            payloadBytes = checked(payloadBytes + SegmentFixedBytes + segment.Header.HeaderBytes);
        int frameBytes = FrameBytes(payloadBytes);
        Span<byte> frame = destination.GetSpan(frameBytes)[..frameBytes];
        frame.Clear();
        Magic.CopyTo(frame);
        BinaryPrimitives.WriteUInt16LittleEndian(frame[8..], Version);
        BinaryPrimitives.WriteUInt16LittleEndian(frame[10..], PublishType);
        BinaryPrimitives.WriteInt32LittleEndian(frame[12..], payloadBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(frame[16..], sequence);
        poolId.TryWriteBytes(frame[24..], bigEndian: true, out _);
        WritePublish(publish, frame.Slice(HeaderBytes, payloadBytes));
        BinaryPrimitives.WriteUInt32LittleEndian(frame[CrcOffset..], Crc32C.Compute(frame));
        destination.Advance(frameBytes);
    }

    /// <summary>
    /// What the first <see cref="HeaderBytes"/> of a frame say: its whole length and number; false where this is no start of a frame of ours.
    /// </summary>
    public static bool TryReadHeader(ReadOnlySpan<byte> source, out FrameHeader header)
    {
        header = default;
        if (!source.StartsWith(Magic))
            return false;
        int payloadBytes = BinaryPrimitives.ReadInt32LittleEndian(source[12..]);
        if (payloadBytes is < 0 or > int.MaxValue / 2)
            return false;
        header = new(
            BinaryPrimitives.ReadUInt16LittleEndian(source[8..]),
            BinaryPrimitives.ReadUInt16LittleEndian(source[10..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[16..]),
            new Guid(source[24..40], bigEndian: true),
            FrameBytes(payloadBytes));
        return true;
    }

    /// <summary>True where a whole frame is as it was written.</summary>
    public static bool IsIntact(ReadOnlySpan<byte> frame)
    {
        uint crc = Crc32C.Compute(frame[..CrcOffset]);
        crc = Crc32C.Append(crc, [0, 0, 0, 0]);
        crc = Crc32C.Append(crc, frame[HeaderBytes..]);
        return crc == BinaryPrimitives.ReadUInt32LittleEndian(frame[CrcOffset..]);
    }

    /// <summary>Decodes an intact frame; null where this version does not know it or its parts do not fit together.</summary>
    public static PublishFrame? TryParse(ReadOnlySpan<byte> frame, FrameHeader header)
    {
        if (header.Version is < OldestVersion or > Version || header.Type != PublishType)
            return null;
        ReadOnlySpan<byte> payload = frame.Slice(HeaderBytes, BinaryPrimitives.ReadInt32LittleEndian(frame[12..]));
        if (payload.Length < PublishFixedBytes)
            return null;
        var published = new LogPosition(BinaryPrimitives.ReadUInt64LittleEndian(payload), BinaryPrimitives.ReadUInt32LittleEndian(payload[8..]));
        uint segmentCount = BinaryPrimitives.ReadUInt32LittleEndian(payload[12..]);
        uint trimCount = BinaryPrimitives.ReadUInt32LittleEndian(payload[16..]);
        uint markerCount = BinaryPrimitives.ReadUInt32LittleEndian(payload[20..]);
        uint shareCount = BinaryPrimitives.ReadUInt32LittleEndian(payload[24..]);
        payload = payload[PublishFixedBytes..];
        if (((ulong)trimCount * TrimBytes) + ((ulong)markerCount * MarkerBytes) + ((ulong)shareCount * ShareBytes) > (ulong)payload.Length || segmentCount > payload.Length / SegmentFixedBytes)
            return null;
        var trims = new PublishedTrim[trimCount];
        foreach (ref PublishedTrim trim in trims.AsSpan())
        {
            trim = new(
                BinaryPrimitives.ReadUInt32LittleEndian(payload),
                new(BinaryPrimitives.ReadUInt64LittleEndian(payload[4..]), BinaryPrimitives.ReadUInt64LittleEndian(payload[12..])),
                BinaryPrimitives.ReadUInt32LittleEndian(payload[20..]));
            payload = payload[TrimBytes..];
        }
        var markers = new PublishedMarker[markerCount];
        foreach (ref PublishedMarker marker in markers.AsSpan())
        {
            marker = new(BinaryPrimitives.ReadUInt32LittleEndian(payload), BinaryPrimitives.ReadUInt32LittleEndian(payload[4..]));
            payload = payload[MarkerBytes..];
        }
        var shares = new PublishedShare[shareCount];
        foreach (ref PublishedShare share in shares.AsSpan())
        {
            share = new(
                BinaryPrimitives.ReadUInt32LittleEndian(payload),
                new(BinaryPrimitives.ReadUInt64LittleEndian(payload[4..]), BinaryPrimitives.ReadUInt64LittleEndian(payload[12..])),
                BinaryPrimitives.ReadUInt32LittleEndian(payload[20..]),
                new(new(BinaryPrimitives.ReadUInt32LittleEndian(payload[24..])), BinaryPrimitives.ReadInt32LittleEndian(payload[28..])));
            payload = payload[ShareBytes..];
        }
        var segments = new PublishedSegment[segmentCount];
        foreach (ref PublishedSegment segment in segments.AsSpan())
        {
            if (payload.Length < SegmentFixedBytes)
                return null;
            int headerBytes = BinaryPrimitives.ReadInt32LittleEndian(payload[8..]);
            if (headerBytes < 0 || headerBytes > payload.Length - SegmentFixedBytes
                || !SegmentHeader.TryParse(payload.Slice(SegmentFixedBytes, headerBytes), out SegmentHeader? parsed, out _))
                return null;
            segment = new(new(BinaryPrimitives.ReadUInt32LittleEndian(payload)), BinaryPrimitives.ReadUInt32LittleEndian(payload[4..]), parsed);
            payload = payload[(SegmentFixedBytes + headerBytes)..];
        }
        return payload.IsEmpty ? new(published, segments, trims, header.Sequence) { Markers = markers, Shares = shares } : null;
    }

    private static void WritePublish(PublishFrame publish, Span<byte> payload)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(payload, publish.Published.Lsn);
        BinaryPrimitives.WriteUInt32LittleEndian(payload[8..], publish.Published.ChainCrc);
        BinaryPrimitives.WriteInt32LittleEndian(payload[12..], publish.Segments.Count);
        BinaryPrimitives.WriteInt32LittleEndian(payload[16..], publish.Trims.Count);
        BinaryPrimitives.WriteInt32LittleEndian(payload[20..], publish.Markers.Count);
        BinaryPrimitives.WriteInt32LittleEndian(payload[24..], publish.Shares.Count);
        payload = payload[PublishFixedBytes..];
        foreach (PublishedTrim trim in publish.Trims)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(payload, trim.Volume);
            BinaryPrimitives.WriteUInt64LittleEndian(payload[4..], trim.Range.StartBlock);
            BinaryPrimitives.WriteUInt64LittleEndian(payload[12..], trim.Range.LengthBlocks);
            BinaryPrimitives.WriteUInt32LittleEndian(payload[20..], trim.Generation);
            payload = payload[TrimBytes..];
        }
        foreach (PublishedMarker marker in publish.Markers)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(payload, marker.Volume);
            BinaryPrimitives.WriteUInt32LittleEndian(payload[4..], marker.Generation);
            payload = payload[MarkerBytes..];
        }
        foreach (PublishedShare share in publish.Shares)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(payload, share.Volume);
            BinaryPrimitives.WriteUInt64LittleEndian(payload[4..], share.Range.StartBlock);
            BinaryPrimitives.WriteUInt64LittleEndian(payload[12..], share.Range.LengthBlocks);
            BinaryPrimitives.WriteUInt32LittleEndian(payload[20..], share.Generation);
            BinaryPrimitives.WriteUInt32LittleEndian(payload[24..], share.Place.Segment.Value);
            BinaryPrimitives.WriteInt32LittleEndian(payload[28..], share.Place.FirstIndex);
            payload = payload[ShareBytes..];
        }
        foreach (PublishedSegment segment in publish.Segments)
        {
            int headerBytes = segment.Header.HeaderBytes;
            BinaryPrimitives.WriteUInt32LittleEndian(payload, segment.Id.Value);
            BinaryPrimitives.WriteUInt32LittleEndian(payload[4..], segment.Volume);
            BinaryPrimitives.WriteInt32LittleEndian(payload[8..], headerBytes);
            SegmentCodec.Write(segment.Header, payload.Slice(SegmentFixedBytes, headerBytes));
            payload = payload[(SegmentFixedBytes + headerBytes)..];
        }
    }

    /// <summary>Up to where an intact frame says that everything is in segments.</summary>
    public static LogPosition ReadPublished(ReadOnlySpan<byte> frame) =>
        new(BinaryPrimitives.ReadUInt64LittleEndian(frame[HeaderBytes..]), BinaryPrimitives.ReadUInt32LittleEndian(frame[(HeaderBytes + 8)..]));

    private static int FrameBytes(int payloadBytes) => checked((HeaderBytes + payloadBytes + AlignBytes - 1) & -AlignBytes);
}

/// <summary>The start of a frame. <paramref name="FrameBytes"/>: from its first byte to the next frame.</summary>
internal readonly record struct FrameHeader(ushort Version, ushort Type, ulong Sequence, Guid PoolId, int FrameBytes);
