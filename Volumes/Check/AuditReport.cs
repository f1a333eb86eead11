namespace Lunaria.Volumes.Check;

/// <summary>
/// What an audit of the store found, in objects and bytes. Orphans: nothing names them; <paramref name="Cleared"/>: orphans that were deleted; <paramref name="Missing"/>: keys
/// of objects that are named and not there, the first of them.
/// </summary>
public sealed record AuditReport(
    long LiveObjects, long LiveBytes, IReadOnlyList<OrphanObject> Orphans, long OrphanBytes, long Cleared, IReadOnlyList<string> Missing);

/// <summary>An object that nothing names, and since when that is known.</summary>
public sealed record OrphanObject(string Key, long LengthBytes, DateTimeOffset Since);
