using Lunaria.Volumes.Metadata;

namespace Lunaria.Volumes.Map;

/// <summary>
/// Finds what a line shows at a generation, whether map.db has it already or only the memory of an open map, in the line itself or in those it begins on. One
/// search of an index per leaf, whatever the number of generations; lines without a row for the leaf cost a look into memory. Owned by the map store; any thread,
/// without a mapLock.
/// </summary>
internal sealed class LeafSource(MapDatabase database)
{
    /// <summary>Reads a leaf that exists into <paramref name="runs"/> (512); gives the number of runs, 0 where there is none after all.</summary>
    /// <exception cref="InvalidDataException">The leaf is damaged.</exception>
    /// <exception cref="IOException">map.db cannot be read.</exception>
    public int Read(MapLine line, uint generation, ulong leaf, Span<LeafRun> runs)
    {
        bool first = true;
        for (MapLine? at = line; at != null; generation = at.ParentGeneration, at = at.Parent, first = false)
        {
            if (at.Live is { } live && live.TryReadUnstored(leaf, generation, runs, out int count))
                return count;
            if (!first && !at.MayHaveRow(database, leaf))
                continue;
            count = database.ReadLeaf(at.Number, generation, leaf, runs);
            if (count > 0)
                return count;
        }
        return 0;
    }

    /// <summary>Which leaves of which groups a line shows at a generation. Only while the map writer rests.</summary>
    public Dictionary<int, LeafSet> ReadPresent(MapLine line, uint generation)
    {
        // A line that was never checkpointed shows what its parent did, and what its open map says.
        Dictionary<int, LeafSet> present = line.Parent is { } parent && database.ReadLine(line.Number) == null ? ReadPresent(parent, line.ParentGeneration) : [];
        foreach (PresenceRow row in database.ReadPresence(line.Number, 0, generation))
            present[row.Group] = row.Present;
        line.Live?.CopyUnstoredPresent(generation, present);
        foreach (int group in present.Where(group => group.Value.IsEmpty).Select(group => group.Key).ToList())
            present.Remove(group);
        return present;
    }

    /// <summary>Which rows are of just this generation of a line in map.db.</summary>
    public IEnumerable<PresenceRow> ReadOwned(MapLine line, uint generation) => database.ReadPresence(line.Number, generation, generation);

    /// <summary>Generation and mapped blocks of a line at the checkpoint; null where it never was in one.</summary>
    public (uint Generation, long MappedBlocks)? ReadLine(MapLine line) => database.ReadLine(line.Number);

    /// <summary>Blocks a line mapped at the end of a generation.</summary>
    public long ReadMappedBlocks(MapLine line, uint generation) =>
        line.Live?.FindMappedBlocks(generation) ?? database.ReadMappedBlocks(line.Number, generation) ?? 0;
}
