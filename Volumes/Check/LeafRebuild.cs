using Lunaria.Volumes.Map;
using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Check;

/// <summary>Finds a leaf again from headers of segments. Stateless.</summary>
internal static class LeafRebuild
{
    /// <summary>
    /// What a row would say if each of its blocks came from the youngest of the candidates that hold it up to the row's generation; null = no candidate holds any. Whether that is what
    /// was there, the caller proves by counts.
    /// </summary>
    public static LeafRun[]? From(IReadOnlyList<(uint Id, SegmentHeader Header)> candidates, LeafRow row, Guid line)
    {
        (LeafRun Run, ulong Sequence)[] flat = new (LeafRun, ulong)[BlockMap.LeafBlocks];
        bool any = false;
        foreach ((uint id, SegmentHeader header) in candidates)
        {
            if (header.VolumeUuid != line)
                continue;
            int index = 0;
            foreach (BlockRange extent in header.Extents)
                for (ulong block = extent.StartBlock; block < extent.EndBlock; block++, index++)
                {
                    if (block / BlockMap.LeafBlocks != row.Leaf)
                        continue;
                    (ulong sequence, uint generation) = header.Origins.Length > 0 ? (header.Origins[index].Sequence, header.Origins[index].Generation) : (header.Sequence, header.Generation);
                    int at = (int)(block % BlockMap.LeafBlocks);
                    // Of two copies of one first write the later put counts: the earlier one may be about to go.
                    if (generation > row.Generation || (flat[at].Run.Segment != 0 && sequence < flat[at].Sequence))
                        continue;
                    flat[at] = (new(id, (ushort)index, (ushort)at), sequence);
                    any = true;
                }
        }
        if (!any)
            return null;
        LeafRun[] runs = new LeafRun[BlockMap.LeafBlocks], blocks = [.. flat.Select(found => found.Run)];
        return runs[..LeafEditor.Compress(blocks, runs)];
    }
}
