using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Map;
using Lunaria.Volumes.Metadata;
using Lunaria.Volumes.Segments;
using Microsoft.Data.Sqlite;

namespace Lunaria.Volumes.Check;

/// <summary>
/// Puts map.db right, within a transaction of the caller's, where what is left proves what was there: damaged leaves from the headers of the segments whose names are missing, presence
/// from the leaves, counts by a recount. One thread.
/// </summary>
internal sealed class MapRepair(SqliteConnection writer, IObjectStore store, MapCheck map, MetadataCheck metadata, Findings findings)
{
    /// <summary>By how much counts of segments were changed.</summary>
    public Dictionary<uint, long> ReferenceChanges { get; } = [];

    /// <summary>Puts right what can be.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        if (await TryRepairLeavesAsync(cancellation))
            findings.Repaired(CheckKinds.MapLeafDamaged);
        bool leavesAreWhole = map.DamagedLeaves.Count == 0 || findings.Listed.All(finding => finding.Kind != CheckKinds.MapLeafDamaged || finding.Repaired);
        if (findings.Has(CheckKinds.MapPresenceDamaged, CheckKinds.MapPresenceOwned, CheckKinds.MapPresenceMissing))
            RepairPresence();
        if (leavesAreWhole && map.DamagedLeaves.Count == 0)
            RepairCounts();
        RepairNumbers();
    }

    /// <summary>
    /// Damaged leaves are found again from the segments that are named less often than their counts say. Accepted only where the result makes every count right.
    /// </summary>
    private async Task<bool> TryRepairLeavesAsync(CancellationToken cancellation)
    {
        if (map.DamagedLeaves.Count == 0)
            return false;
        // Blocks copied by reference stand elsewhere than where their segment was written for, which its header does not say.
        HashSet<(uint Line, ulong Leaf)> shared = [.. new MapRows(writer).ReadShares().Select(share => (share.Line, share.Leaf))];
        if (map.DamagedLeaves.Any(row => shared.Contains((row.Line, row.Leaf))))
            return false;
        Dictionary<uint, long> missing = map.Segments.Where(entry => entry.Value.References > map.Counted.GetValueOrDefault(entry.Key))
            .ToDictionary(entry => entry.Key, entry => entry.Value.References - map.Counted.GetValueOrDefault(entry.Key));
        List<(uint Id, SegmentHeader Header)> candidates = [];
        foreach (uint id in missing.Keys)
            candidates.Add((id, await ReadHeaderAsync(map.Segments[id], cancellation)));
        List<(LeafRow Row, LeafRun[] Runs)> found = [];
        Dictionary<uint, long> named = [];
        foreach (LeafRow row in map.DamagedLeaves)
        {
            if (LeafRebuild.From(candidates, row, map.Lines.GetValueOrDefault(row.Line)?.Uuid ?? Guid.Empty) is not { } runs)
                return false;
            found.Add((row, runs));
            for (int i = 0; i < runs.Length; i++)
                if (runs[i].Segment != 0)
                    named[runs[i].Segment] = named.GetValueOrDefault(runs[i].Segment) + LeafEditor.End(runs, i) - runs[i].Start;
        }
        if (named.Count != missing.Count || named.Any(entry => missing.GetValueOrDefault(entry.Key) != entry.Value))
            return false;
        using SqliteStatement put = new(writer, "UPDATE leaves SET content=$4 WHERE volume=$1 AND leaf=$2 AND generation=$3", 4);
        foreach ((LeafRow row, LeafRun[] runs) in found)
        {
            byte[] content = new byte[LeafCodec.MaxBytes];
            put.Run((long)row.Line, (long)row.Leaf, (long)row.Generation, content[..LeafCodec.Encode(runs, content)]);
        }
        return true;
    }

    private async Task<SegmentHeader> ReadHeaderAsync(SegmentRow row, CancellationToken cancellation)
    {
        byte[] bytes = new byte[row.HeaderBytes];
        string key = SegmentKey.Format(map.Lines[row.Volume].Uuid, row.Sequence);
        await store.GetAsync(key, 0, bytes, cancellation);
        return SegmentHeader.TryParse(bytes, out SegmentHeader? header, out string? problem)
            ? header
            : throw new InvalidDataException($"Object {key} is damaged ({problem}), so leaves cannot be found again from it. Restore the object.");
    }

    /// <summary>Which leaves a generation has rows of is what the rows say; what it shows beside them, only an undamaged row or no older generation can.</summary>
    private void RepairPresence()
    {
        using SqliteStatement put = new(writer, "INSERT OR REPLACE INTO presence (volume, generation, leaf_group, content, owned) VALUES ($1, $2, $3, $4, $5)", 5);
        Dictionary<(uint Line, uint Generation, int Group), LeafSet> owned = [];
        foreach ((uint line, ulong leaf, uint generation) in map.RowKeys)
        {
            (uint, uint, int) key = (line, generation, (int)(leaf / LeafGroup.Leaves));
            LeafSet set = owned.GetValueOrDefault(key);
            set.Add((int)(leaf % LeafGroup.Leaves));
            owned[key] = set;
        }
        bool all = true;
        foreach ((uint Line, uint Generation, int Group) key in owned.Keys.Union(map.Presence.Keys).ToList())
        {
            LeafSet rows = owned.GetValueOrDefault(key);
            PresenceSets? sets = map.Presence.GetValueOrDefault(key);
            bool isFirst = metadata.Lines.TryGetValue(key.Line, out LineRecord? line) && line.Parent == 0
                && !map.Presence.Keys.Any(other => other.Line == key.Line && other.Group == key.Group && other.Generation < key.Generation);
            if (sets?.Present is { } present)
                put.Run((long)key.Line, (long)key.Generation, (long)key.Group, PresenceCodec.Encode(isFirst ? rows : present.Union(rows)), PresenceCodec.Encode(rows));
            else if (isFirst)
                put.Run((long)key.Line, (long)key.Generation, (long)key.Group, PresenceCodec.Encode(rows), PresenceCodec.Encode(rows));
            else
                all = false;
        }
        if (!all)
            return;
        findings.Repaired(CheckKinds.MapPresenceDamaged);
        findings.Repaired(CheckKinds.MapPresenceOwned);
        findings.Repaired(CheckKinds.MapPresenceMissing);
    }

    private void RepairCounts()
    {
        using SqliteStatement refs = new(writer, "UPDATE segments SET refs=$2 WHERE id=$1", 2);
        foreach ((uint id, SegmentRow row) in map.Segments)
            if (map.Counted.GetValueOrDefault(id) != row.References)
            {
                refs.Run((long)id, map.Counted.GetValueOrDefault(id));
                ReferenceChanges.Add(id, map.Counted.GetValueOrDefault(id) - row.References);
            }
        findings.Repaired(CheckKinds.MapReferences);
        using SqliteStatement mapped = new(writer, "UPDATE volumes SET mapped_blocks=$2 WHERE volume=$1", 2);
        foreach ((uint line, long blocks) in map.MappedBlocks)
            mapped.Run((long)line, blocks);
        findings.Repaired(CheckKinds.MapMappedBlocks);
    }

    private void RepairNumbers()
    {
        using SqliteStatement sequence = new(writer, "UPDATE volumes SET next_sequence = max(next_sequence, coalesce((SELECT max(sequence) + 1 FROM segments WHERE volume=$1), 1)) WHERE volume=$1", 1);
        foreach (uint line in map.Lines.Keys)
            sequence.Run((long)line);
        findings.Repaired(CheckKinds.MapNextSequence);
        SqliteFile.Execute(writer, "UPDATE checkpoint SET next_segment = max(next_segment, coalesce((SELECT max(id) + 1 FROM segments), 1))");
        findings.Repaired(CheckKinds.MapNextSegment);
    }
}
