using Lunaria.Volumes.Metadata;
using Lunaria.Volumes.Segments;
using Microsoft.Data.Sqlite;

namespace Lunaria.Volumes.Map;

/// <summary>
/// Takes rows out of map.db that nothing shows any more: of the generations behind <paramref name="keptBefore"/> (-1 = none is kept) and before
/// <paramref name="keptNext"/> (null = none is kept). A row that the next view shows becomes that view's own; the others go, and what they named is named once less. Work and
/// memory follow what those generations changed, not the size of the volume.
/// </summary>
internal sealed class MapPruner(MapLine line, long keptBefore, uint? keptNext, SegmentTable table) : MapRewrite(table)
{
    private const int MaxGroups = 64;
    private readonly List<(int Group, LeafSet Leaves)> _taken = [];

    /// <summary>True where nothing is left to do; else one more is made.</summary>
    public bool IsDone { get; private set; }

    public override void Write(MapCheckpointWriter writer)
    {
        _taken.Clear();
        List<PresenceRow> rows = ReadRows(writer.Connection);
        IsDone = rows.Count <= MaxGroups;
        using Statements statements = new(writer.Connection, line.Number);
        foreach (PresenceRow row in rows.Take(MaxGroups))
            Prune(writer, statements, row);
        if (!IsDone)
            return;
        using SqliteStatement forget = new(writer.Connection, "DELETE FROM generations WHERE volume=$1 AND generation>$2 AND generation<$3", 3);
        forget.Run((long)line.Number, keptBefore, Last + 1);
    }

    public override void Committed()
    {
        line.ForgetRows();
        if (line.Live is not { } live || live.Generation != keptNext)
            return;
        foreach ((int group, LeafSet leaves) in _taken)
            live.TakeOver(group, leaves);
    }

    // Newest first: a row that became the next view's own hides the older ones.
    private long Last => keptNext is { } next ? (long)next - 1 : uint.MaxValue;

    private List<PresenceRow> ReadRows(SqliteConnection connection) => MapDatabase.ReadPresence(
        connection, "volume=$1 AND generation>$2 AND generation<=$3 ORDER BY generation DESC LIMIT $4", line.Number, keptBefore, Last, MaxGroups + 1);

    private void Prune(MapCheckpointWriter writer, Statements statements, PresenceRow row)
    {
        Span<LeafRun> runs = stackalloc LeafRun[BlockMap.LeafBlocks];
        LeafSet moved = default;
        PresenceRow? found = keptNext is not { } target ? null : MapDatabase.ReadPresence(
            writer.Connection, "volume=$1 AND generation=$2 AND leaf_group=$3", line.Number, target, row.Group).Select(all => (PresenceRow?)all).FirstOrDefault();
        LeafSet shown = found?.Present ?? row.Present;
        for (int index = row.Owned.Next(0); index < LeafGroup.Leaves; index = row.Owned.Next(index + 1))
        {
            ulong leaf = ((ulong)row.Group * LeafGroup.Leaves) + (ulong)index;
            if (keptNext is { } next && shown.Contains(index) && !statements.HasNewer(leaf, row.Generation, next))
            {
                statements.Move(leaf, row.Generation, next);
                moved.Add(index);
                continue;
            }
            int count = statements.Read(leaf, row.Generation, runs);
            CountAll(runs[..count], -1);
            writer.DeleteLeaf(line.Number, row.Generation, leaf);
        }
        writer.DeletePresence(line.Number, row.Generation, row.Group);
        if (keptNext is not { } view)
            return;
        writer.PutPresence(line.Number, view, row.Group, shown, found?.Owned.Union(moved) ?? moved);
        _taken.Add((row.Group, moved));
    }

    private sealed class Statements(SqliteConnection connection, uint line) : IDisposable
    {
        private readonly SqliteCommand _newer = Prepare(connection, "SELECT 1 FROM leaves WHERE volume=$1 AND leaf=$2 AND generation>$3 AND generation<=$4 LIMIT 1", 4);
        private readonly SqliteCommand _read = Prepare(connection, "SELECT content FROM leaves WHERE volume=$1 AND leaf=$2 AND generation=$3", 3);
        private readonly SqliteCommand _move = Prepare(connection, "UPDATE leaves SET generation=$4 WHERE volume=$1 AND leaf=$2 AND generation=$3", 4);

        public bool HasNewer(ulong leaf, uint generation, uint last) => Run(_newer, leaf, generation, last) != null;

        public void Move(ulong leaf, uint from, uint to) => Run(_move, leaf, from, to);

        public int Read(ulong leaf, uint generation, Span<LeafRun> runs)
        {
            int count = Run(_read, leaf, generation) is byte[] content ? LeafCodec.Decode(content, runs) : 0;
            return count > 0 ? count : throw new MapDamageException(
                line, $"map.db is damaged: leaf {leaf} of line {line}, generation {generation}, is missing or not what was written. Restore the file, or delete it and rebuild the map.");
        }

        public void Dispose()
        {
            _newer.Dispose();
            _read.Dispose();
            _move.Dispose();
        }

        private object? Run(SqliteCommand command, params ReadOnlySpan<ulong> values)
        {
            command.Parameters[0].Value = (long)line;
            for (int i = 0; i < values.Length; i++)
                command.Parameters[i + 1].Value = (long)values[i];
            return command.ExecuteScalar();
        }

        private static SqliteCommand Prepare(SqliteConnection connection, string sql, int parameters)
        {
            SqliteCommand command = connection.CreateCommand();
            command.CommandText = sql;
            for (int number = 1; number <= parameters; number++)
                command.Parameters.Add(new SqliteParameter($"${number}", SqliteType.Integer));
            return command;
        }
    }
}
