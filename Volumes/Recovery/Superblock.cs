using System.Buffers.Binary;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Io;
using Lunaria.Volumes.Metadata;

namespace Lunaria.Volumes.Recovery;

/// <summary>
/// The object that says to which lunaria.db a store belongs (docs/FORMATS.md, "Superblock"): metadata never meets a store of another pool, an emptied one,
/// or a new lunaria.db a used store. Checked by the process once in a life, before the engine opens. Stateless; any thread.
/// </summary>
public static class Superblock
{
    private const string Key = "superblock";
    private const int LengthBytes = 64, CrcOffset = 60;
    private const uint Version = 1;

    private static ReadOnlySpan<byte> Magic => "LuSuperB"u8;

    /// <summary>Claims an empty store for the pool of <paramref name="metadata"/>, or checks that the store is its own.</summary>
    /// <exception cref="InvalidDataException">It is not. The message names both and the remedy.</exception>
    public static async ValueTask CheckAsync(IObjectStore store, MetadataDatabase metadata)
    {
        if (await store.HeadAsync(Key, CancellationToken.None) is { } found)
            CheckOwner(await ReadAsync(store, found), metadata.PoolId);
        else if (metadata.ReadVolumes().Count > 0)
            throw new InvalidDataException(
                $"The object store is empty or not the one of this lunaria.db (pool {metadata.PoolId}), which has volumes. Give back the store that it was used with.");
        else
            await store.PutIfAbsentAsync(Key, Write(metadata.PoolId), CancellationToken.None);
    }

    private static void CheckOwner(Guid owner, Guid mine)
    {
        if (owner != mine)
            throw new InvalidDataException(
                $"The object store holds the data of pool {owner}, but lunaria.db is new or of another one ({mine}). Restore the lunaria.db that the store was used with, or use an empty store.");
    }

    private static async ValueTask<Guid> ReadAsync(IObjectStore store, ObjectInfo found)
    {
        byte[] content = new byte[LengthBytes];
        if (found.LengthBytes == LengthBytes)
            await store.GetAsync(Key, 0, content, CancellationToken.None);
        return Read(content);
    }

    private static Guid Read(ReadOnlySpan<byte> content)
    {
        if (!content.StartsWith(Magic) || BinaryPrimitives.ReadUInt32LittleEndian(content[CrcOffset..]) != Crc32C.Compute(content[..CrcOffset]))
            throw new InvalidDataException($"The object '{Key}' of the object store is damaged or not Lunaria's. Restore the store from a copy, or use an empty one.");
        uint version = BinaryPrimitives.ReadUInt32LittleEndian(content[8..]);
        return version == Version
            ? new Guid(content.Slice(16, 16), bigEndian: true)
            : throw new InvalidDataException($"The object store was written by a newer program (superblock version {version}; this one knows {Version}). Use that program.");
    }

    private static byte[] Write(Guid poolId)
    {
        byte[] content = new byte[LengthBytes];
        Magic.CopyTo(content);
        BinaryPrimitives.WriteUInt32LittleEndian(content.AsSpan(8), Version);
        BinaryPrimitives.WriteUInt32LittleEndian(content.AsSpan(12), LengthBytes);
        poolId.TryWriteBytes(content.AsSpan(16, 16), bigEndian: true, out _);
        BinaryPrimitives.WriteUInt32LittleEndian(content.AsSpan(CrcOffset), Crc32C.Compute(content.AsSpan(0, CrcOffset)));
        return content;
    }
}
