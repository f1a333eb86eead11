using Microsoft.Data.Sqlite;

namespace Lunaria.Volumes.Metadata;

/// <summary>Limits of volumes.</summary>
public sealed partial class MetadataDatabase
{
    /// <summary>The limits of each volume that has some.</summary>
    internal IReadOnlyDictionary<Guid, VolumeLimits> ReadLimits() => Read(
        "SELECT volume, operations_per_second, burst_operations, bytes_per_second, burst_bytes, floor_operations_per_second, dirty_bytes FROM limits",
        row => (Volume: ToGuid(row[0]), Limits: new VolumeLimits
        {
            OperationsPerSecond = ReadNumber(row, 1),
            BurstOperations = ReadNumber(row, 2),
            BytesPerSecond = ReadNumber(row, 3),
            BurstBytes = ReadNumber(row, 4),
            FloorOperationsPerSecond = ReadNumber(row, 5),
            DirtyBytes = ReadNumber(row, 6),
        })).ToDictionary(row => row.Volume, row => row.Limits);

    /// <summary>Sets the limits of a volume.</summary>
    internal void WriteLimits(Guid volume, VolumeLimits limits)
    {
        if (limits == VolumeLimits.None)
            Change("DELETE FROM limits WHERE volume = $1", ToBytes(volume));
        else
            Change(
                "INSERT OR REPLACE INTO limits VALUES ($1, $2, $3, $4, $5, $6, $7)",
                ToBytes(volume), limits.OperationsPerSecond, limits.BurstOperations, limits.BytesPerSecond, limits.BurstBytes, limits.FloorOperationsPerSecond, limits.DirtyBytes);
    }

    private static long? ReadNumber(SqliteDataReader row, int column) => row.IsDBNull(column) ? null : row.GetInt64(column);
}
