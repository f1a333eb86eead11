using System.Text;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Io;
using static System.Buffers.Binary.BinaryPrimitives;

namespace Lunaria.Backends.Pool.Format;

/// <summary>What the bytes of a record are worth.</summary>
internal enum TableRecordHealth
{
    /// <summary>Checksum and fields are right, or never written.</summary>
    Sound,
    /// <summary>Torn, flipped, or of another component or place.</summary>
    Damaged,
}

/// <summary>
/// The bytes of a table record (FORMATS.md, Local pool). The checksum also covers the component's id and the record's number: a record
/// that lies at a wrong place, or was left over by an earlier pool, is not believed. Pure.
/// </summary>
internal static class TableRecordCodec
{
    private const uint Magic = 0x524F504C; // "LPOR"

    private const int ChecksumAt = 4, CheckedFrom = 8, KeyAt = 56;

    /// <summary>Encodes a record into <see cref="TableRecord.Bytes"/> bytes.</summary>
    public static void Encode(in TableRecord record, Guid componentId, long number, Span<byte> destination)
    {
        destination = destination[..TableRecord.Bytes];
        destination.Clear();
        WriteUInt32LittleEndian(destination, Magic);
        WriteUInt64LittleEndian(destination[8..], record.Generation);
        destination[16] = (byte)record.State;
        destination[17] = (byte)record.Key.Length;
        WriteUInt32LittleEndian(destination[20..], record.Chunk);
        destination[24] = record.FirstSlot;
        destination[25] = record.SlotCount;
        WriteUInt32LittleEndian(destination[28..], record.LengthBytes);
        WriteUInt32LittleEndian(destination[32..], record.ContentCrc);
        WriteUInt64LittleEndian(destination[40..], record.Version);
        Encoding.ASCII.GetBytes(record.Key, destination[KeyAt..]);
        WriteUInt32LittleEndian(destination[ChecksumAt..], Checksum(componentId, number, destination));
    }

    /// <summary>Decodes a record; all zeros is a free one of generation 0.</summary>
    public static TableRecordHealth Decode(ReadOnlySpan<byte> source, Guid componentId, long number, out TableRecord record)
    {
        source = source[..TableRecord.Bytes];
        record = TableRecord.Cleared(0);
        if (!source.ContainsAnyExcept((byte)0))
            return TableRecordHealth.Sound;
        if (ReadUInt32LittleEndian(source) != Magic
            || ReadUInt32LittleEndian(source[ChecksumAt..]) != Checksum(componentId, number, source)
            || source[16] > (byte)TableRecordState.Live
            || source[17] > ObjectKey.MaxLength)
            return TableRecordHealth.Damaged;

        record = new TableRecord((TableRecordState)source[16], ReadUInt64LittleEndian(source[8..]), ReadUInt64LittleEndian(source[40..]),
            Encoding.ASCII.GetString(source.Slice(KeyAt, source[17])), ReadUInt32LittleEndian(source[20..]), source[24], source[25],
            ReadUInt32LittleEndian(source[28..]), ReadUInt32LittleEndian(source[32..]));
        return TableRecordHealth.Sound;
    }

    private static uint Checksum(Guid componentId, long number, ReadOnlySpan<byte> record)
    {
        Span<byte> place = stackalloc byte[24];
        componentId.TryWriteBytes(place, bigEndian: true, out _);
        WriteInt64LittleEndian(place[16..], number);
        return Crc32C.Append(Crc32C.Compute(place), record[CheckedFrom..]);
    }
}
