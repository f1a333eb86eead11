using Lunaria.Volumes.Access;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Diagnostics;
using Lunaria.Volumes.Io;
using Lunaria.Volumes.Journal;
using Lunaria.Volumes.Log;
using Lunaria.Volumes.Metadata;
using Lunaria.Volumes.Recovery;
using Microsoft.Extensions.Logging;

namespace Lunaria.Volumes.Catalog;

/// <summary>
/// Puts files of the data directory that are missing or damaged back to what the store's catalog has; the journal and the log, where they are there, bring what came since. Used before the
/// engine opens, by who holds the directory's lock; any step can be cut short and done again. What is damaged stays beside, under another name.
/// </summary>
public sealed class CatalogRecovery(IDisk data, string sqliteDirectory, IObjectStore store, TimeProvider time, ILogger logger)
{
    private const int Attempts = 8;
    private const string HadAll = "journal and log were there";

    /// <summary>Rebuilds what has to be; true where something was. Asks the store only where something is missing or damaged.</summary>
    /// <exception cref="InvalidDataException">
    /// A file is damaged and the store has no catalog, or the catalog is damaged; or the directory is empty though the store is not, which only <see cref="ImportAsync"/> may mend.
    /// </exception>
    /// <exception cref="ObjectStoreException">The store failed.</exception>
    public async Task<bool> RunAsync(CancellationToken cancellation)
    {
        if (File.Exists(UnfinishedPath))
            throw new InvalidDataException("An import into this data directory was cut short. Run 'lunaria import' again.");
        DatabaseState metadata = DatabaseState.Of(new(MetadataPath, MetadataSchema.ApplicationId, MetadataSchema.PageBytes, MetadataSchema.Migrations), checkWhole: true);
        DatabaseState map = DatabaseState.Of(new(MapPath, MapSchema.ApplicationId, MapSchema.PageBytes, MapSchema.Migrations), checkWhole: false);
        if (map.IsSound && IsOlderThanJournal())
            map = new(false, false, "map.db was older than its journal.");
        if (metadata.IsSound && (map.IsSound || (map.IsMissing && !HasLines())))
            return false;
        if (await ReadManifestAsync(cancellation) is not { } found)
            return false;
        if (metadata.IsMissing && IsEmpty)
            throw new InvalidDataException(
                $"The data directory is empty, but the object store has the catalog of pool {found.PoolId}, saved {found.Manifest.Time:u}. Nothing is begun anew over it: rebuild the appliance with 'lunaria import', or use an empty store.");
        string cause = (metadata.IsSound ? map : metadata).Cause;
        await RebuildAsync(found.Manifest, found.PoolId, !metadata.IsSound, cause, null, null, cancellation);
        return true;
    }

    /// <summary>
    /// Rebuilds everything in a data directory that has neither lunaria.db nor map.db; gives up to where it is whole. A journal and a log that are there are kept, and bring what came since.
    /// Before lunaria.db counts, <paramref name="prepare"/> gets its path; what it throws ends the import, which can be done again.
    /// </summary>
    /// <exception cref="InvalidDataException">The directory has either file, or the store has no catalog or a damaged one.</exception>
    /// <exception cref="ObjectStoreException">The store failed.</exception>
    public async Task<ImportReport> ImportAsync(WriteLogOptions log, Action<string>? prepare, CancellationToken cancellation)
    {
        bool again = File.Exists(UnfinishedPath);
        if (!again && (File.Exists(MetadataPath) || File.Exists(MapPath)))
            throw new InvalidDataException($"{sqliteDirectory} has an appliance: lunaria.db or map.db is there. Import into an empty data directory.");
        if (await ReadManifestAsync(cancellation) is not { } found)
            throw new InvalidDataException("The object store has no catalog, so nothing can be imported from it. Name the store that the appliance used.");
        // What an import that was cut short has made is no journal and log of the appliance.
        bool hadAll = again
            ? await File.ReadAllTextAsync(UnfinishedPath, cancellation) == HadAll
            : JournalFiles.List(data, EngineOpener.JournalDirectory).Count > 0 && await LogLabel.ReadAsync(data) is not null;
        await File.WriteAllTextAsync(UnfinishedPath, hadAll ? HadAll : "", cancellation);
        if (await LogLabel.ReadAsync(data) is null && found.Manifest.Published != LogPosition.Start)
            await WriteLog.CreateAsync(data, log, logger);
        await RebuildAsync(found.Manifest, found.PoolId, withMetadata: true, "it was imported.", hadAll, prepare, cancellation);
        File.Delete(UnfinishedPath);
        using MetadataDatabase metadata = MetadataDatabase.Open(MetadataPath, time);
        return new(found.PoolId, found.Manifest.Time, found.Manifest.Published.Lsn, found.Manifest.IsPoint, hadAll, [.. metadata.ReadVolumes().Select(volume => volume.Name)], metadata.ReadSnapshots().Count);
    }

    private string MetadataPath => Path.Combine(sqliteDirectory, "lunaria.db");

    private string UnfinishedPath => Path.Combine(sqliteDirectory, "import.unfinished");

    private string MapPath => Path.Combine(sqliteDirectory, "map.db");

    private bool IsEmpty => !File.Exists(MapPath) && JournalFiles.List(data, EngineOpener.JournalDirectory).Count == 0 && !data.Exists(LogLabel.FileName);

    /// <summary>
    /// Throws where the store has more than the journal of this data directory, which so is a copy of an older one: it names segments that are gone, and what was written since would be lost
    /// with the next save. Nothing where the store does not answer.
    /// </summary>
    internal static async Task CheckNotOlderAsync(IObjectStore store, Guid poolId, ulong nextSequence)
    {
        try
        {
            if (await new CatalogReader(store).ReadManifestAsync(CancellationToken.None) is { } found && found.PoolId == poolId && found.Manifest.JournalEnd > nextSequence)
                throw Older(found.Manifest, nextSequence);
        }
        catch (ObjectStoreException)
        {
            // What is not known keeps nobody from starting; the first save finds out, too.
        }
    }

    /// <summary>The refusal.</summary>
    internal static InvalidDataException Older(CatalogManifest manifest, ulong nextSequence) => new(
        $"This data directory is older than the object store: its journal ends before frame {nextSequence}, the store's catalog of {manifest.Time:u} before frame {manifest.JournalEnd}. It is a copy, or another appliance has used the store since. Give back the newest data directory, or move this one away, with its log, and run 'lunaria import'.");

    /// <summary>True where frames are gone that the map does not contain: the checkpoint that contained them was lost.</summary>
    private bool IsOlderThanJournal()
    {
        if (JournalFiles.List(data, EngineOpener.JournalDirectory) is not [var first, ..])
            return false;
        using MapDatabase map = new(MapPath);
        return map.ReadCheckpoint(out _).JournalSequence < first;
    }

    private bool HasLines()
    {
        using MetadataDatabase metadata = MetadataDatabase.Open(MetadataPath, time);
        return metadata.ReadLines().Count > 0;
    }

    private async Task RebuildAsync(CatalogManifest manifest, Guid poolId, bool withMetadata, string cause, bool? hadAll, Action<string>? prepare, CancellationToken cancellation)
    {
        CatalogFiles files = new(new CatalogReader(store), manifest, poolId);
        string suffix = $".damaged-{time.GetUtcNow():yyyyMMdd-HHmmss}";
        await files.WriteMapAsync($"{MapPath}.new", cancellation);
        await files.WriteMetadataAsync($"{MetadataPath}.new", cancellation);
        prepare?.Invoke($"{MetadataPath}.new");
        bool knowsAll = await new JournalRestore(data, EngineOpener.JournalDirectory, poolId).RunAsync(files, cancellation);
        string what = withMetadata ? "lunaria.db and map.db were" : "map.db was";
        RebuildNotice notice = new(
            !(hadAll ?? knowsAll), $"{what} rebuilt from the object store's catalog of {manifest.Time:u}, log position {manifest.Published.Lsn}, because {cause}");
        if (withMetadata)
            RestoredMetadata.Finish($"{MetadataPath}.new", notice);
        else
            RestoredMetadata.TakeBackLines(MetadataPath, $"{MetadataPath}.new", notice);
        SetAside(MapPath, suffix);
        File.Move($"{MapPath}.new", MapPath);
        // Last: a directory without it is rebuilt again.
        if (withMetadata)
        {
            SetAside(MetadataPath, suffix);
            File.Move($"{MetadataPath}.new", MetadataPath);
        }
        else
        {
            File.Delete($"{MetadataPath}.new");
        }
        VolumesLog.Rebuilt(logger, what, cause, manifest.Time, manifest.Published.Lsn);
    }

    private static void SetAside(string path, string suffix)
    {
        foreach (string part in (ReadOnlySpan<string>)["", "-wal", "-shm"])
            if (File.Exists(path + part))
                File.Move(path + part, path + suffix + part, overwrite: true);
    }

    private async Task<(CatalogManifest Manifest, Guid PoolId)?> ReadManifestAsync(CancellationToken cancellation)
    {
        for (int attempt = 1; ; attempt++)
            try
            {
                return await new CatalogReader(store).ReadManifestAsync(cancellation) is { } found ? (found.Manifest, found.PoolId) : null;
            }
            catch (ObjectStoreException e) when (e.Error == ObjectStoreError.Retry && attempt < Attempts)
            {
                await Task.Delay(BackOff.Delay(attempt, time), time, cancellation);
            }
    }
}

/// <summary>
/// What an import has rebuilt, and up to where it is whole: everything written below <paramref name="Lsn"/>, the state of <paramref name="Time"/>. <paramref name="IsPoint"/>: just that;
/// false where some blocks are older. <paramref name="HasLog"/>: journal and write log were there, and bring what came since.
/// </summary>
public sealed record ImportReport(Guid PoolId, DateTimeOffset Time, ulong Lsn, bool IsPoint, bool HasLog, IReadOnlyList<string> Volumes, int Snapshots);
