namespace Lunaria.Volumes.Catalog;

/// <summary>
/// What the store's catalog has. <paramref name="SavedAt"/>: the moment it shows; null = there is none. <paramref name="SavedLsn"/>: everything written below is in it.
/// <paramref name="Failure"/>: why it is not newer; null = nothing is wrong. <paramref name="IsCurrent"/>: nothing has changed since.
/// </summary>
public sealed record CatalogStatus(DateTimeOffset? SavedAt, ulong SavedLsn, ulong Saves, bool IsCurrent, string? Failure);
