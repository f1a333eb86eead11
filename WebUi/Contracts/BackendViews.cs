using System.Text.Json.Serialization;

namespace Lunaria.WebUi.Contracts;

/// <summary>Where the volumes' data lies.</summary>
[JsonConverter(typeof(EnumWords<BackendKind>))]
public enum BackendKind
{
    /// <summary>A pool of this machine.</summary>
    Pool,
    /// <summary>A bucket.</summary>
    S3,
}

/// <summary>
/// What is not in the store yet. <paramref name="WaitingBytes"/> of the write log's <paramref name="LogBytes"/>, all volumes together; the oldest of them was written
/// <paramref name="OldestSeconds"/> ago. <paramref name="SecondsToFull"/>: when the log is full at the pace of the last half minute; null = it does not grow.
/// </summary>
public sealed record BackendView(
    BackendKind Kind, string Health, string? Cause, long WaitingBytes, long LogBytes, long OldestSeconds, long BytesPerSecond, long? SecondsToFull, CatalogView Catalog);

/// <summary>
/// What can be rebuilt from the store alone: the state of <paramref name="SavedAt"/> (null = nothing), everything written below the log position <paramref name="Position"/>.
/// <paramref name="Current"/>: nothing was published since. <paramref name="Cause"/>: why it is not newer; null = nothing is wrong.
/// </summary>
public sealed record CatalogView(DateTimeOffset? SavedAt, long Position, bool Current, string? Cause);
