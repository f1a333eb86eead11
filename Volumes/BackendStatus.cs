using Lunaria.Volumes.Catalog;

namespace Lunaria.Volumes;

/// <summary>
/// How far the store is behind. <paramref name="NextLsn"/>: behind the newest write; <paramref name="PublishedLsn"/>: everything below is in the store; both in bytes.
/// <paramref name="LogBytes"/>: how much may be between them. <paramref name="Health"/>: of what all volumes share.
/// </summary>
public sealed record BackendStatus(ulong NextLsn, ulong PublishedLsn, long LogBytes, VolumeHealth Health, CatalogStatus Catalog)
{
    /// <summary>Bytes of the log that are not in the store yet: what hosts wrote, with the records' headers.</summary>
    public long WaitingBytes => (long)(NextLsn - PublishedLsn);
}
