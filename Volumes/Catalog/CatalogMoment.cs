using Lunaria.Volumes.Metadata;
using Microsoft.Data.Sqlite;

namespace Lunaria.Volumes.Catalog;

/// <summary>
/// One moment of the engine: transactions that show lunaria.db and map.db as they were, and how far the map journal was. Owned by one save, which ends it.
/// </summary>
internal sealed class CatalogMoment : IDisposable
{
    private readonly SqliteTransaction metadataRows, mapRows;

    /// <summary>
    /// Begins; while the map rests. The map and its journal first: what lunaria.db knows may be younger than they are, as after a crash, but never older.
    /// </summary>
    public CatalogMoment(SqliteConnection metadata, SqliteConnection map, ulong journalEnd, ulong firstFrame, DateTimeOffset now, bool isPoint)
    {
        (Metadata, Map, JournalEnd, FirstFrame, Time, IsPoint) = (metadata, map, journalEnd, firstFrame, now, isPoint);
        mapRows = map.BeginTransaction(deferred: true);
        try
        {
            MapId = new Guid((byte[])SqliteFile.ReadScalar(map, "SELECT map_id FROM catalog")!, bigEndian: true);
            Stamp = (long)SqliteFile.ReadScalar(map, "SELECT stamp FROM catalog")!;
            metadataRows = metadata.BeginTransaction(deferred: true);
            SqliteFile.ReadScalar(metadata, "SELECT count(*) FROM identity");
        }
        catch
        {
            metadataRows?.Dispose();
            mapRows.Dispose();
            throw;
        }
    }

    /// <summary>Shows lunaria.db.</summary>
    public SqliteConnection Metadata { get; }

    /// <summary>Shows map.db.</summary>
    public SqliteConnection Map { get; }

    /// <summary>The number behind the last frame of the journal.</summary>
    public ulong JournalEnd { get; }

    /// <summary>The first frame that rebuilding needs.</summary>
    public ulong FirstFrame { get; }

    /// <summary>When it was.</summary>
    public DateTimeOffset Time { get; }

    /// <inheritdoc cref="CatalogManifest.IsPoint"/>
    public bool IsPoint { get; }

    /// <inheritdoc cref="CatalogManifest.MapId"/>
    public Guid MapId { get; }

    /// <inheritdoc cref="CatalogManifest.Stamp"/>
    public long Stamp { get; }

    /// <summary>Lets the rows go.</summary>
    public void Dispose()
    {
        mapRows.Dispose();
        metadataRows.Dispose();
    }
}
