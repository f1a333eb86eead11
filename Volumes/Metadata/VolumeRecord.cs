namespace Lunaria.Volumes.Metadata;

/// <summary>
/// A volume in lunaria.db. <paramref name="Number"/>: its current line, which is its number in log, journal and map; another one after a rollback.
/// </summary>
public sealed record VolumeRecord(
    uint Number, Guid Uuid, string Name, long SizeBytes, DateTimeOffset Created, VolumeRecordState State, bool IsTemplate = false);

/// <summary>Life of a volume.</summary>
public enum VolumeRecordState
{
    /// <summary>In use.</summary>
    Active = 1,
    /// <summary>Closed by the operator: no I/O until it is opened again.</summary>
    Closed = 2,
}
