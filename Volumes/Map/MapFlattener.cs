using Lunaria.Volumes.Metadata;
using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Map;

/// <summary>
/// Gives a line rows of its own, of generation <paramref name="target"/>, for some of the leaves that it shows from its parent: those of <paramref name="groups"/>. No data moves;
/// what the leaves name is named once more. <paramref name="target"/> is the oldest generation of the line that anybody looks at.
/// </summary>
internal sealed class MapFlattener(MapLine line, uint target, IReadOnlyList<int> groups, LeafSource source, SegmentTable table) : MapRewrite(table)
{
    private readonly List<(int Group, LeafSet Leaves)> _taken = [];

    public override void Write(MapCheckpointWriter writer)
    {
        _taken.Clear();
        Span<LeafRun> runs = stackalloc LeafRun[BlockMap.LeafBlocks];
        foreach (int group in groups)
        {
            List<PresenceRow> rows = MapDatabase.ReadPresence(
                writer.Connection, "volume=$1 AND leaf_group=$2 AND generation<=$3 ORDER BY generation", line.Number, group, target);
            if (rows.Count == 0)
                continue;
            LeafSet own = default, taken = default;
            foreach (PresenceRow row in rows)
                own = own.Union(row.Owned);
            PresenceRow last = rows[^1];
            for (int index = last.Present.Next(0); index < LeafGroup.Leaves; index = last.Present.Next(index + 1))
            {
                ulong leaf = ((ulong)group * LeafGroup.Leaves) + (ulong)index;
                if (own.Contains(index))
                    continue;
                int count = line.Parent is { } parent ? source.Read(parent, line.ParentGeneration, leaf, runs) : 0;
                if (count == 0)
                    throw new MapDamageException(line.Number, $"map.db is damaged: line {line.Number} shows leaf {leaf}, which its origin does not have. Restore the file, or delete it and rebuild the map.");
                CountAll(runs[..count], 1);
                writer.PutLeaf(line.Number, target, leaf, runs[..count]);
                taken.Add(index);
            }
            writer.PutPresence(line.Number, target, group, last.Present, last.Generation == target ? last.Owned.Union(taken) : taken);
            _taken.Add((group, taken));
        }
    }

    public override void Committed()
    {
        line.ForgetRows();
        if (line.Live is not { } live || live.Generation != target)
            return;
        foreach ((int group, LeafSet leaves) in _taken)
            live.TakeOver(group, leaves);
    }
}
