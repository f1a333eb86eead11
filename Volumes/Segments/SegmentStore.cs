using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Cache;
using Lunaria.Volumes.Io;

namespace Lunaria.Volumes.Segments;

/// <summary>
/// Reads blocks of segments and checks each against its CRC32C. Keeps the checksums of the segments in use (directories) under a byte budget. Owned
/// by the volume manager; thread-safe.
/// </summary>
internal sealed class SegmentStore(IObjectStore store, SegmentTable table, long directoryBytes, ReadCache? cache = null)
{
    private readonly WindowReader? windows = cache is null ? null : new(store, cache.Memory, cache);
    private readonly SegmentDirectoryCache directories = new(directoryBytes);
    private readonly ConcurrentDictionary<uint, Lazy<Task<SegmentDirectory>>> loads = new();

    /// <summary>
    /// Reads consecutive blocks without waiting: true = <paramref name="destination"/> (a multiple of 4096 bytes) is filled and checked; false = use
    /// <see cref="ReadAsync"/>. Allocates nothing. <paramref name="client"/>: who reads, for the read cache; null = who is no volume.
    /// </summary>
    /// <exception cref="SegmentCorruptException">A block's checksum is wrong.</exception>
    public bool TryRead(SegmentId segment, int blockIndex, Span<byte> destination, CacheClient? client = null)
    {
        bool isKnown = directories.TryGet(segment, out SegmentDirectory? directory);
        if (directory is not null)
            CheckRange(directory, blockIndex, destination.Length);
        if (client is not null && UsesWindows && windows!.TryRead(client, segment, blockIndex, destination, directory is null ? default : directory.BlockCrcs))
            return true;
        if (!isKnown || directory is null)
            return false;
        if (!store.TryGet(directory.Key, OffsetBytes(directory, blockIndex), destination))
            return false;
        CheckBlocks(directory, blockIndex, destination);
        return true;
    }

    /// <summary>As <see cref="TryRead"/>, waiting for the store. Equal loads of a header at the same time are one.</summary>
    /// <exception cref="SegmentCorruptException">A block's or the header's checksum is wrong.</exception>
    /// <exception cref="ObjectStoreException">The store failed.</exception>
    public async ValueTask ReadAsync(SegmentId segment, int blockIndex, Memory<byte> destination, CancellationToken cancellation, CacheClient? client = null)
    {
        if (!directories.TryGet(segment, out SegmentDirectory? directory))
        {
            if (client is not null && UsesWindows && await windows!.TryReadWithoutDirectoryAsync(client, segment, blockIndex, destination))
                return;
            directory = await LoadDirectoryAsync(segment).WaitAsync(cancellation);
        }
        CheckRange(directory, blockIndex, destination.Length);
        if (client is not null && UsesWindows && await ReadWindowsAsync(client, directory, blockIndex, destination, cancellation))
            return;
        await GetAsync(segment, directory.Key, blockIndex, OffsetBytes(directory, blockIndex), destination, cancellation);
        if (FirstDamaged(directory, blockIndex, destination.Span) < 0)
            return;
        if (await store.MendAsync(directory.Key, cancellation))
            await GetAsync(segment, directory.Key, blockIndex, OffsetBytes(directory, blockIndex), destination, cancellation);
        CheckBlocks(directory, blockIndex, destination.Span);
    }

    /// <summary>True where blocks are read window by window: with a read cache, and where the store is a network away.</summary>
    public bool UsesWindows => windows is not null && (store.Capabilities.IsShared || cache!.HasDevices);

    /// <summary>Most blocks that are worth reading ahead of one stream: several streams share the memory for it.</summary>
    public int MaxReadAheadBlocks => windows?.MaxReadAheadBlocks ?? 0;

    /// <summary>The read cache; null without one.</summary>
    public ReadCache? Cache => cache;

    /// <summary>Reads blocks into memory that somebody is going to ask for soon. Never fails.</summary>
    public async Task ReadAheadAsync(SegmentId segment, int blockIndex, int blocks, CacheClient client)
    {
        try
        {
            if (windows!.HasAll(client, segment, blockIndex, blocks))
                return;
            if (!directories.TryGet(segment, out SegmentDirectory? directory))
                directory = await LoadDirectoryAsync(segment);
            await windows.ReadAheadAsync(client, directory, blockIndex, blocks);
        }
        catch (Exception e) when (e is ObjectStoreException or SegmentCorruptException)
        {
            // Whoever asks for it hears of it.
        }
    }

    /// <summary>Compares all copies that the store keeps of an object, and replaces those that are damaged.</summary>
    /// <exception cref="ObjectStoreException">The store failed.</exception>
    public async ValueTask MendCopiesAsync(string key, CancellationToken cancellation) => await store.MendAsync(key, cancellation);

    /// <summary>Reads a window into the read cache. Never fails.</summary>
    public async Task WarmAsync(ulong window, CacheClient client)
    {
        try
        {
            SegmentId segment = CacheWindow.Segment(window);
            if (!directories.TryGet(segment, out SegmentDirectory? directory))
                directory = await LoadDirectoryAsync(segment);
            await windows!.WarmAsync(client, directory, CacheWindow.Index(window));
        }
        catch (Exception e) when (e is ObjectStoreException or SegmentCorruptException)
        {
            // Whoever asks for it hears of it.
        }
    }

    /// <summary>
    /// Keeps the directory of a segment just published, so that reading it back needs no load of its header; what the read cache has of it can be found from now on.
    /// </summary>
    public void AddDirectory(SegmentId segment, SegmentHeader header)
    {
        directories.Add(new(segment, header.VolumeUuid, header.Sequence, header.HeaderBytes, header.BlockCrcs));
        cache?.Staging.Commit(segment, header);
    }

    private async Task<SegmentDirectory> LoadDirectoryAsync(SegmentId segment)
    {
        Lazy<Task<SegmentDirectory>> load = loads.GetOrAdd(segment.Value, static (id, self) => new(() => self.ReadDirectoryAsync(new(id))), this);
        try
        {
            SegmentDirectory directory = await load.Value;
            directories.Add(directory);
            return directory;
        }
        finally
        {
            loads.TryRemove(KeyValuePair.Create(segment.Value, load));
        }
    }

    private async Task<SegmentDirectory> ReadDirectoryAsync(SegmentId segment)
    {
        SegmentHeader header = await ReadHeaderAsync(segment, CancellationToken.None);
        return new(segment, header.VolumeUuid, header.Sequence, header.HeaderBytes, header.BlockCrcs);
    }

    /// <summary>Reads and checks the header of a segment.</summary>
    /// <exception cref="SegmentCorruptException">It is not what the segment table says.</exception>
    /// <exception cref="ObjectStoreException">The store failed, or the segment is gone.</exception>
    public async Task<SegmentHeader> ReadHeaderAsync(SegmentId segment, CancellationToken cancellation)
    {
        if (!table.TryGet(segment, out SegmentRow row))
            throw new ObjectStoreException(ObjectStoreError.NotFound, $"Segment {segment.Value} was deleted: nothing named it any more. Resolve the block again.");
        Guid volume = table.VolumeUuid(row.Volume);
        string key = SegmentKey.Format(volume, row.Sequence);
        byte[] bytes = new byte[row.HeaderBytes];
        await GetAsync(segment, key, -1, 0, bytes, cancellation);
        bool isSound = SegmentHeader.TryParse(bytes, out SegmentHeader? header, out string? problem);
        if (!isSound && await store.MendAsync(key, cancellation))
        {
            await GetAsync(segment, key, -1, 0, bytes, cancellation);
            isSound = SegmentHeader.TryParse(bytes, out header, out problem);
        }

        if (!isSound)
            ThrowCorrupt(segment, key, -1, problem!);
        if (header!.VolumeUuid != volume || header.Sequence != row.Sequence || header.BlockCount != row.BlockCount)
            ThrowCorrupt(segment, key, -1, $"the header is of sequence {header.Sequence:x16} of volume {header.VolumeUuid} with {header.BlockCount} blocks");
        return header;
    }

    /// <summary>False also where something in the windows is damaged: that need not be what was asked for.</summary>
    private async ValueTask<bool> ReadWindowsAsync(CacheClient client, SegmentDirectory directory, int blockIndex, Memory<byte> destination, CancellationToken cancellation)
    {
        try
        {
            return await windows!.ReadAsync(client, directory, blockIndex, destination, cancellation);
        }
        catch (ObjectStoreException e) when (e.Error == ObjectStoreError.Damaged)
        {
            return false;
        }
    }

    private async ValueTask GetAsync(SegmentId segment, string key, int blockIndex, long offsetBytes, Memory<byte> destination, CancellationToken cancellation)
    {
        for (bool mayMend = true; ; mayMend = false)
        {
            try
            {
                await store.GetAsync(key, offsetBytes, destination, cancellation);
                return;
            }
            catch (ObjectStoreException e) when (e.Error == ObjectStoreError.Damaged)
            {
                if (!mayMend || !await store.MendAsync(key, cancellation))
                    throw new SegmentCorruptException(segment, key, blockIndex, e.Message);
            }
        }
    }

    private static long OffsetBytes(SegmentDirectory directory, int blockIndex) =>
        directory.HeaderBytes + (long)blockIndex * SegmentHeader.BlockBytes;

    private static void CheckRange(SegmentDirectory directory, int blockIndex, int lengthBytes)
    {
        int blocks = lengthBytes / SegmentHeader.BlockBytes;
        if (blocks * SegmentHeader.BlockBytes != lengthBytes || blockIndex < 0 || blockIndex > directory.BlockCrcs.Length - blocks)
            ThrowOutOfRange(directory, blockIndex, lengthBytes);
    }

    private static void CheckBlocks(SegmentDirectory directory, int blockIndex, ReadOnlySpan<byte> content)
    {
        int damaged = FirstDamaged(directory, blockIndex, content);
        if (damaged >= 0)
            ThrowCorrupt(directory.Segment, directory.Key, damaged, "its checksum is wrong");
    }

    /// <summary>The index of the first block whose checksum is wrong; -1 = all are right.</summary>
    private static int FirstDamaged(SegmentDirectory directory, int blockIndex, ReadOnlySpan<byte> content)
    {
        for (; content.Length > 0; content = content[SegmentHeader.BlockBytes..], blockIndex++)
        {
            if (Crc32C.Compute(content[..SegmentHeader.BlockBytes]) != directory.BlockCrcs[blockIndex])
                return blockIndex;
        }

        return -1;
    }

    [DoesNotReturn]
    private static void ThrowCorrupt(SegmentId segment, string key, int blockIndex, string problem) =>
        throw new SegmentCorruptException(segment, key, blockIndex,
            $"{(blockIndex < 0 ? "The header" : $"Block {blockIndex}")} of segment {segment.Value}, object {key}, is damaged: {problem}. "
            + "Restore the object from a copy, or write the blocks anew.");

    [DoesNotReturn]
    private static void ThrowOutOfRange(SegmentDirectory directory, int blockIndex, int lengthBytes) =>
        throw new ArgumentOutOfRangeException(nameof(blockIndex), blockIndex,
            $"{lengthBytes} bytes from block {blockIndex} on are not inside segment {directory.Segment.Value} of {directory.BlockCrcs.Length} blocks.");
}
