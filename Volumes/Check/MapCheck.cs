using Lunaria.Volumes.Io;
using Lunaria.Volumes.Map;
using Lunaria.Volumes.Metadata;
using Lunaria.Volumes.Segments;
using Microsoft.Data.Sqlite;

namespace Lunaria.Volumes.Check;

/// <summary>
/// map.db in itself and against lunaria.db: lines, segment table, leaves, presence and counts. Its memory follows the number of segments and of leaves, some 150 bytes each. One thread.
/// </summary>
internal sealed class MapCheck(MapRows rows, MetadataCheck metadata, Findings findings)
{
    private readonly Dictionary<uint, long> _counted = [];
    private readonly HashSet<(uint Line, ulong Leaf, uint Generation)> _rowKeys = [];
    private readonly Dictionary<(uint Line, ulong Leaf), List<(uint Generation, int Mapped)>> _mapped = [];

    /// <summary>Lines in map.db.</summary>
    public Dictionary<uint, MapLineRow> Lines { get; private set; } = [];

    /// <summary>The segment table.</summary>
    public SortedDictionary<uint, SegmentRow> Segments { get; private set; } = [];

    /// <summary>Presence.</summary>
    public Dictionary<(uint Line, uint Generation, int Group), PresenceSets> Presence { get; private set; } = [];

    /// <summary>How often leaves name each segment.</summary>
    public IReadOnlyDictionary<uint, long> Counted => _counted;

    /// <summary>Leaves that are damaged.</summary>
    public List<LeafRow> DamagedLeaves { get; } = [];

    /// <summary>The keys of all leaves.</summary>
    public IReadOnlySet<(uint Line, ulong Leaf, uint Generation)> RowKeys => _rowKeys;

    /// <summary>The checkpoint; null = none.</summary>
    public (MapCheckpoint Checkpoint, uint NextSegment)? Checkpoint { get; private set; }

    /// <summary>Blocks that each line maps, by a recount; not of lines with damage.</summary>
    public Dictionary<uint, long> MappedBlocks { get; } = [];

    /// <summary>Looks at all rows.</summary>
    public void Run()
    {
        Checkpoint = rows.ReadCheckpoint();
        Lines = rows.ReadLines();
        Segments = rows.ReadSegments();
        Presence = rows.ReadPresence();
        CheckLines();
        CheckSegments();
        foreach (LeafRow leaf in rows.ReadLeaves())
            CheckLeaf(leaf);
        CheckPresence();
        foreach ((uint id, SegmentRow row) in Segments)
            // What a damaged leaf names is missing from the count.
            if (DamagedLeaves.Count > 0 ? _counted.GetValueOrDefault(id) > row.References : _counted.GetValueOrDefault(id) != row.References)
                findings.Add(CheckKinds.MapReferences, Name(id, row), $"the table says it is named {row.References} times, leaves name it {_counted.GetValueOrDefault(id)} times");
        CheckMappedBlocks();
    }

    /// <summary>A segment as messages name it.</summary>
    public string Name(uint id, SegmentRow row) =>
        $"segment {id} ({(Lines.TryGetValue(row.Volume, out MapLineRow? line) ? SegmentKey.Format(line.Uuid, row.Sequence) : $"sequence {row.Sequence} of line {row.Volume}")})";

    private void CheckLines()
    {
        if (Checkpoint is null && (Segments.Count > 0 || Lines.Count > 0))
            findings.Add(CheckKinds.MapCheckpointMissing, "map.db", $"{Segments.Count} segments and no checkpoint");
        foreach (MapLineRow line in Lines.Values)
        {
            if (!metadata.Lines.TryGetValue(line.Line, out LineRecord? record))
                continue; // A line that is gone keeps its row while it has segments.
            if (record.Uuid != line.Uuid)
                findings.Add(CheckKinds.MapLineUuid, metadata.NameOf(line.Line), $"it is {line.Uuid} in map.db, {record.Uuid} in lunaria.db");
            if (line.Family != 0 && line.Family != record.Family)
                findings.Add(CheckKinds.MapLineFamily, metadata.NameOf(line.Line), $"it is of family {line.Family} in map.db, {record.Family} in lunaria.db");
        }
    }

    private void CheckSegments()
    {
        Dictionary<(uint, ulong), uint> objects = [];
        foreach ((uint id, SegmentRow row) in Segments)
        {
            string name = Name(id, row);
            if (row.BlockCount is < 0 or > SegmentHeader.MaxBlocks || row.HeaderBytes <= 0 || row.HeaderBytes % BlockSize != 0 || row.Kind is not (SegmentKind.Data or SegmentKind.Copy))
                findings.Add(CheckKinds.MapSegmentShape, name, $"{row.BlockCount} blocks behind {row.HeaderBytes} bytes of header, kind {(int)row.Kind}");
            if (!objects.TryAdd((row.Volume, row.Sequence), id))
                findings.Add(CheckKinds.MapSegmentTwice, name, $"segment {objects[(row.Volume, row.Sequence)]} is the same object");
            if (!Lines.TryGetValue(row.Volume, out MapLineRow? line))
                findings.Add(CheckKinds.MapSegmentLine, name, $"map.db has no line {row.Volume}");
            else if (line.NextSequence <= row.Sequence)
                findings.Add(CheckKinds.MapNextSequence, metadata.NameOf(row.Volume), $"the next segment would have sequence {line.NextSequence}, and {name} is there");
            if (Checkpoint is { } checkpoint && id >= checkpoint.NextSegment)
                findings.Add(CheckKinds.MapNextSegment, "map.db", $"the next segment would be number {checkpoint.NextSegment}, and {name} is there");
        }
    }

    private void CheckLeaf(LeafRow leaf)
    {
        findings.Leaves++;
        _rowKeys.Add((leaf.Line, leaf.Leaf, leaf.Generation));
        string name = $"{metadata.NameOf(leaf.Line)}, leaf {leaf.Leaf}, generation {leaf.Generation}";
        if (!metadata.Lines.TryGetValue(leaf.Line, out LineRecord? record))
            findings.Add(CheckKinds.MapLineUnknown, name, "lunaria.db has no such line");
        else if (leaf.Leaf >= (ulong)(record.CapacityBytes + LeafBytes - 1) / LeafBytes)
            findings.Add(CheckKinds.MapLeafOutside, name, $"the line ends at {record.CapacityBytes} bytes");
        if (Lines.TryGetValue(leaf.Line, out MapLineRow? line) && leaf.Generation > line.Generation)
            findings.Add(CheckKinds.MapLeafGeneration, name, $"the line is at generation {line.Generation}");
        if (!Presence.TryGetValue((leaf.Line, leaf.Generation, GroupOf(leaf.Leaf)), out PresenceSets? presence) || (presence.Owned is { } owned && !owned.Contains(IndexOf(leaf.Leaf))))
            findings.Add(CheckKinds.MapPresenceMissing, name, "presence does not name the row");
        if (leaf.Runs is not { } runs)
        {
            findings.Add(CheckKinds.MapLeafDamaged, name, "it is not what was written");
            DamagedLeaves.Add(leaf);
            return;
        }
        int mapped = 0;
        for (int i = 0; i < runs.Length; i++)
            if (runs[i].Segment != 0)
            {
                int length = LeafEditor.End(runs, i) - runs[i].Start;
                mapped += length;
                _counted[runs[i].Segment] = _counted.GetValueOrDefault(runs[i].Segment) + length;
                if (!Segments.TryGetValue(runs[i].Segment, out SegmentRow segment))
                    findings.Add(CheckKinds.MapLeafSegment, name, $"it names segment {runs[i].Segment}, which is not in the table");
                else if (runs[i].FirstIndex + length > segment.BlockCount)
                    findings.Add(CheckKinds.MapLeafIndex, name, $"it names blocks {runs[i].FirstIndex} to {runs[i].FirstIndex + length - 1} of segment {runs[i].Segment}, which has {segment.BlockCount}");
            }
        if (!_mapped.TryGetValue((leaf.Line, leaf.Leaf), out List<(uint, int)>? generations))
            _mapped.Add((leaf.Line, leaf.Leaf), generations = []);
        generations.Add((leaf.Generation, mapped));
    }

    private void CheckPresence()
    {
        foreach (((uint line, uint generation, int group), PresenceSets sets) in Presence)
        {
            string name = $"{metadata.NameOf(line)}, group {group}, generation {generation}";
            if (sets.Present is not { } present || sets.Owned is not { } owned)
            {
                findings.Add(CheckKinds.MapPresenceDamaged, name, "it is not what was written");
                continue;
            }
            for (int index = owned.Next(0); index < LeafGroup.Leaves; index = owned.Next(index + 1))
                if (!_rowKeys.Contains((line, LeafOf(group, index), generation)))
                    findings.Add(CheckKinds.MapPresenceOwned, name, $"it says that leaf {LeafOf(group, index)} has a row");
            for (int index = present.Next(0); index < LeafGroup.Leaves; index = present.Next(index + 1))
                if (FindRow(line, generation, LeafOf(group, index)) is null)
                    findings.Add(CheckKinds.MapPresenceShown, name, $"it shows leaf {LeafOf(group, index)}, which has no row");
        }
    }

    private void CheckMappedBlocks()
    {
        if (DamagedLeaves.Count > 0 || findings.Has(CheckKinds.MapPresenceDamaged, CheckKinds.MapPresenceShown))
            return;
        foreach (IGrouping<uint, ((uint Line, uint Generation, int Group) Key, PresenceSets Sets)> line in Presence.Select(row => (row.Key, row.Value)).GroupBy(row => row.Key.Line))
        {
            if (!Lines.TryGetValue(line.Key, out MapLineRow? record))
                continue;
            long mapped = 0;
            foreach (var group in line.Where(row => row.Key.Generation <= record.Generation).GroupBy(row => row.Key.Group))
            {
                LeafSet present = group.MaxBy(row => row.Key.Generation).Sets.Present!.Value;
                for (int index = present.Next(0); index < LeafGroup.Leaves; index = present.Next(index + 1))
                    mapped += FindRow(line.Key, record.Generation, LeafOf(group.Key, index)) ?? 0;
            }
            MappedBlocks[line.Key] = mapped;
        }
        foreach (MapLineRow line in Lines.Values)
            // A line that a volume has left is not counted any more, one that was never open not yet.
            if (metadata.HasVolume(line.Line) && line.MappedBlocks >= 0 && MappedBlocks.GetValueOrDefault(line.Line) != line.MappedBlocks)
                findings.Add(CheckKinds.MapMappedBlocks, metadata.NameOf(line.Line), $"the row says {line.MappedBlocks} blocks, leaves say {MappedBlocks.GetValueOrDefault(line.Line)}");
    }

    /// <summary>Blocks mapped by the row that a line shows of a leaf; null = there is none.</summary>
    private int? FindRow(uint line, uint generation, ulong leaf)
    {
        for (uint at = line, upTo = generation; at != 0;)
        {
            if (_mapped.TryGetValue((at, leaf), out List<(uint Generation, int Mapped)>? generations))
            {
                int found = generations.FindLastIndex(row => row.Generation <= upTo);
                if (found >= 0)
                    return generations[found].Mapped;
            }
            if (DamagedLeaves.Any(row => row.Line == at && row.Leaf == leaf && row.Generation <= upTo))
                return 0;
            (at, upTo) = metadata.Lines.TryGetValue(at, out LineRecord? record) ? (record.Parent, record.ParentGeneration) : (0, 0);
        }
        return null;
    }

    private const int BlockSize = SegmentHeader.BlockBytes;
    private const long LeafBytes = BlockMap.LeafBlocks * (long)SegmentHeader.BlockBytes;

    private static int GroupOf(ulong leaf) => (int)(leaf / LeafGroup.Leaves);

    private static int IndexOf(ulong leaf) => (int)(leaf % LeafGroup.Leaves);

    private static ulong LeafOf(int group, int index) => ((ulong)group * LeafGroup.Leaves) + (ulong)index;
}
