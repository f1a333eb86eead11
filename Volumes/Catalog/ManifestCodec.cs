using System.Buffers;
using System.Buffers.Binary;
using Lunaria.Volumes.Log;

namespace Lunaria.Volumes.Catalog;

/// <summary>The payload of a manifest, to and from bytes (docs/FORMATS.md, "Catalog"). Stateless; any thread.</summary>
internal static class ManifestCodec
{
    private const int FixedBytes = 160, EntryBytes = 24, HashBytes = 32, MixtureFlag = 1;

    /// <summary>The payload.</summary>
    public static byte[] Write(CatalogManifest manifest)
    {
        CatalogEntry[] entries = [.. manifest.All];
        byte[] payload = new byte[FixedBytes + entries.Length * EntryBytes];
        Span<byte> at = payload;
        BinaryPrimitives.WriteUInt64LittleEndian(at, manifest.Save);
        BinaryPrimitives.WriteUInt64LittleEndian(at[8..], manifest.NextNumber);
        BinaryPrimitives.WriteInt64LittleEndian(at[16..], manifest.Time.ToUnixTimeMilliseconds());
        manifest.MapId.TryWriteBytes(at.Slice(24, 16), bigEndian: true, out _);
        BinaryPrimitives.WriteInt64LittleEndian(at[40..], manifest.Stamp);
        BinaryPrimitives.WriteInt32LittleEndian(at[48..], manifest.MapVersion);
        BinaryPrimitives.WriteInt32LittleEndian(at[52..], manifest.MetadataVersion);
        BinaryPrimitives.WriteUInt64LittleEndian(at[56..], manifest.JournalSequence);
        BinaryPrimitives.WriteUInt64LittleEndian(at[64..], manifest.JournalEnd);
        BinaryPrimitives.WriteUInt64LittleEndian(at[72..], manifest.Published.Lsn);
        BinaryPrimitives.WriteUInt32LittleEndian(at[80..], manifest.Published.ChainCrc);
        manifest.MetadataHash.CopyTo(at.Slice(84, HashBytes));
        BinaryPrimitives.WriteInt32LittleEndian(at[116..], manifest.Base.Count);
        BinaryPrimitives.WriteInt32LittleEndian(at[120..], manifest.Increments.Count);
        BinaryPrimitives.WriteInt32LittleEndian(at[124..], manifest.Metadata.Count);
        BinaryPrimitives.WriteInt32LittleEndian(at[128..], manifest.Frames.Count);
        BinaryPrimitives.WriteInt32LittleEndian(at[132..], manifest.IsPoint ? 0 : MixtureFlag);
        at = at[FixedBytes..];
        foreach (CatalogEntry entry in entries)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(at, entry.Number);
            BinaryPrimitives.WriteUInt64LittleEndian(at[8..], entry.FirstSequence);
            BinaryPrimitives.WriteInt32LittleEndian(at[16..], entry.LengthBytes);
            at = at[EntryBytes..];
        }
        return payload;
    }

    /// <summary>What a payload says.</summary>
    /// <exception cref="InvalidDataException">Its parts do not fit together.</exception>
    public static CatalogManifest Read(ReadOnlySpan<byte> payload)
    {
        if (payload.Length < FixedBytes)
            throw Wrong();
        int bases = Count(payload[116..]), increments = Count(payload[120..]), metadata = Count(payload[124..]), frames = Count(payload[128..]);
        if (((long)bases + increments + metadata + frames) * EntryBytes != payload.Length - FixedBytes)
            throw Wrong();
        ReadOnlySpan<byte> entries = payload[FixedBytes..];
        return new()
        {
            Save = BinaryPrimitives.ReadUInt64LittleEndian(payload),
            NextNumber = BinaryPrimitives.ReadUInt64LittleEndian(payload[8..]),
            Time = DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64LittleEndian(payload[16..])),
            MapId = new Guid(payload.Slice(24, 16), bigEndian: true),
            Stamp = BinaryPrimitives.ReadInt64LittleEndian(payload[40..]),
            MapVersion = BinaryPrimitives.ReadInt32LittleEndian(payload[48..]),
            MetadataVersion = BinaryPrimitives.ReadInt32LittleEndian(payload[52..]),
            JournalSequence = BinaryPrimitives.ReadUInt64LittleEndian(payload[56..]),
            JournalEnd = BinaryPrimitives.ReadUInt64LittleEndian(payload[64..]),
            Published = new LogPosition(BinaryPrimitives.ReadUInt64LittleEndian(payload[72..]), BinaryPrimitives.ReadUInt32LittleEndian(payload[80..])),
            IsPoint = (BinaryPrimitives.ReadInt32LittleEndian(payload[132..]) & MixtureFlag) == 0,
            MetadataHash = payload.Slice(84, HashBytes).ToArray(),
            Base = Take(ref entries, bases),
            Increments = Take(ref entries, increments),
            Metadata = Take(ref entries, metadata),
            Frames = Take(ref entries, frames),
        };
    }

    private static int Count(ReadOnlySpan<byte> source) => BinaryPrimitives.ReadInt32LittleEndian(source) is >= 0 and var count ? count : throw Wrong();

    private static CatalogEntry[] Take(ref ReadOnlySpan<byte> entries, int count)
    {
        CatalogEntry[] taken = new CatalogEntry[count];
        foreach (ref CatalogEntry entry in taken.AsSpan())
        {
            entry = new(
                BinaryPrimitives.ReadUInt64LittleEndian(entries), BinaryPrimitives.ReadInt32LittleEndian(entries[16..]), BinaryPrimitives.ReadUInt64LittleEndian(entries[8..]));
            entries = entries[EntryBytes..];
        }
        return taken;
    }

    private static InvalidDataException Wrong() => new($"The object {CatalogObject.ManifestKey} is not what this program writes, though its checksum is right. Use the program that wrote it.");
}
