using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Lunaria.Backends.Sealing;

/// <summary>How the frames of an object are packed.</summary>
internal enum FrameCodec : byte
{
    /// <summary>As they are.</summary>
    None = 0,
    /// <summary>Each frame an LZ4 block, where that makes it shorter.</summary>
    Lz4 = 1,
}

/// <summary>
/// The first page of a sealed object (docs/FORMATS.md, "Sealed object"): how long the object is, where its frames lie and what they are sealed with. Immutable; any thread.
/// </summary>
internal sealed class SealedHeader
{
    /// <summary>Bytes of the page; frames follow.</summary>
    public const int Bytes = 4096;

    /// <summary>Bytes of the salt: random for each object that is put.</summary>
    public const int SaltBytes = 32;

    /// <summary>Bytes of a frame as callers see it: a block, so that a read of one block opens one frame.</summary>
    public const int PlainFrameBytes = 4096;

    /// <summary>Where the check of the page stands in it.</summary>
    public const int CheckOffset = 64;

    /// <summary>Most frames of a packed object: their lengths stand in the page.</summary>
    public const int MaxPackedFrames = (Bytes - TableOffset) / TableEntryBytes;

    private const ushort Version = 1;
    private const byte Aes256Gcm = 1;
    private const int TableOffset = 80, TableEntryBytes = sizeof(ushort);

    /// <summary>Where each frame of a packed object begins, and the object's end; null where it is not packed.</summary>
    private readonly int[]? _offsets;

    private SealedHeader(bool isEncrypted, int frameBytes, long lengthBytes, uint dataKey, byte[] salt, int[]? offsets)
    {
        (IsEncrypted, FrameBytes, LengthBytes, DataKey, Salt, _offsets) = (isEncrypted, frameBytes, lengthBytes, dataKey, salt, offsets);
        CheckBytes = FrameGuard.CheckBytes(isEncrypted);
    }

    /// <summary>True: frames are encrypted; false: they have a checksum.</summary>
    public bool IsEncrypted { get; }

    /// <summary>How frames are packed.</summary>
    public FrameCodec Codec => _offsets is null ? FrameCodec.None : FrameCodec.Lz4;

    /// <summary>Bytes of each frame but the last as callers see it.</summary>
    public int FrameBytes { get; }

    /// <summary>Bytes of the object as callers see it.</summary>
    public long LengthBytes { get; }

    /// <summary>Number of the data key; 0 where it is not encrypted.</summary>
    public uint DataKey { get; }

    /// <summary>What makes the keys of this object its own.</summary>
    public byte[] Salt { get; }

    /// <summary>Bytes behind each frame that tell whether it is right.</summary>
    public int CheckBytes { get; }

    /// <summary>Number of frames.</summary>
    public int FrameCount => (int)((LengthBytes + FrameBytes - 1) / FrameBytes);

    /// <summary>Bytes of the whole object in the store.</summary>
    public long StoredBytes => Offset(FrameCount);

    /// <summary>The page of a new object that is not packed.</summary>
    public static SealedHeader Create(long lengthBytes, uint? dataKey) =>
        new(dataKey is not null, PlainFrameBytes, lengthBytes, dataKey ?? 0, RandomNumberGenerator.GetBytes(SaltBytes), null);

    /// <summary>The page of a new object whose frames are packed, with what each is long then.</summary>
    public static SealedHeader CreatePacked(long lengthBytes, uint? dataKey, int frameBytes, ReadOnlySpan<int> packedLengths) =>
        new(dataKey is not null, frameBytes, lengthBytes, dataKey ?? 0, RandomNumberGenerator.GetBytes(SaltBytes), Offsets(packedLengths, FrameGuard.CheckBytes(dataKey is not null)));

    /// <summary>True where an object that begins with these bytes is sealed.</summary>
    public static bool IsSealed(ReadOnlySpan<byte> start) => start.StartsWith("LUNASEAL"u8);

    /// <summary>Bytes in the store of an object of so many bytes that does not get smaller.</summary>
    public static long StoredBytesOf(long lengthBytes, bool isEncrypted) =>
        Bytes + lengthBytes + ((lengthBytes + PlainFrameBytes - 1) / PlainFrameBytes * FrameGuard.CheckBytes(isEncrypted));

    /// <summary>The longest object, in whole blocks, that takes at most so many bytes in the store, however badly it packs.</summary>
    public static int LongestIn(int storedBytes) => (storedBytes - Bytes) / (PlainFrameBytes + FrameGuard.LongestCheck) * PlainFrameBytes;

    /// <summary>The object's length, from what an encrypted object that is not packed takes in the store.</summary>
    public static long LengthFromStored(long storedBytes)
    {
        const int Whole = PlainFrameBytes + FrameGuard.LongestCheck;
        long frames = storedBytes - Bytes;
        return frames / Whole * PlainFrameBytes + Math.Max(0, frames % Whole - FrameGuard.LongestCheck);
    }

    /// <summary>Where a frame begins in the stored object; that of the frame behind the last is the object's end.</summary>
    public long Offset(int frame) => _offsets is null ? Bytes + Math.Min((long)frame * FrameBytes, LengthBytes) + (long)frame * CheckBytes : _offsets[frame];

    /// <summary>Bytes of a frame in the store, its check not counted. As many as callers see = it is not packed.</summary>
    public int StoredLengthOf(int frame) => (int)(Offset(frame + 1) - Offset(frame)) - CheckBytes;

    /// <summary>Bytes of a frame as callers see it.</summary>
    public int LengthOf(int frame) => (int)Math.Min(FrameBytes, LengthBytes - (long)frame * FrameBytes);

    /// <summary>Writes the page, its check left zero.</summary>
    public void Write(Span<byte> page)
    {
        page.Clear();
        "LUNASEAL"u8.CopyTo(page);
        BinaryPrimitives.WriteUInt16LittleEndian(page[8..], Version);
        page[10] = IsEncrypted ? Aes256Gcm : (byte)0;
        page[11] = (byte)Codec;
        BinaryPrimitives.WriteInt32LittleEndian(page[12..], FrameBytes);
        BinaryPrimitives.WriteInt64LittleEndian(page[16..], LengthBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(page[24..], DataKey);
        Salt.CopyTo(page[32..]);
        if (_offsets is not null)
            for (int frame = 0; frame < FrameCount; frame++)
                BinaryPrimitives.WriteUInt16LittleEndian(page[(TableOffset + (frame * TableEntryBytes))..], (ushort)(StoredLengthOf(frame) - 1));
    }

    /// <summary>Reads a page whose check is still to be looked at; null and the problem where it cannot be one of this version.</summary>
    public static SealedHeader? Read(ReadOnlySpan<byte> page, out string problem)
    {
        ushort version = BinaryPrimitives.ReadUInt16LittleEndian(page[8..]);
        problem = version > Version ? $"it is of version {version}, and this program knows version {Version}" : "its first page is damaged";
        if (version != Version || page[10] > Aes256Gcm || page[11] > (byte)FrameCodec.Lz4)
            return null;
        bool isEncrypted = page[10] == Aes256Gcm, isPacked = page[11] == (byte)FrameCodec.Lz4;
        int frameBytes = BinaryPrimitives.ReadInt32LittleEndian(page[12..]);
        long length = BinaryPrimitives.ReadInt64LittleEndian(page[16..]);
        int[]? offsets = null;
        if (length is < 0 or > int.MaxValue || (isPacked ? !TryReadTable(page, frameBytes, length, isEncrypted, out offsets) : frameBytes != PlainFrameBytes))
            return null;
        return new(isEncrypted, frameBytes, length, BinaryPrimitives.ReadUInt32LittleEndian(page[24..]), page.Slice(32, SaltBytes).ToArray(), offsets);
    }

    private static bool TryReadTable(ReadOnlySpan<byte> page, int frameBytes, long lengthBytes, bool isEncrypted, out int[]? offsets)
    {
        offsets = null;
        if (frameBytes is < PlainFrameBytes or > ushort.MaxValue + 1 || (lengthBytes + frameBytes - 1) / frameBytes > MaxPackedFrames)
            return false;
        Span<int> lengths = stackalloc int[(int)((lengthBytes + frameBytes - 1) / frameBytes)];
        for (int frame = 0; frame < lengths.Length; frame++)
        {
            lengths[frame] = BinaryPrimitives.ReadUInt16LittleEndian(page[(TableOffset + (frame * TableEntryBytes))..]) + 1;
            if (lengths[frame] > Math.Min(frameBytes, lengthBytes - ((long)frame * frameBytes)))
                return false;
        }
        offsets = Offsets(lengths, FrameGuard.CheckBytes(isEncrypted));
        return true;
    }

    private static int[] Offsets(ReadOnlySpan<int> packedLengths, int checkBytes)
    {
        int[] offsets = new int[packedLengths.Length + 1];
        offsets[0] = Bytes;
        for (int frame = 0; frame < packedLengths.Length; frame++)
            offsets[frame + 1] = offsets[frame] + packedLengths[frame] + checkBytes;
        return offsets;
    }
}
