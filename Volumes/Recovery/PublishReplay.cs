using Lunaria.Volumes.Journal;
using Lunaria.Volumes.Log;
using Lunaria.Volumes.Map;

namespace Lunaria.Volumes.Recovery;

/// <summary>
/// Applies the publishes since the last checkpoint to the map, one after the other. A line that map.db does not have yet begins as its parent was, so it is opened only when
/// the publishes that made the parent so are applied: by <paramref name="open"/>, when a publish names it. Where one of the two files was rebuilt, lunaria.db may not have every line that
/// publishes name: what they say of lines that are not <paramref name="known"/> is passed over (null = all are).
/// </summary>
internal sealed class PublishReplay(MapStore maps, Action<uint> open, Func<uint, bool>? known = null)
{
    // What shares may name of lines that are not known.
    private readonly Dictionary<uint, PublishedSegment> _passedOver = [];
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
        if (known is not null)
            frame = WithoutUnknownLines(frame, known);
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

    private PublishFrame WithoutUnknownLines(PublishFrame frame, Func<uint, bool> isKnown)
    {
        foreach (PublishedSegment segment in frame.Segments.Where(segment => !isKnown(segment.Volume)))
            _passedOver[segment.Id.Value] = segment;
        List<PublishedShare> shares = [.. frame.Shares.Where(share => isKnown(share.Volume))];
        foreach (PublishedShare share in shares)
            if (_passedOver.Remove(share.Place.Segment.Value, out PublishedSegment? segment))
            {
                maps.Segments.AddVolume(segment.Volume, segment.Header.VolumeUuid, segment.Header.Sequence);
                maps.Segments.Add(segment.Id, segment.Volume, segment.Header);
            }
        return frame with
        {
            Segments = [.. frame.Segments.Where(segment => isKnown(segment.Volume))],
            Trims = [.. frame.Trims.Where(trim => isKnown(trim.Volume))],
            Markers = [.. frame.Markers.Where(marker => isKnown(marker.Volume))],
            Shares = shares,
        };
    }

    private void NoteMissed(PublishFrame frame)
    {
        foreach (PublishedMarker marker in frame.Markers)
            if (maps.IsFaulted(marker.Volume))
                MissedGenerations[marker.Volume] = Math.Max(MissedGenerations.GetValueOrDefault(marker.Volume), marker.Generation);
    }
}
