using System.Buffers.Binary;
using Lunaria.Volumes.Access;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Diagnostics;
using Lunaria.Volumes.Io;
using Lunaria.Volumes.Segments;
using Microsoft.Extensions.Logging;

namespace Lunaria.Volumes.Recovery;

/// <summary>
/// Puts fence objects (docs/FORMATS.md, "Fence") under the names that a former owner gives its next segments, as many as it can have in flight. What it has
/// stored there already stays: it may be the only copy. Used once per takeover.
/// </summary>
internal sealed class SequenceFence(IObjectStore store, SuperblockContent owner, ILogger logger)
{
    /// <summary>Bytes of a fence; every segment is longer.</summary>
    public const int LengthBytes = 64;

    private const int CrcOffset = 60, PutsAtOnce = 8;
    private const uint Version = 1;

    /// <summary>Complete = no name of the former owner is free; gives the first sequence that is above all of them.</summary>
    public async ValueTask<ulong> RunAsync(IReadOnlyList<(Guid Volume, ulong NextSequence)> volumes, int window, CancellationToken cancellation)
    {
        ulong first = 0;
        foreach ((Guid volume, ulong next) in volumes)
        {
            ulong last = next, found = 0;
            await foreach (ObjectInfo info in store.ListAsync(SegmentKey.VolumePrefix(volume), cancellation))
                if (SegmentKey.TryParse(info.Key, volume, out ulong sequence) && sequence >= next)
                    (last, found) = (Math.Max(last, sequence), found + 1);
            if (found > 0)
                VolumesLog.SegmentsAhead(logger, volume, found, next);
            ulong end = last + (ulong)window;
            await Parallel.ForEachAsync(
                Sequences(next, end), new ParallelOptions { MaxDegreeOfParallelism = PutsAtOnce, CancellationToken = cancellation },
                (sequence, token) => PutAsync(SegmentKey.Format(volume, sequence), token));
            first = Math.Max(first, end);
        }
        return first;
    }

    private static IEnumerable<ulong> Sequences(ulong first, ulong end)
    {
        for (ulong sequence = first; sequence < end; sequence++)
            yield return sequence;
    }

    private async ValueTask PutAsync(string key, CancellationToken cancellation)
    {
        try
        {
            await store.PutIfAbsentAsync(key, Content(), cancellation);
        }
        catch (ObjectStoreException e) when (e.Error == ObjectStoreError.Exists)
        {
            // Taken: by the former owner, or by this fence in an earlier try.
        }
    }

    private byte[] Content()
    {
        byte[] content = new byte[LengthBytes];
        "LUNAFNC\0"u8.CopyTo(content);
        BinaryPrimitives.WriteUInt32LittleEndian(content.AsSpan(8), Version);
        BinaryPrimitives.WriteUInt32LittleEndian(content.AsSpan(12), LengthBytes);
        owner.PoolId.TryWriteBytes(content.AsSpan(16, 16), bigEndian: true, out _);
        owner.OwnerId.TryWriteBytes(content.AsSpan(32, 16), bigEndian: true, out _);
        BinaryPrimitives.WriteUInt64LittleEndian(content.AsSpan(48), owner.Epoch);
        BinaryPrimitives.WriteUInt32LittleEndian(content.AsSpan(CrcOffset), Crc32C.Compute(content.AsSpan(0, CrcOffset)));
        return content;
    }
}
