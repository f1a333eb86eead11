using Lunaria.Volumes.Journal;
using Lunaria.Volumes.Map;
using Lunaria.Volumes.Metadata;
using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Reclaim;

/// <summary>
/// Part of a checkpoint: the rows of all lines and generations that name a block that was copied name the copy from here on, those that do not are left alone. So a copy
/// never brings back what was written over meanwhile. The copies are durable, and in journal and table.
/// </summary>
internal sealed class Relocation(MapStore maps, uint family, IReadOnlyList<PublishedSegment> copies, IReadOnlyList<CopiedBlock> blocks) : MapRewrite(maps.Segments)
{
    // By family: leaves that a row was changed of.
    private readonly Dictionary<uint, HashSet<ulong>> _leaves = [];

    public override void Write(MapCheckpointWriter writer)
    {
        foreach (CopiedBlock block in blocks)
            if (maps.Segments.IsShared(block.Segment))
                maps.Segments.MarkShared(copies[block.Copy].Id);
        Dictionary<(uint, ushort), (uint Segment, ushort Index)> moved = blocks.ToDictionary(
            block => (block.Segment.Value, (ushort)block.Index), block => (copies[block.Copy].Id.Value, (ushort)block.CopyIndex));
        using LiveBlocks rows = new(writer.Connection);
        foreach ((uint line, ulong leaf) in rows.FindPlaces(
            maps, family, blocks.Select(block => block.Block / BlockMap.LeafBlocks).Distinct(), blocks.Select(block => block.Segment).Distinct()))
            foreach ((uint generation, LeafRun[] runs) in rows.Read(line, leaf))
                Rewrite(writer, line, leaf, generation, runs, moved);
    }

    public override void Undo()
    {
        base.Undo();
        _leaves.Clear();
    }

    public override void Committed()
    {
        foreach ((uint of, HashSet<ulong> leaves) in _leaves)
            maps.Reload(of, leaves);
    }

    private void Rewrite(
        MapCheckpointWriter writer, uint line, ulong leaf, uint generation, LeafRun[] runs, Dictionary<(uint, ushort), (uint Segment, ushort Index)> moved)
    {
        Span<LeafRun> flat = stackalloc LeafRun[BlockMap.LeafBlocks], result = stackalloc LeafRun[BlockMap.LeafBlocks];
        LeafEditor.Expand(runs, flat);
        bool changed = false;
        for (int block = 0; block < flat.Length; block++)
            if (flat[block].Segment != 0 && moved.TryGetValue((flat[block].Segment, flat[block].FirstIndex), out (uint Segment, ushort Index) copy))
            {
                Count(flat[block].Segment, -1);
                Count(copy.Segment, 1);
                flat[block] = new(copy.Segment, copy.Index, 0);
                changed = true;
            }
        if (!changed)
            return;
        writer.PutLeaf(line, generation, leaf, result[..LeafEditor.Compress(flat, result)]);
        uint of = maps.Segments.FamilyOf(line);
        if (!_leaves.TryGetValue(of, out HashSet<ulong>? leaves))
            _leaves.Add(of, leaves = []);
        leaves.Add(leaf);
    }
}

/// <summary>
/// A block that was copied: <paramref name="Index"/> of <paramref name="Segment"/>, into <paramref name="CopyIndex"/> of copy number <paramref name="Copy"/> of the round.
/// </summary>
internal readonly record struct CopiedBlock(ulong Block, SegmentId Segment, int Index, int Copy, int CopyIndex);
