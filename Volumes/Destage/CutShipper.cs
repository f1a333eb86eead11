using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Cache;
using Lunaria.Volumes.Journal;
using Lunaria.Volumes.Log;
using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Destage;

/// <summary>
/// Turns the cuts of all lines into durable segments, several puts at once. All of them, or none: what was put of a cut that failed is deleted, and
/// the next try gives other names. The destager's; one call at a time.
/// </summary>
internal sealed class CutShipper(
    Guid poolId, int segmentBytes, int concurrentPuts, SegmentTable table, CutImage image, SegmentUploader uploader,
    ReadCache? cache) : IDisposable
{
    /// <summary>In so many pieces a segment may be put where the store has no room for it in one.</summary>
    public const int PiecesAtMost = 4;

    private readonly SemaphoreSlim _slots = new(concurrentPuts);
    private readonly Stack<SegmentBuilder> _builders = new();
    private readonly Lock _lock = new();
    private int _pieces = 1;

    /// <summary>Lets the next cut be put in segments half as large; false = they are as small as they get.</summary>
    public bool TryHalve()
    {
        if (_pieces >= PiecesAtMost)
            return false;
        _pieces *= 2;
        return true;
    }

    /// <summary>
    /// Complete = the segments are durable. Trims without any block go into no segment.
    /// </summary>
    /// <exception cref="ObjectStoreException">OutOfSpace, Fatal or Exists; nothing of the cut is left in the store, unless cancelled.</exception>
    public async Task<List<PublishedSegment>> ShipAsync(IReadOnlyList<VolumeCut> cuts, ulong firstLsn, LogPosition end, CancellationToken cancellation)
    {
        List<PublishedSegment> segments = [];
        List<Task> puts = [];
        Dictionary<uint, ulong> sequences = [];
        using CancellationTokenSource failed = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        try
        {
            await image.LoadAsync(cuts);
            foreach (VolumeCut cut in cuts)
            {
                ulong sequence = sequences.TryGetValue(cut.Line.Number, out ulong next) ? next : table.NextSequence(cut.Line.Number);
                for ((int trimAt, int entryAt) = (0, 0); entryAt < cut.Entries.Count; sequence++)
                {
                    // Never for ever: puts end when one of them fails.
                    await _slots.WaitAsync(CancellationToken.None);
                    SegmentBuilder builder = RentBuilder();
                    Task put = Task.CompletedTask;
                    try
                    {
                        failed.Token.ThrowIfCancellationRequested();
                        SegmentPacker.Pack(builder, segmentBytes / _pieces, image, cut, ref trimAt, ref entryAt);
                        ReadOnlyMemory<byte> content = builder.Seal(
                            poolId, cut.Line.Record.Uuid, sequence, firstLsn, end.Lsn, out SegmentHeader header, cut.Generation);
                        if (cut.Line.Cache is { } client)
                            cache?.Staging.Stage(client, header, content.Span[header.HeaderBytes..]);
                        segments.Add(new(new SegmentId(table.NextId.Value + (uint)segments.Count), cut.Line.Number, header));
                        puts.Add(put = PutAsync(SegmentKey.Format(cut.Line.Record.Uuid, sequence), content, failed));
                    }
                    finally
                    {
                        _ = ReturnAfterAsync(put, builder);
                    }
                }
                sequences[cut.Line.Number] = sequence;
            }
            await Task.WhenAll(puts);
            _pieces = Math.Max(1, _pieces / 2);
            return segments;
        }
        catch
        {
            failed.Cancel();
            foreach (PublishedSegment segment in segments)
                cache?.Staging.Drop(segment.Header);
            await Task.WhenAll(puts).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            foreach (PublishedSegment segment in segments)
                table.Tried(segment.Volume, segment.Header.Sequence);
            for (int i = 0; i < puts.Count && !cancellation.IsCancellationRequested; i++)
                if (puts[i].Exception?.InnerException is not ObjectStoreException { Error: ObjectStoreError.Exists })
                    await uploader.DeleteAsync(SegmentKey.Format(segments[i].Header.VolumeUuid, segments[i].Header.Sequence), cancellation);
            // The first put that failed says why; the others were only cancelled.
            await Task.WhenAll(puts.Where(put => put.IsFaulted).Take(1));
            throw;
        }
    }

    /// <summary>Gives the buffers back; the next cut makes new ones.</summary>
    public void ReleaseBuffers()
    {
        image.Release();
        lock (_lock)
            _builders.Clear();
    }

    public void Dispose() => _slots.Dispose();

    private async Task PutAsync(string key, ReadOnlyMemory<byte> content, CancellationTokenSource failed)
    {
        try
        {
            await uploader.PutAsync(key, content, failed.Token);
        }
        catch (ObjectStoreException)
        {
            failed.Cancel();
            throw;
        }
    }

    private async Task ReturnAfterAsync(Task put, SegmentBuilder builder)
    {
        try
        {
            await put;
        }
        catch (Exception e) when (e is ObjectStoreException or OperationCanceledException)
        {
            // Whoever awaits the put sees it.
        }
        finally
        {
            lock (_lock)
                _builders.Push(builder);
            _slots.Release();
        }
    }

    private SegmentBuilder RentBuilder()
    {
        lock (_lock)
            return _builders.TryPop(out SegmentBuilder? builder) ? builder : new(segmentBytes);
    }
}
