using Lunaria.Volumes.Metadata;
using Microsoft.Data.Sqlite;

namespace Lunaria.Volumes.Catalog;

/// <summary>Makes files of what a manifest names. Owned by one recovery.</summary>
internal sealed class CatalogFiles(CatalogReader reader, CatalogManifest manifest, Guid poolId)
{
    /// <summary>The manifest.</summary>
    public CatalogManifest Manifest => manifest;

    /// <summary>Makes map.db under a name of its own, as it was at the manifest's checkpoint. It has an identity of its own, too: nobody takes its changes for those of the other.</summary>
    public async Task WriteMapAsync(string path, CancellationToken cancellation)
    {
        CheckVersion("map.db", manifest.MapVersion, MapSchema.Migrations.Count);
        Delete(path);
        using SqliteConnection connection = new SqliteFile(path, MapSchema.ApplicationId, MapSchema.PageBytes, [.. MapSchema.Migrations.Take(manifest.MapVersion)]).OpenWriter(checkWhole: false);
        List<(string Name, string Sql)> triggers = Triggers(connection);
        foreach ((string name, _) in triggers)
            SqliteFile.Execute(connection, $"DROP TRIGGER {name}");
        await ApplyAsync(connection, CatalogKind.Map, [.. manifest.Base, .. manifest.Increments], cancellation);
        foreach ((_, string sql) in triggers)
            SqliteFile.Execute(connection, sql);
        CheckWhole(connection, path);
    }

    /// <summary>Makes lunaria.db, without history, under a name of its own.</summary>
    public async Task WriteMetadataAsync(string path, CancellationToken cancellation)
    {
        CheckVersion("lunaria.db", manifest.MetadataVersion, MetadataSchema.Migrations.Count);
        Delete(path);
        using SqliteConnection connection = new(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        connection.Open();
        SqliteFile.Execute(connection, $"PRAGMA page_size={MetadataSchema.PageBytes}; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=OFF");
        await ApplyAsync(connection, CatalogKind.Metadata, manifest.Metadata, cancellation);
        SqliteFile.Execute(connection, $"PRAGMA application_id={MetadataSchema.ApplicationId}; PRAGMA user_version={manifest.MetadataVersion}");
        CheckWhole(connection, path);
    }

    /// <summary>The payloads of the frames, which together are frames one behind the other.</summary>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadFramesAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        foreach (CatalogEntry entry in manifest.Frames)
            yield return await reader.ReadAsync(CatalogKind.Frames, entry, poolId, cancellation);
    }

    private async Task ApplyAsync(SqliteConnection connection, CatalogKind kind, IReadOnlyList<CatalogEntry> entries, CancellationToken cancellation)
    {
        using RowReader rows = new(connection);
        foreach (CatalogEntry entry in entries)
        {
            ReadOnlyMemory<byte> piece = await reader.ReadAsync(kind, entry, poolId, cancellation);
            using SqliteTransaction transaction = connection.BeginTransaction();
            rows.Apply(piece.Span);
            transaction.Commit();
        }
    }

    private static List<(string Name, string Sql)> Triggers(SqliteConnection connection)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT name, sql FROM sqlite_master WHERE type='trigger'";
        using SqliteDataReader row = command.ExecuteReader();
        List<(string, string)> triggers = [];
        while (row.Read())
            triggers.Add((row.GetString(0), row.GetString(1)));
        return triggers;
    }

    private static void CheckVersion(string name, int version, int known)
    {
        if (version > known)
            throw new InvalidDataException($"The store's catalog has a {name} of a newer program (schema {version}; this one knows {known}). Use that program.");
    }

    private static void CheckWhole(SqliteConnection connection, string path)
    {
        if (SqliteFile.ReadScalar(connection, "PRAGMA quick_check(1)") is not "ok")
            throw new IOException($"{path} cannot be made: quick_check finds errors in what was just written. Check the disk of the data directory.");
    }

    private static void Delete(string path)
    {
        foreach (string part in (ReadOnlySpan<string>)["", "-wal", "-shm"])
            File.Delete(path + part);
    }
}
