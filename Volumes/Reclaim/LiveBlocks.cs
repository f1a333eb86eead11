using Lunaria.Volumes.Map;
using Lunaria.Volumes.Segments;
using Microsoft.Data.Sqlite;

namespace Lunaria.Volumes.Reclaim;

/// <summary>
/// The rows of map.db that may name blocks of a segment: those of its own blocks' leaves, in all lines of its family, and where it is shared those that map.db
/// notes. Owned by the collector's round; one thread.
/// </summary>
internal sealed class LiveBlocks : IDisposable
{
    private readonly SqliteCommand _command, _shares;
    private readonly LeafRun[] _runs = new LeafRun[BlockMap.LeafBlocks];

    /// <summary>Reads on a connection of the caller's.</summary>
    public LiveBlocks(SqliteConnection connection)
    {
        _command = connection.CreateCommand();
        _command.CommandText = "SELECT generation, content FROM leaves WHERE volume=$1 AND leaf=$2";
        _command.Parameters.Add("$1", SqliteType.Integer);
        _command.Parameters.Add("$2", SqliteType.Integer);
        _command.Prepare();
        _shares = connection.CreateCommand();
        _shares.CommandText = "SELECT volume, leaf FROM shares WHERE segment=$1";
        _shares.Parameters.Add("$1", SqliteType.Integer);
        _shares.Prepare();
    }

    /// <summary>Leaves of lines that may name blocks of <paramref name="segments"/>, which have blocks of <paramref name="leaves"/> of a family's lines.</summary>
    public HashSet<(uint Line, ulong Leaf)> FindPlaces(MapStore maps, uint family, IEnumerable<ulong> leaves, IEnumerable<SegmentId> segments)
    {
        HashSet<(uint Line, ulong Leaf)> places = [];
        foreach (ulong leaf in leaves)
            foreach (MapLine line in maps.FamilyOf(family))
                if (maps.MayHaveRow(line, leaf))
                    places.Add((line.Number, leaf));
        foreach (SegmentId segment in segments)
            if (maps.Segments.IsShared(segment))
                ReadShares(segment, places);
        return places;
    }

    /// <summary>All rows of one leaf of a line.</summary>
    /// <exception cref="MapDamageException">One is damaged.</exception>
    public List<(uint Generation, LeafRun[] Runs)> Read(uint line, ulong leaf)
    {
        (_command.Parameters[0].Value, _command.Parameters[1].Value) = ((long)line, (long)leaf);
        using SqliteDataReader reader = _command.ExecuteReader();
        List<(uint Generation, LeafRun[] Runs)> rows = [];
        while (reader.Read())
        {
            int count = LeafCodec.Decode((byte[])reader[1], _runs);
            if (count == 0)
                throw new MapDamageException(line, $"map.db is damaged: leaf {leaf} of line {line} is not what was written. Restore the file, or delete it and rebuild the map.");
            rows.Add(((uint)reader.GetInt64(0), _runs[..count]));
        }
        return rows;
    }

    public void Dispose()
    {
        _command.Dispose();
        _shares.Dispose();
    }

    private void ReadShares(SegmentId segment, HashSet<(uint Line, ulong Leaf)> places)
    {
        _shares.Parameters[0].Value = (long)segment.Value;
        using SqliteDataReader reader = _shares.ExecuteReader();
        while (reader.Read())
            places.Add(((uint)reader.GetInt64(0), (ulong)reader.GetInt64(1)));
    }
}
