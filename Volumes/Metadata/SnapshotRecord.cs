namespace Lunaria.Volumes.Metadata;

/// <summary>
/// A snapshot in lunaria.db: what <paramref name="Line"/> was at the end of <paramref name="Generation"/>. <paramref name="Volume"/>: whose it is.
/// </summary>
internal sealed record SnapshotRecord(
    Guid Uuid, Guid Volume, uint Line, uint Generation, string Name, long SizeBytes, DateTimeOffset Created, bool Sticky, bool Consistent, string Labels);
