using Lunaria.Volumes.Io;
using Lunaria.Volumes.Journal;
using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Map;

/// <summary>Lines in quarantine: what is published for them stays in the journal, and nothing else changes until they are recovered.</summary>
internal sealed partial class MapStore
{
    private readonly Dictionary<uint, LineFault> storedFaults;

    // Kept until the last line is out of quarantine.
    private readonly HashSet<uint> missed = [];

    /// <summary>Told of a line that goes into quarantine, and why. Set by the owner before anything is applied; called by the map writer.</summary>
    public Action<MapLine, Exception>? Faulted { get; set; }

    /// <summary>All lines in quarantine. Any thread.</summary>
    public IEnumerable<(uint Line, LineFault Fault)> Faults => lines.Values.Where(line => line.Fault is not null).Select(line => (line.Number, line.Fault!));

    /// <summary>The first frame of the journal that some line still needs, whatever the checkpoint contains.</summary>
    public ulong NeededSequence => Faults.Select(entry => entry.Fault.JournalSequence).Append(ulong.MaxValue).Min();

    /// <summary>Segments that publishes name which a line in quarantine has missed: they stay where they are. Map writer.</summary>
    public IReadOnlySet<uint> MissedSegments => missed;

    /// <summary>True where a line is in quarantine.</summary>
    public bool IsFaulted(uint line) => lines.TryGetValue(line, out MapLine? found) && found.Fault is not null;

    /// <summary>Segments that no leaf names and no line in quarantine will. Map writer.</summary>
    public void CopyDead(List<SegmentId> destination)
    {
        Segments.CopyDead(destination);
        destination.RemoveAll(id => missed.Contains(id.Value));
    }

    /// <summary>Remembers what lines in quarantine miss of a publish. Map writer.</summary>
    public void NoteMissed(PublishFrame publish)
    {
        foreach (PublishedSegment segment in publish.Segments)
            if (IsFaulted(segment.Volume))
                missed.Add(segment.Id.Value);
        foreach (PublishedShare share in publish.Shares)
            if (IsFaulted(share.Volume))
                missed.Add(share.Place.Segment.Value);
    }

    /// <summary>The line is as it has to be, or nobody needs it any more. Map writer.</summary>
    public void EndQuarantine(MapLine line)
    {
        line.Fault = null;
        if (!Faults.Any())
            missed.Clear();
    }

    /// <summary>
    /// Applies a publish that a line has missed, for that line alone. False = too many leaves are changed: checkpoint, then call again. Map writer; what it throws leaves the line in
    /// quarantine.
    /// </summary>
    public bool ApplyMissed(MapLine line, PublishFrame publish)
    {
        line.Fault = line.Fault! with { JournalSequence = publish.Sequence };
        foreach (Step step in Steps(publish))
            if (step.Map.Volume == line.Number && !Apply(step))
                return false;
        foreach (PublishedMarker marker in publish.Markers)
            if (marker.Volume == line.Number)
                Map(marker.Volume).Advance(marker.Generation);
        return true;
    }

    /// <summary>What concerns one line only puts that one into quarantine. False = too many leaves are changed.</summary>
    private bool ApplyUnlessFaulted(Step step, ulong sequence)
    {
        MapLine line = lines[step.Map.Volume];
        if (line.Fault is not null)
            return true;
        try
        {
            return Apply(step);
        }
        catch (Exception e) when (e is MapDamageException or InvalidDataException or InvalidOperationException or ArgumentException or IndexOutOfRangeException)
        {
            Quarantine(line, sequence, e);
            return true;
        }
    }

    private BlockMap OpenOrFault(MapLine line, ulong sizeBlocks, Lock mapLock)
    {
        // What it begins as, its origin's map does not have.
        if (line.Parent is { Fault: not null } parent && database.ReadLine(line.Number) is null)
        {
            Quarantine(line, Checkpoint.JournalSequence, new MapDamageException(line.Number, $"It begins on line {parent.Number}, which is in quarantine: recover that one first."));
            return BlockMap.Unreadable(line, sizeBlocks, mapLock, memory, Segments, source, loadGate);
        }
        try
        {
            return new(line, sizeBlocks, mapLock, memory, Segments, source, loadGate);
        }
        catch (MapDamageException e)
        {
            Quarantine(line, Checkpoint.JournalSequence, e);
            return BlockMap.Unreadable(line, sizeBlocks, mapLock, memory, Segments, source, loadGate);
        }
    }

    private void Quarantine(MapLine line, ulong sequence, Exception cause)
    {
        line.Fault ??= new(cause.Message, sequence, time.GetUtcNow());
        Faulted?.Invoke(line, cause);
    }
}
