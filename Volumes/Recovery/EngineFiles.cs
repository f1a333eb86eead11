using Lunaria.Volumes.Cache;
using Lunaria.Volumes.Catalog;
using Lunaria.Volumes.Journal;
using Lunaria.Volumes.Log;
using Lunaria.Volumes.Map;
using Lunaria.Volumes.Metadata;

namespace Lunaria.Volumes.Recovery;

/// <summary>The open files of an engine. Owned by the volume manager; while they are being opened, by the opener.</summary>
internal sealed class EngineFiles(MetadataDatabase metadata) : IAsyncDisposable
{
    /// <summary>lunaria.db.</summary>
    public MetadataDatabase Metadata { get; } = metadata;

    /// <summary>map.db.</summary>
    public MapStore Maps { get; set; } = null!;

    /// <summary>The map journal.</summary>
    public MapJournal Journal { get; set; } = null!;

    /// <summary>The write log.</summary>
    public WriteLog Log { get; set; } = null!;

    /// <summary>The store's catalog.</summary>
    public CatalogSaver Catalog { get; set; } = null!;

    /// <summary>The read cache.</summary>
    public ReadCache Cache { get; set; } = null!;

    /// <summary>Closes what is open, the last opened first; flushes nothing.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Cache is not null)
            await Cache.DisposeAsync();
        if (Log is not null)
            await Log.DisposeAsync();
        Catalog?.Dispose();
        Journal?.Dispose();
        Maps?.Dispose();
        Metadata.Dispose();
    }
}
