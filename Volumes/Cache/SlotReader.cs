using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Lunaria.Volumes.Io;
using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Cache;

/// <summary>
/// Reads blocks out of slots. Every block is checked against the segment's checksum, or where that is not in memory against the slot's own record, and after the read the slot
/// must still be what it was: so a device may lose what it holds, and never changes what is read. Owned by the cache; thread-safe.
/// </summary>
internal sealed class SlotReader(CacheSlots slots, CacheFailures failures, Histogram<double>? durations)
{
    /// <summary>
    /// Fills <paramref name="destination"/> from a window without waiting and without allocating; false = use <see cref="ReadAsync"/>. <paramref name="crcs"/>: one for
    /// each block, or none where the segment's directory is not in memory.
    /// </summary>
    [SkipLocalsInit]
    public bool TryRead(CacheClient client, ulong key, int firstBlock, Span<byte> destination, scoped ReadOnlySpan<uint> crcs)
    {
        Span<SlotPiece> room = stackalloc SlotPiece[CacheWindow.Blocks];
        int blocks = destination.Length / SegmentHeader.BlockBytes, count = slots.Find(key, firstBlock, blocks, room);
        if (count == 0)
            return false;
        ReadOnlySpan<SlotPiece> pieces = room[..count];
        Span<uint> own = stackalloc uint[CacheWindow.Blocks];
        if (crcs.IsEmpty)
        {
            if (!TryReadCrcs(key, in pieces[0], own))
                return false;
            crcs = own.Slice(firstBlock, blocks);
        }
        Span<byte> rest = destination;
        foreach (ref readonly SlotPiece piece in pieces)
        {
            int length = piece.Blocks * SegmentHeader.BlockBytes;
            if (slots.DeviceOf(piece.Slot) is not { } device || !device.TryRead(piece.Slot, piece.FirstIndex * SegmentHeader.BlockBytes, rest[..length]))
                return false;
            rest = rest[length..];
        }
        return IsRight(pieces, destination, crcs) && slots.Confirm(client, pieces);
    }

    /// <summary>As <see cref="TryRead"/>, waiting for the device; false = it is not there, or not right.</summary>
    public async ValueTask<bool> ReadAsync(CacheClient client, ulong key, int firstBlock, Memory<byte> destination, ReadOnlyMemory<uint> crcs)
    {
        var pieces = new SlotPiece[CacheWindow.Blocks];
        int blocks = destination.Length / SegmentHeader.BlockBytes, count = slots.Find(key, firstBlock, blocks, pieces);
        if (count == 0)
            return false;
        long started = Stopwatch.GetTimestamp();
        Memory<byte> rest = destination;
        for (int i = 0; i < count; i++)
        {
            SlotPiece piece = pieces[i];
            int length = piece.Blocks * SegmentHeader.BlockBytes;
            if (slots.DeviceOf(piece.Slot) is not { } device)
                return false;
            try
            {
                if (crcs.IsEmpty && await ReadCrcsAsync(key, piece) is { } own)
                    crcs = own.AsMemory(firstBlock, blocks);
                await device.ReadAsync(piece.Slot, piece.FirstIndex * SegmentHeader.BlockBytes, rest[..length]);
            }
            catch (IOException e)
            {
                slots.Drop(in piece);
                failures.Count(device, e);
                return false;
            }
            rest = rest[length..];
        }
        durations?.Record(Stopwatch.GetElapsedTime(started).TotalSeconds);
        return !crcs.IsEmpty && IsRight(pieces.AsSpan(0, count), destination.Span, crcs.Span) && slots.Confirm(client, pieces.AsSpan(0, count));
    }

    private bool TryReadCrcs(ulong key, in SlotPiece piece, Span<uint> crcs)
    {
        if (piece.SlotKey != key)
            return TryTakeCrcs(key, crcs);
        Span<byte> record = stackalloc byte[CacheRecord.Bytes];
        return slots.DeviceOf(piece.Slot) is { } device && device.TryReadRecord(piece.Slot, record) && CacheRecord.TryReadCrcs(record, key, crcs);
    }

    private async ValueTask<uint[]?> ReadCrcsAsync(ulong key, SlotPiece piece)
    {
        var crcs = new uint[CacheWindow.Blocks];
        if (piece.SlotKey != key)
            return TryTakeCrcs(key, crcs) ? crcs : null;
        byte[] record = new byte[CacheRecord.Bytes];
        if (slots.DeviceOf(piece.Slot) is not { } device)
            return null;
        await device.ReadRecordsAsync(piece.Slot, record);
        return CacheRecord.TryReadCrcs(record, key, crcs) ? crcs : null;
    }

    /// <summary>What is kept by content carries the checksums in memory.</summary>
    private bool TryTakeCrcs(ulong key, Span<uint> crcs)
    {
        if (slots.FindReference(key) is not { } reference)
            return false;
        for (int i = 0; i < crcs.Length; i++)
            crcs[i] = reference.Blocks[i].Crc;
        return true;
    }

    private bool IsRight(ReadOnlySpan<SlotPiece> pieces, ReadOnlySpan<byte> content, ReadOnlySpan<uint> crcs)
    {
        int at = 0;
        foreach (ref readonly SlotPiece piece in pieces)
            for (int i = 0; i < piece.Blocks; i++, at++)
                if (Crc32C.Compute(content.Slice(at * SegmentHeader.BlockBytes, SegmentHeader.BlockBytes)) != crcs[at])
                {
                    slots.Drop(in piece);
                    return false;
                }
        return true;
    }
}
