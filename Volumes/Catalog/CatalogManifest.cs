using Lunaria.Volumes.Log;

namespace Lunaria.Volumes.Catalog;

/// <summary>
/// An object that a manifest names. <paramref name="FirstSequence"/>, of frames only: the number of the frame that begins at its start; 0 = it goes on with a frame that began before.
/// </summary>
internal readonly record struct CatalogEntry(ulong Number, int LengthBytes, ulong FirstSequence = 0);

/// <summary>
/// A moment of the engine as the store has it: lunaria.db, map.db as of a checkpoint, and the frames of the map journal since. Replaced as a whole; what it names stays as long as it
/// stands.
/// </summary>
internal sealed record CatalogManifest
{
    /// <summary>Counts the manifests of a pool.</summary>
    public required ulong Save { get; init; }

    /// <summary>Objects from this number on are not named by any manifest so far.</summary>
    public required ulong NextNumber { get; init; }

    /// <summary>The moment.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>Which map.db it was, and how many checkpoints that had.</summary>
    public required Guid MapId { get; init; }

    /// <inheritdoc cref="MapId"/>
    public required long Stamp { get; init; }

    /// <summary>Migrations of map.db, and of the engine's part of lunaria.db, that were done.</summary>
    public required int MapVersion { get; init; }

    /// <inheritdoc cref="MapVersion"/>
    public required int MetadataVersion { get; init; }

    /// <summary>The first frame that has to be applied to the rows of map.db.</summary>
    public required ulong JournalSequence { get; init; }

    /// <summary>The number behind the last frame.</summary>
    public required ulong JournalEnd { get; init; }

    /// <summary>Everything below was in segments, and is in the catalog.</summary>
    public required LogPosition Published { get; init; }

    /// <summary>True where it shows just what was written below <see cref="Published"/>; false where some blocks are older, since what replaced them was in the log only.</summary>
    public bool IsPoint { get; init; } = true;

    /// <summary>SHA-256 of the rows of lunaria.db: whether they have changed.</summary>
    public required byte[] MetadataHash { get; init; }

    /// <summary>All rows of map.db at some checkpoint.</summary>
    public required IReadOnlyList<CatalogEntry> Base { get; init; }

    /// <summary>Rows that have changed since, oldest first.</summary>
    public required IReadOnlyList<CatalogEntry> Increments { get; init; }

    /// <summary>Rows of lunaria.db.</summary>
    public required IReadOnlyList<CatalogEntry> Metadata { get; init; }

    /// <summary>Frames of the map journal, one after the other, without gaps.</summary>
    public required IReadOnlyList<CatalogEntry> Frames { get; init; }

    /// <summary>All objects that it names.</summary>
    public IEnumerable<CatalogEntry> All => Base.Concat(Increments).Concat(Metadata).Concat(Frames);
}
