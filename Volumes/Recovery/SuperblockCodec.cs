using System.Buffers.Binary;
using Lunaria.Volumes.Io;

namespace Lunaria.Volumes.Recovery;

/// <summary>
/// What the superblock says: whose pool it is; in a shared store also which appliance owns it, how often it was claimed, and the first sequence that the
/// owner may give to segments. <paramref name="IsFencing"/>: a takeover is not complete yet.
/// </summary>
internal sealed record SuperblockContent(Guid PoolId, Guid OwnerId, ulong Epoch, ulong FirstSequence, bool IsFencing);

/// <summary>The superblock, to and from bytes (docs/FORMATS.md, "Superblock"). Version 1 has no owner. Stateless; any thread.</summary>
internal static class SuperblockCodec
{
    /// <summary>No version is longer.</summary>
    public const int MaxBytes = 128;
    private const int UnownedBytes = 64, OwnedBytes = 128, CrcBytes = 4;
    private const uint UnownedVersion = 1, OwnedVersion = 2, FencingFlag = 1;

    private static ReadOnlySpan<byte> Magic => "LuSuperB"u8;

    /// <summary>The content; InvalidDataException where it is damaged or newer.</summary>
    public static SuperblockContent Read(ReadOnlySpan<byte> source)
    {
        if (source.Length < UnownedBytes || !source.StartsWith(Magic))
            throw Damaged();
        uint version = BinaryPrimitives.ReadUInt32LittleEndian(source[8..]);
        int length = version == UnownedVersion ? UnownedBytes : OwnedBytes;
        if (source.Length != length || BinaryPrimitives.ReadUInt32LittleEndian(source[^CrcBytes..]) != Crc32C.Compute(source[..^CrcBytes]))
            throw Damaged();
        if (version > OwnedVersion)
            throw new InvalidDataException($"The object store was written by a newer program (superblock version {version}; this one knows {OwnedVersion}). Use that program.");
        Guid pool = new(source.Slice(16, 16), bigEndian: true);
        return version == UnownedVersion ? new(pool, Guid.Empty, 0, 0, false) : new(
            pool,
            new Guid(source.Slice(32, 16), bigEndian: true),
            BinaryPrimitives.ReadUInt64LittleEndian(source[48..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[56..]),
            (BinaryPrimitives.ReadUInt32LittleEndian(source[64..]) & FencingFlag) != 0);
    }

    /// <summary>Version 1: for a store of this machine.</summary>
    public static byte[] WriteUnowned(Guid poolId)
    {
        byte[] content = Begin(poolId, UnownedVersion, UnownedBytes);
        return End(content);
    }

    /// <summary>Version 2: for a shared store.</summary>
    public static byte[] Write(SuperblockContent superblock)
    {
        byte[] content = Begin(superblock.PoolId, OwnedVersion, OwnedBytes);
        superblock.OwnerId.TryWriteBytes(content.AsSpan(32, 16), bigEndian: true, out _);
        BinaryPrimitives.WriteUInt64LittleEndian(content.AsSpan(48), superblock.Epoch);
        BinaryPrimitives.WriteUInt64LittleEndian(content.AsSpan(56), superblock.FirstSequence);
        BinaryPrimitives.WriteUInt32LittleEndian(content.AsSpan(64), superblock.IsFencing ? FencingFlag : 0);
        return End(content);
    }

    private static byte[] Begin(Guid poolId, uint version, int lengthBytes)
    {
        byte[] content = new byte[lengthBytes];
        Magic.CopyTo(content);
        BinaryPrimitives.WriteUInt32LittleEndian(content.AsSpan(8), version);
        BinaryPrimitives.WriteInt32LittleEndian(content.AsSpan(12), lengthBytes);
        poolId.TryWriteBytes(content.AsSpan(16, 16), bigEndian: true, out _);
        return content;
    }

    private static byte[] End(byte[] content)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(content.AsSpan(content.Length - CrcBytes), Crc32C.Compute(content.AsSpan(0, content.Length - CrcBytes)));
        return content;
    }

    private static InvalidDataException Damaged() =>
        new($"The object '{Superblock.Key}' of the object store is damaged or not Lunaria's. Restore the store from a copy, or use an empty one.");
}
