using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Cache;

/// <summary>
/// Segments on their way to the store of which something belongs into the cache, since their volume wants what is written there, or since they are copies of what is there: their windows
/// are in slots already, where nobody finds them before the segment is published. Owned by the cache; called by the destager.
/// </summary>
internal sealed class StagedSegments(CacheSlots slots, CacheAdmission admission)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(Guid Line, ulong Sequence), List<Staged>> _staged = [];

    /// <summary>Writes the windows of a segment, whose blocks are <paramref name="blocks"/>, to slots.</summary>
    public void Stage(CacheClient client, SegmentHeader header, ReadOnlySpan<byte> blocks)
    {
        if (client.Policy.Behaviour == CacheBehaviour.OnWrite)
            Stage(header, blocks, (_, _) => (client, false));
    }

    /// <summary>The same for a segment whose blocks are copies, each of the block of <paramref name="sources"/> at its place: windows with a block that is in the cache now.</summary>
    public void StageCopy(SegmentHeader header, ReadOnlySpan<byte> blocks, IReadOnlyList<(SegmentId Segment, int Index)> sources) => Stage(header, blocks, (first, count) =>
    {
        CacheClient? client = null;
        bool isProved = false;
        for (int i = first; i < first + count && !isProved; i++)
            client = slots.FindOwner(CacheWindow.Key(sources[i].Segment, sources[i].Index >> CacheWindow.BlocksShift), sources[i].Index & (CacheWindow.Blocks - 1), out isProved) ?? client;
        return (client, isProved);
    });

    /// <summary>The segment is published under its number.</summary>
    public void Commit(SegmentId segment, SegmentHeader header)
    {
        foreach (Staged staged in Take(header.VolumeUuid, header.Sequence))
        {
            ulong key = CacheWindow.Key(segment, staged.Window);
            int first = staged.Window << CacheWindow.BlocksShift, count = Math.Min(CacheWindow.Blocks, header.BlockCount - first);
            if (staged.IsProved)
                slots.Expect(key);
            admission.Commit(staged.Client, staged.Place, new(key, header.VolumeUuid, header.Sequence), CacheWindow.Mask(0, count), header.BlockCrcs.AsSpan(first, count));
        }
    }

    /// <summary>The segment did not come to be.</summary>
    public void Drop(SegmentHeader header)
    {
        foreach (Staged staged in Take(header.VolumeUuid, header.Sequence))
            if (staged.Place.Slot >= 0)
                slots.GiveBack(staged.Place.Slot);
    }

    private void Stage(SegmentHeader header, ReadOnlySpan<byte> blocks, Func<int, int, (CacheClient? Client, bool IsProved)> wanted)
    {
        if (!slots.Any)
            return;
        List<Staged> taken = [];
        for (int first = 0; first < header.BlockCount; first += CacheWindow.Blocks)
        {
            int count = Math.Min(CacheWindow.Blocks, header.BlockCount - first);
            (CacheClient? client, bool isProved) = wanted(first, count);
            if (client is null)
                continue;
            StagedWindow place = admission.Stage(client, blocks.Slice(first * SegmentHeader.BlockBytes, count * SegmentHeader.BlockBytes));
            if (!place.IsNone)
                taken.Add(new(client, first >> CacheWindow.BlocksShift, place, isProved));
        }
        if (taken.Count > 0)
            lock (_lock)
                _staged[(header.VolumeUuid, header.Sequence)] = taken;
    }

    private List<Staged> Take(Guid line, ulong sequence)
    {
        lock (_lock)
            return _staged.Remove((line, sequence), out List<Staged>? staged) ? staged : [];
    }

    private readonly record struct Staged(CacheClient Client, int Window, StagedWindow Place, bool IsProved);
}

/// <summary>
/// Where a window of a segment that is not published yet is: in a slot of its own, or by content (<paramref name="Keys"/>), or nowhere.
/// </summary>
internal readonly record struct StagedWindow(int Slot, ContentKey[]? Keys)
{
    /// <summary>True where no slot could be had.</summary>
    public bool IsNone => Slot < 0 && Keys is null;
}
