using Lunaria.Volumes.Access;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Io;
using Lunaria.Volumes.Map;
using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Check;

/// <summary>
/// The objects of the segment table: there, whole, what their keys say, and holding just the blocks that leaves look for in them. Segments are looked at in windows, so that memory
/// stays bounded however large the map is. One thread.
/// </summary>
internal sealed class SegmentCheck(IObjectStore store, MapRows rows, MapCheck map, Guid poolId, Findings findings, CheckOptions options, TimeProvider time)
{
    /// <summary>Names in leaves that one window remembers.</summary>
    private const long WindowReferences = 4_000_000;

    private const int Tries = 5;
    private const long DirectoryBytes = 16L << 20;
    private readonly SegmentTable _table = new();
    private HashSet<(uint Segment, uint Line, ulong Leaf)> _shares = [];
    private long _startTime, _bytes;

    /// <summary>Looks at all. <paramref name="isLive"/>: a segment that is gone counts only while the table of the running engine still has it.</summary>
    public async Task RunAsync(Func<SegmentId, bool> isLive, CancellationToken cancellation)
    {
        _startTime = time.GetTimestamp();
        foreach (MapLineRow line in map.Lines.Values)
            _table.AddVolume(line.Line, line.Uuid, line.NextSequence, line.Family);
        List<(uint Id, SegmentRow Row)> all = [.. map.Segments.Where(entry => map.Lines.ContainsKey(entry.Value.Volume) && entry.Value.HeaderBytes > 0
            && entry.Value.HeaderBytes % SegmentHeader.BlockBytes == 0 && entry.Value.BlockCount is >= 0 and <= SegmentHeader.MaxBlocks).Select(entry => (entry.Key, entry.Value))];
        foreach ((uint id, SegmentRow row) in all)
            _table.Restore(new(id), row);
        SegmentStore segments = new(store, _table, DirectoryBytes);
        _shares = rows.ReadShares();
        for (int start = 0, end; start < all.Count; start = end)
        {
            long references = 0;
            for (end = start; end < all.Count && (end == start || references < WindowReferences); end++)
                references += Math.Max(all[end].Row.References, map.Counted.GetValueOrDefault(all[end].Id));
            Dictionary<uint, List<Named>> named = CollectNames(all[start].Id, all[end - 1].Id);
            for (int at = start; at < end; at++)
            {
                cancellation.ThrowIfCancellationRequested();
                await CheckAsync(segments, new(all[at].Id), all[at].Row, named.GetValueOrDefault(all[at].Id), isLive, cancellation);
                options.Progress?.Invoke(at + 1, all.Count);
            }
        }
    }

    /// <summary>What leaves look for in the segments of a window.</summary>
    private Dictionary<uint, List<Named>> CollectNames(uint first, uint last)
    {
        Dictionary<uint, List<Named>> named = [];
        foreach (LeafRow leaf in rows.ReadLeaves())
            for (int i = 0; i < (leaf.Runs?.Length ?? 0); i++)
                if (leaf.Runs![i].Segment >= first && leaf.Runs[i].Segment <= last && leaf.Runs[i].Segment != 0)
                {
                    if (!named.TryGetValue(leaf.Runs[i].Segment, out List<Named>? list))
                        named.Add(leaf.Runs[i].Segment, list = []);
                    LeafRun run = leaf.Runs[i];
                    list.Add(new(leaf.Line, leaf.Generation, (leaf.Leaf * BlockMap.LeafBlocks) + run.Start, run.FirstIndex, LeafEditor.End(leaf.Runs, i) - run.Start));
                }
        return named;
    }

    private async Task CheckAsync(SegmentStore segments, SegmentId id, SegmentRow row, List<Named>? named, Func<SegmentId, bool> isLive, CancellationToken cancellation)
    {
        findings.Segments++;
        string name = map.Name(id.Value, row), key = SegmentKey.Format(_table.VolumeUuid(row.Volume), row.Sequence);
        SegmentHeader header;
        try
        {
            // What nothing names may be deleted already: its row goes with the next checkpoint.
            if (await TryAsync(() => store.HeadAsync(key, cancellation).AsTask()) is not { } info)
            {
                if (map.Counted.GetValueOrDefault(id.Value) > 0 && isLive(id))
                    findings.Add(CheckKinds.SegmentMissing, name, $"the store has no object {key}, and leaves name {map.Counted[id.Value]} of its blocks");
                return;
            }
            header = await TryAsync(() => segments.ReadHeaderAsync(id, cancellation));
            if (info.LengthBytes < row.HeaderBytes + 1 && row.BlockCount > 0)
                findings.Add(CheckKinds.SegmentLength, name, $"object {key} has {info.LengthBytes} bytes");
        }
        catch (SegmentCorruptException e)
        {
            findings.Add(e.Message.Contains("the header is of", StringComparison.Ordinal) ? CheckKinds.SegmentForeign : CheckKinds.SegmentHeader, name, e.Message);
            return;
        }
        catch (ObjectStoreException e) when (e.Error is ObjectStoreError.NotFound)
        {
            return; // Deleted between the two looks.
        }
        catch (ObjectStoreException e) when (e.Error is ObjectStoreError.Fatal)
        {
            findings.Add(CheckKinds.SegmentLength, name, e.Message);
            return;
        }
        _bytes += row.HeaderBytes;
        if (header.PoolId != poolId)
        {
            findings.Add(CheckKinds.SegmentForeign, name, $"it is of pool {header.PoolId}");
            return;
        }
        CheckNames(id, name, header, named ?? []);
        if (options.ReadBlocks)
            await ReadBlocksAsync(segments, id, name, header, cancellation);
        await PaceAsync(cancellation);
    }

    /// <summary>A leaf that names a block of a segment means the block that is there.</summary>
    private void CheckNames(SegmentId id, string name, SegmentHeader header, List<Named> named)
    {
        if (named.Count == 0)
            return;
        ulong[] blocks = [.. header.Extents.SelectMany(extent => Enumerable.Range(0, (int)extent.LengthBlocks), (extent, i) => extent.StartBlock + (ulong)i)];
        foreach (Named run in named)
            for (int i = 0; i < run.Length && run.FirstIndex + i < blocks.Length; i++)
                if (blocks[run.FirstIndex + i] != run.StartBlock + (ulong)i && !_shares.Contains((id.Value, run.Line, run.StartBlock / BlockMap.LeafBlocks)))
                {
                    findings.Add(CheckKinds.MapLeafBlock, $"line {run.Line}, leaf {run.StartBlock / BlockMap.LeafBlocks}, generation {run.Generation}",
                        $"it looks for block {run.StartBlock + (ulong)i} at index {run.FirstIndex + i} of {name}, where block {blocks[run.FirstIndex + i]} is");
                    break;
                }
    }

    private async Task ReadBlocksAsync(SegmentStore segments, SegmentId id, string name, SegmentHeader header, CancellationToken cancellation)
    {
        byte[] all = new byte[header.BlockCount * SegmentHeader.BlockBytes];
        try
        {
            await TryAsync(async () =>
            {
                await segments.ReadAsync(id, 0, all, cancellation);
                return true;
            });
        }
        catch (SegmentCorruptException)
        {
            for (int index = 0; index < header.BlockCount; index++)
                await ReadBlockAsync(segments, id, name, index, all.AsMemory(index * SegmentHeader.BlockBytes, SegmentHeader.BlockBytes), cancellation);
        }
        catch (ObjectStoreException e) when (e.Error is ObjectStoreError.Fatal or ObjectStoreError.NotFound)
        {
            findings.Add(CheckKinds.SegmentLength, name, e.Message);
        }
        findings.BlocksRead += header.BlockCount;
        _bytes += all.Length;
    }

    private async Task ReadBlockAsync(SegmentStore segments, SegmentId id, string name, int index, Memory<byte> block, CancellationToken cancellation)
    {
        try
        {
            await TryAsync(async () =>
            {
                await segments.ReadAsync(id, index, block, cancellation);
                return true;
            });
        }
        catch (SegmentCorruptException e)
        {
            findings.Add(CheckKinds.SegmentBlock, name, e.Message);
        }
    }

    /// <summary>What may be a fault of the way is tried again: no answer, and a bit that flipped.</summary>
    private async Task<T> TryAsync<T>(Func<Task<T>> call)
    {
        for (int attempt = 1; ; attempt++)
            try
            {
                return await call();
            }
            catch (SegmentCorruptException) when (attempt < Tries)
            {
                // Read again.
            }
            catch (ObjectStoreException e) when (e.Error == ObjectStoreError.Retry && attempt < Tries)
            {
                await Task.Delay(BackOff.Delay(attempt, time), time);
            }
    }

    private async Task PaceAsync(CancellationToken cancellation)
    {
        if (options.BytesPerSecond <= 0)
            return;
        TimeSpan ahead = TimeSpan.FromSeconds((double)_bytes / options.BytesPerSecond) - time.GetElapsedTime(_startTime);
        if (ahead > TimeSpan.Zero)
            await Task.Delay(ahead, time, cancellation);
    }

    private readonly record struct Named(uint Line, uint Generation, ulong StartBlock, int FirstIndex, int Length);
}
