using Lunaria.Volumes.Metadata;
using Microsoft.Data.Sqlite;

namespace Lunaria.Volumes.Check;

/// <summary>lunaria.db in itself: volumes, lines and snapshots belong together. One thread, on a connection of the caller's.</summary>
internal sealed class MetadataCheck(SqliteConnection connection, Findings findings)
{
    private readonly List<(uint Line, Guid Uuid, string Name, long SizeBytes)> _volumes = [];

    /// <summary>All lines by number.</summary>
    public SortedDictionary<uint, LineRecord> Lines { get; } = [];

    /// <summary>Line and generation of each snapshot, and its name.</summary>
    public List<(uint Line, uint Generation, string Name, Guid Volume)> Snapshots { get; } = [];

    /// <summary>Whose pool it is; empty where that cannot be read.</summary>
    public Guid PoolId { get; private set; }

    /// <summary>The name of the volume that is on a line, or the line's number.</summary>
    public string NameOf(uint line) => _volumes.FirstOrDefault(volume => volume.Line == line).Name is { } name ? $"volume {name}" : $"line {line}";

    /// <summary>True where a volume is on a line.</summary>
    public bool HasVolume(uint line) => _volumes.Exists(volume => volume.Line == line);

    /// <summary>Looks at all rows. False = the file cannot be read.</summary>
    public bool Run()
    {
        try
        {
            if (SqliteFile.ReadScalar(connection, "PRAGMA quick_check(1)") is not "ok")
                return Damaged("quick_check found errors");
            Read();
        }
        catch (Exception e) when (e is SqliteException or InvalidCastException or ArgumentException)
        {
            return Damaged(e.Message);
        }
        CheckVolumes();
        CheckSnapshots();
        return true;
    }

    /// <summary>Puts right what the other rows say.</summary>
    public void Repair(SqliteConnection writer)
    {
        SqliteFile.Execute(writer, "UPDATE identity SET next_volume = max(next_volume, (SELECT coalesce(max(number), 0) + 1 FROM lines))");
        findings.Repaired(CheckKinds.MetaNextNumber);
        SqliteFile.Execute(writer, "UPDATE lines SET capacity_bytes = max(capacity_bytes, coalesce((SELECT max(size_bytes) FROM volumes WHERE volumes.number = lines.number), 0))");
        findings.Repaired(CheckKinds.MetaLineShort);
    }

    private bool Damaged(string cause)
    {
        findings.Add(CheckKinds.MetaFileDamaged, "lunaria.db", cause);
        return false;
    }

    private void Read()
    {
        Each("SELECT number, uuid, family, parent, parent_generation, capacity_bytes FROM lines", row => Lines[(uint)row.GetInt64(0)] = new(
            (uint)row.GetInt64(0), ToGuid(row[1]), (uint)row.GetInt64(2), (uint)row.GetInt64(3), (uint)row.GetInt64(4), row.GetInt64(5)));
        Each("SELECT number, uuid, name, size_bytes FROM volumes", row => _volumes.Add(((uint)row.GetInt64(0), ToGuid(row[1]), row.GetString(2), row.GetInt64(3))));
        Each("SELECT line, generation, name, volume FROM snapshots", row => Snapshots.Add(((uint)row.GetInt64(0), (uint)row.GetInt64(1), row.GetString(2), ToGuid(row[3]))));
        Each("SELECT pool_id, next_volume FROM identity", row =>
        {
            PoolId = ToGuid(row[0]);
            if (Lines.Count > 0 && row.GetInt64(1) <= Lines.Keys.Max())
                findings.Add(CheckKinds.MetaNextNumber, "lunaria.db", $"the next line would be number {row.GetInt64(1)}, and there is a line {Lines.Keys.Max()}");
        });
    }

    private void CheckVolumes()
    {
        foreach ((uint line, _, string name, long sizeBytes) in _volumes)
            if (!Lines.TryGetValue(line, out LineRecord? record))
                findings.Add(CheckKinds.MetaVolumeLine, $"volume {name}", $"it is on line {line}, which lunaria.db does not have");
            else if (record.CapacityBytes < sizeBytes)
                findings.Add(CheckKinds.MetaLineShort, $"volume {name}", $"it has {sizeBytes} bytes, its line {line} only {record.CapacityBytes}");
        foreach (LineRecord line in Lines.Values)
            if (line.Parent != 0 && (!Lines.ContainsKey(line.Parent) || line.Parent >= line.Number))
                findings.Add(CheckKinds.MetaLineParent, NameOf(line.Number), $"it begins on line {line.Parent}, which lunaria.db does not have before it");
    }

    private void CheckSnapshots()
    {
        foreach ((uint line, _, string name, Guid volume) in Snapshots)
        {
            if (!Lines.ContainsKey(line))
                findings.Add(CheckKinds.MetaSnapshotLine, $"snapshot {name}", $"it is of line {line}, which lunaria.db does not have");
            if (_volumes.All(all => all.Uuid != volume))
                findings.Add(CheckKinds.MetaSnapshotVolume, $"snapshot {name}", $"it belongs to volume {volume}, which lunaria.db does not have");
        }
    }

    private void Each(string sql, Action<SqliteDataReader> take)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
            take(reader);
    }

    private static Guid ToGuid(object content) => new((byte[])content, bigEndian: true);
}
