using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Catalog;
using Lunaria.Volumes.Io;
using Lunaria.Volumes.Metadata;
using Lunaria.Volumes.Recovery;
using Microsoft.Data.Sqlite;

namespace Lunaria.Volumes.Check;

/// <summary>
/// Checks everything an engine has left that does not run: lunaria.db, map.db, map journal, write log and objects, each in itself and against the others. Changes nothing but where
/// <see cref="CheckOptions.Repair"/> asks for it. The caller holds the data directory's lock; one at a time.
/// </summary>
public static class OfflineCheck
{
    /// <summary>Looks at all. IOException or ObjectStoreException where files or store cannot be read at all.</summary>
    public static async Task<CheckReport> RunAsync(
        IDisk data, string sqliteDirectory, IObjectStore store, CheckOptions options, TimeProvider time, CancellationToken cancellation)
    {
        Findings findings = new();
        string metadataPath = Path.Combine(sqliteDirectory, "lunaria.db"), mapPath = Path.Combine(sqliteDirectory, "map.db");
        if (!File.Exists(metadataPath))
        {
            findings.Add(CheckKinds.MetaFileDamaged, "lunaria.db", "it is not there");
            return findings.ToReport();
        }
        using SqliteConnection metadataConnection = Open(metadataPath, SqliteOpenMode.ReadOnly);
        MetadataCheck metadata = new(metadataConnection, findings);
        if (!metadata.Run())
            return findings.ToReport();
        using SqliteConnection? mapConnection = File.Exists(mapPath) ? Open(mapPath, SqliteOpenMode.ReadOnly) : null;
        MapRows? rows = mapConnection is null ? null : new(mapConnection);
        MapCheck? map = rows is null ? null : new(rows, metadata, findings);
        if (map is not null && !TryRunMap(mapConnection!, map, findings))
            (rows, map) = (null, null);
        LogCheck log = new(data, metadata, map, findings);
        await log.RunAsync(EngineOpener.JournalDirectory, cancellation);
        await CheckCatalogAsync(store, metadata, log, findings, cancellation);
        CheckGenerations(metadata, map, log, findings);
        if (!await SuperblockCheck.RunAsync(store, metadata.PoolId, findings, options.Repair))
            return findings.ToReport();
        if (map is null)
            return findings.ToReport();
        await new SegmentCheck(store, rows!, map, metadata.PoolId, findings, options, time).RunAsync(_ => true, cancellation);
        IReadOnlyList<StoredSegment> orphans = await FindOrphansAsync(store, metadata, map, log, findings, cancellation);
        if (options.Repair)
            await RepairAsync(metadataPath, mapPath, store, metadata, map, orphans, findings, cancellation);
        return findings.ToReport();
    }

    private static bool TryRunMap(SqliteConnection connection, MapCheck map, Findings findings)
    {
        try
        {
            if (SqliteFile.ReadScalar(connection, "PRAGMA quick_check(1)") is not "ok")
                throw new InvalidDataException("quick_check found errors");
            map.Run();
            return true;
        }
        catch (Exception e) when (e is SqliteException or InvalidDataException or InvalidCastException or ArgumentException or OverflowException)
        {
            findings.Add(CheckKinds.MapFileDamaged, "map.db", e.Message);
            return false;
        }
    }

    /// <summary>A journal that lost its end looks whole; the store's catalog may know more of it.</summary>
    private static async Task CheckCatalogAsync(IObjectStore store, MetadataCheck metadata, LogCheck log, Findings findings, CancellationToken cancellation)
    {
        if (log.JournalEnd == 0)
            return;
        try
        {
            if (await new CatalogReader(store).ReadManifestAsync(cancellation) is var (manifest, pool, _) && pool == metadata.PoolId && manifest.JournalEnd > log.JournalEnd)
                findings.Add(CheckKinds.JournalFrameMissing, "journal", $"it ends before frame {log.JournalEnd}; the store's catalog of {manifest.Time:u} has frames up to {manifest.JournalEnd - 1}");
        }
        catch (InvalidDataException)
        {
            // The next save of the catalog tells.
        }
    }

    /// <summary>A snapshot's marker is published, or in the log; else it never came to be.</summary>
    private static void CheckGenerations(MetadataCheck metadata, MapCheck? map, LogCheck log, Findings findings)
    {
        if (findings.Has(CheckKinds.JournalFrameDamaged, CheckKinds.JournalFrameMissing, CheckKinds.JournalForeign) || map is null)
            return;
        foreach ((uint line, uint generation, string name, _) in metadata.Snapshots)
        {
            uint reached = Math.Max(map.Lines.TryGetValue(line, out MapLineRow? row) ? row.Generation : 0, log.Generations.GetValueOrDefault(line));
            if (generation >= reached && metadata.Lines.ContainsKey(line))
                findings.Add(CheckKinds.MetaSnapshotGeneration, $"snapshot {name}", $"it is of generation {generation} of line {line}, which is at generation {reached}");
        }
    }

    private static async Task<IReadOnlyList<StoredSegment>> FindOrphansAsync(
        IObjectStore store, MetadataCheck metadata, MapCheck map, LogCheck log, Findings findings, CancellationToken cancellation)
    {
        HashSet<(Guid, ulong)> known = [.. map.Segments.Values.Where(row => map.Lines.ContainsKey(row.Volume)).Select(row => (map.Lines[row.Volume].Uuid, row.Sequence))];
        known.UnionWith(log.Published.Where(segment => metadata.Lines.ContainsKey(segment.Line)).Select(segment => (metadata.Lines[segment.Line].Uuid, segment.Sequence)));
        List<StoredSegment> orphans = [.. (await StoredSegment.ListAsync(store, cancellation)).Where(segment => !known.Contains((segment.Line, segment.Sequence)))];
        // What a damaged journal would have named cannot be told from what nothing names.
        if (findings.Has(CheckKinds.JournalFrameDamaged, CheckKinds.JournalFrameMissing, CheckKinds.JournalForeign, CheckKinds.MapLineUuid, CheckKinds.MapSegmentLine))
            return [];
        foreach (StoredSegment orphan in orphans)
            findings.Add(CheckKinds.ObjectOrphan, orphan.Key, $"nothing names its {orphan.LengthBytes} bytes");
        findings.ReclaimableBytes = orphans.Sum(orphan => orphan.LengthBytes);
        return orphans;
    }

    private static async Task RepairAsync(
        string metadataPath, string mapPath, IObjectStore store, MetadataCheck metadata, MapCheck map, IReadOnlyList<StoredSegment> orphans, Findings findings,
        CancellationToken cancellation)
    {
        using (SqliteConnection writer = Open(metadataPath, SqliteOpenMode.ReadWrite))
            metadata.Repair(writer);
        using (SqliteConnection writer = Open(mapPath, SqliteOpenMode.ReadWrite))
        using (SqliteTransaction transaction = writer.BeginTransaction())
        {
            await new MapRepair(writer, store, map, metadata, findings).RunAsync(cancellation);
            transaction.Commit();
        }
        foreach (StoredSegment orphan in orphans)
            await store.DeleteAsync(orphan.Key, cancellation);
        findings.Repaired(CheckKinds.ObjectOrphan);
    }

    private static SqliteConnection Open(string path, SqliteOpenMode mode)
    {
        SqliteConnection connection = new(new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false }.ToString());
        try
        {
            connection.Open();
            return connection;
        }
        catch (SqliteException e)
        {
            connection.Dispose();
            throw SqliteErrors.Translate(path, e);
        }
    }
}
