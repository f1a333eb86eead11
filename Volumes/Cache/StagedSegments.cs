using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Cache;

/// <summary>
/// Segments on their way to the store whose volume wants them in the cache when they are written: their windows are in slots already, where nobody finds them before the segment
/// is published. Owned by the cache; called by the destager.
/// </summary>
internal sealed class StagedSegments(CacheSlots slots, CacheAdmission admission)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(Guid Line, ulong Sequence), (CacheClient Client, StagedWindow[] Windows)> _staged = [];

    /// <summary>Writes the windows of a segment, whose blocks are <paramref name="blocks"/>, to slots.</summary>
    public void Stage(CacheClient client, SegmentHeader header, ReadOnlySpan<byte> blocks)
    {
        if (client.Policy.Behaviour != CacheBehaviour.OnWrite || !slots.Any)
            return;
        var taken = new StagedWindow[(header.BlockCount + CacheWindow.Blocks - 1) >> CacheWindow.BlocksShift];
        for (int i = 0; i < taken.Length; i++)
            taken[i] = admission.Stage(client, blocks.Slice(i * CacheWindow.Bytes, Math.Min(CacheWindow.Bytes, blocks.Length - i * CacheWindow.Bytes)));
        lock (_lock)
            _staged[(header.VolumeUuid, header.Sequence)] = (client, taken);
    }

    /// <summary>The segment is published under its number.</summary>
    public void Commit(SegmentId segment, SegmentHeader header)
    {
        if (!TryTake(header.VolumeUuid, header.Sequence, out CacheClient client, out StagedWindow[] taken))
            return;
        for (int i = 0; i < taken.Length; i++)
        {
            int first = i << CacheWindow.BlocksShift, count = Math.Min(CacheWindow.Blocks, header.BlockCount - first);
            if (!taken[i].IsNone)
                admission.Commit(
                    client, in taken[i], new(CacheWindow.Key(segment, i), header.VolumeUuid, header.Sequence), CacheWindow.Mask(0, count), header.BlockCrcs.AsSpan(first, count));
        }
    }

    /// <summary>The segment did not come to be.</summary>
    public void Drop(SegmentHeader header)
    {
        if (TryTake(header.VolumeUuid, header.Sequence, out _, out StagedWindow[] taken))
            foreach (StagedWindow window in taken)
                if (window.Slot >= 0)
                    slots.GiveBack(window.Slot);
    }

    private bool TryTake(Guid line, ulong sequence, out CacheClient client, out StagedWindow[] taken)
    {
        lock (_lock)
        {
            bool found = _staged.Remove((line, sequence), out (CacheClient Client, StagedWindow[] Windows) staged);
            (client, taken) = (staged.Client, staged.Windows);
            return found;
        }
    }
}

/// <summary>
/// Where a window of a segment that is not published yet is: in a slot of its own, or by content (<paramref name="Keys"/>), or nowhere.
/// </summary>
internal readonly record struct StagedWindow(int Slot, ContentKey[]? Keys)
{
    /// <summary>True where no slot could be had.</summary>
    public bool IsNone => Slot < 0 && Keys is null;
}
