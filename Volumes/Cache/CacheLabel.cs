using System.Buffers.Binary;
using Lunaria.Volumes.Io;

namespace Lunaria.Volumes.Cache;

/// <summary>
/// The first page of a cache device, and where everything is on it (docs/FORMATS.md, "Cache device"). Immutable; any thread.
/// </summary>
internal sealed record CacheLabel(Guid PoolId, int Slots)
{
    /// <summary>Bytes of the label.</summary>
    public const int Bytes = 4096;

    /// <summary>Smallest device: a slot and what belongs to it, a few times.</summary>
    public const long MinDeviceBytes = 1 << 20;

    private const uint Version = 1;
    private const int CrcOffset = 12;

    private static ReadOnlySpan<byte> Magic => "LUNACACH"u8;

    /// <summary>The label of a device of so many bytes.</summary>
    public static CacheLabel Create(Guid poolId, long sizeBytes)
    {
        // A byte of hint, a record and a slot each; the regions begin at multiples of 64 KiB.
        long slots = (sizeBytes - 3 * CacheWindow.Bytes) / (CacheWindow.Bytes + CacheRecord.Bytes + 1);
        return new(poolId, (int)Math.Min(slots, int.MaxValue / 8));
    }

    /// <summary>Where the slots' hints start, a byte each.</summary>
    public static long HintsOffset => CacheWindow.Bytes;

    /// <summary>Where the records start.</summary>
    public long RecordsOffset => RoundUp(HintsOffset + Slots);

    /// <summary>Where the slots start.</summary>
    public long DataOffset => RoundUp(RecordsOffset + (long)Slots * CacheRecord.Bytes);

    /// <summary>Bytes that the device needs.</summary>
    public long SizeBytes => DataOffset + (long)Slots * CacheWindow.Bytes;

    /// <summary>Writes the page.</summary>
    public void Write(Span<byte> destination)
    {
        destination.Clear();
        Magic.CopyTo(destination);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[8..], Version);
        PoolId.TryWriteBytes(destination[16..], bigEndian: true, out _);
        BinaryPrimitives.WriteInt32LittleEndian(destination[32..], Slots);
        BinaryPrimitives.WriteInt32LittleEndian(destination[36..], CacheWindow.Bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[CrcOffset..], Crc32C.Compute(destination));
    }

    /// <summary>What a page is.</summary>
    public static (LabelState State, CacheLabel? Label) Read(Span<byte> source)
    {
        if (!source.ContainsAnyExcept((byte)0))
            return (LabelState.Blank, null);
        if (!source.StartsWith(Magic))
            return (LabelState.Foreign, null);
        uint crc = BinaryPrimitives.ReadUInt32LittleEndian(source[CrcOffset..]);
        BinaryPrimitives.WriteUInt32LittleEndian(source[CrcOffset..], 0);
        return crc == Crc32C.Compute(source) && BinaryPrimitives.ReadUInt32LittleEndian(source[8..]) == Version
            ? (LabelState.Intact, new(new(source[16..32], bigEndian: true), BinaryPrimitives.ReadInt32LittleEndian(source[32..])))
            : (LabelState.Damaged, null);
    }

    private static long RoundUp(long bytes) => (bytes + CacheWindow.Bytes - 1) & -CacheWindow.Bytes;
}

/// <summary>What the first page of a cache device is.</summary>
internal enum LabelState
{
    /// <summary>Zeros.</summary>
    Blank,
    /// <summary>Something else than a cache device.</summary>
    Foreign,
    /// <summary>A cache device whose label is not intact or of another version.</summary>
    Damaged,
    /// <summary>A label.</summary>
    Intact,
}
