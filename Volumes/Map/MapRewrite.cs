using Lunaria.Volumes.Metadata;
using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Map;

/// <summary>
/// A change of leaves of any generation that becomes part of a checkpoint, after everything that memory had is written: so it sees all leaves in map.db, and a crash
/// leaves all of it or nothing. Made and used by the map writer.
/// </summary>
internal abstract class MapRewrite(SegmentTable table)
{
    private readonly Dictionary<uint, long> references = [];

    /// <summary>Changes rows and counts.</summary>
    public abstract void Write(MapCheckpointWriter writer);

    /// <summary>The checkpoint is durable: memory is told.</summary>
    public abstract void Committed();

    /// <summary>The checkpoint failed: counts are what they were.</summary>
    public virtual void Undo()
    {
        foreach ((uint segment, long count) in references)
            table.AddReferences(new(segment), -count);
        references.Clear();
    }

    /// <summary>A row of map.db names so many blocks of a segment more, or less.</summary>
    protected void Count(uint segment, long count)
    {
        table.AddReferences(new(segment), count);
        references[segment] = references.GetValueOrDefault(segment) + count;
    }

    /// <summary>A row of map.db goes (-1) or is added (+1).</summary>
    protected void CountAll(ReadOnlySpan<LeafRun> runs, int sign)
    {
        for (int i = 0; i < runs.Length; i++)
            if (runs[i].Segment != 0)
                Count(runs[i].Segment, sign * (LeafEditor.End(runs, i) - runs[i].Start));
    }
}
