namespace Lunaria.Volumes.Catalog;

/// <summary>
/// What the store's catalog has. <paramref name="SavedAt"/>: the moment it shows; null = there is none. <paramref name="SavedLsn"/>: everything written below is in it.
/// <paramref name="Failure"/>: why it is not newer; null = nothing is wrong. <paramref name="IsCurrent"/>: nothing has changed since. <paramref name="Age"/>: how long ago it was saved, or
/// this life began where there is none; zero where it is current. <paramref name="Bytes"/>: of its objects. <paramref name="Failures"/>: attempts of this life that failed.
/// </summary>
public sealed record CatalogStatus(DateTimeOffset? SavedAt, ulong SavedLsn, ulong Saves, bool IsCurrent, string? Failure, TimeSpan Age, long Bytes, long Failures);
