namespace Lunaria.Volumes.Metadata;

/// <summary>
/// A volume in lunaria.db. <paramref name="Number"/>: its dense number in log, journal and map, from 1, never given again.
/// </summary>
public sealed record VolumeRecord(uint Number, Guid Uuid, string Name, long SizeBytes, DateTimeOffset Created, VolumeRecordState State);

/// <summary>Life of a volume.</summary>
public enum VolumeRecordState
{
    /// <summary>In use.</summary>
    Active = 1,
    /// <summary>Deleted by the operator; its blocks are being given back.</summary>
    Deleting = 2,
}
