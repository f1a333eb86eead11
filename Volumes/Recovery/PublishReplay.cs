using Lunaria.Volumes.Journal;
using Lunaria.Volumes.Log;
using Lunaria.Volumes.Map;

namespace Lunaria.Volumes.Recovery;

/// <summary>
/// Applies the publishes since the last checkpoint to the map, one after the other. A line that map.db does not have yet begins as its parent was, so it is opened only when
/// the publishes that made the parent so are applied: by <paramref name="open"/>, when a publish names it.
/// </summary>
internal sealed class PublishReplay(MapStore maps, Action<uint> open)
{
    private readonly ulong _first = maps.Checkpoint.JournalSequence;

    /// <summary>Up to where everything is in segments, after the publishes so far.</summary>
    public LogPosition Published { get; private set; } = maps.Checkpoint.Published;

    /// <summary>Generations that markers have begun in lines that are in quarantine, whose maps do not show them.</summary>
    public Dictionary<uint, uint> MissedGenerations { get; } = [];

    /// <summary>Publishes so far.</summary>
    public int Count { get; private set; }

    /// <summary>Takes the next publish.</summary>
    public async ValueTask VisitAsync(PublishFrame frame)
    {
        NoteMissed(frame);
        // What only a line in quarantine still needs.
        if (frame.Sequence < _first)
        {
            maps.NoteMissed(frame);
            return;
        }
        foreach (uint line in frame.Segments.Select(segment => segment.Volume).Concat(frame.Trims.Select(trim => trim.Volume))
            .Concat(frame.Shares.Select(share => share.Volume)).Concat(frame.Markers.Select(marker => marker.Volume)).Distinct())
            open(line);
        while (!await maps.ApplyAsync(frame))
            await maps.CheckpointAsync(new(frame.Sequence, Published));
        NoteMissed(frame);
        Published = frame.Published;
        Count++;
    }

    private void NoteMissed(PublishFrame frame)
    {
        foreach (PublishedMarker marker in frame.Markers)
            if (maps.IsFaulted(marker.Volume))
                MissedGenerations[marker.Volume] = Math.Max(MissedGenerations.GetValueOrDefault(marker.Volume), marker.Generation);
    }
}
