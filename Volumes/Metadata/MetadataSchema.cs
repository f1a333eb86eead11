namespace Lunaria.Volumes.Metadata;

/// <summary>
/// The engine's tables of lunaria.db, one migration per version; one that was released never changes (docs/FORMATS.md, "lunaria.db"). The appliance
/// keeps tables of its own in the file, with a version of their own.
/// </summary>
internal static class MetadataSchema
{
    /// <summary>"LUNA".</summary>
    public const int ApplicationId = 0x4C55_4E41;

    /// <summary>Bytes of a database page.</summary>
    public const int PageBytes = 4096;

    /// <summary>All migrations.</summary>
    public static IReadOnlyList<string> Migrations { get; } =
    [
        """
        CREATE TABLE identity (id INTEGER PRIMARY KEY CHECK (id = 1), pool_id BLOB NOT NULL, lives INTEGER NOT NULL, next_volume INTEGER NOT NULL);
        CREATE TABLE volumes (number INTEGER PRIMARY KEY, uuid BLOB NOT NULL UNIQUE, name TEXT NOT NULL UNIQUE, size_bytes INTEGER NOT NULL,
            created INTEGER NOT NULL, state INTEGER NOT NULL);
        CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, severity INTEGER NOT NULL, subject TEXT NOT NULL,
            message TEXT NOT NULL);
        CREATE TABLE reservations (logical_unit TEXT PRIMARY KEY, content BLOB NOT NULL) WITHOUT ROWID;
        """,
        """
        ALTER TABLE volumes ADD COLUMN template INTEGER NOT NULL DEFAULT 0;
        CREATE TABLE lines (number INTEGER PRIMARY KEY, uuid BLOB NOT NULL UNIQUE, family INTEGER NOT NULL, parent INTEGER NOT NULL,
            parent_generation INTEGER NOT NULL, capacity_bytes INTEGER NOT NULL);
        INSERT INTO lines SELECT number, uuid, number, 0, 0, size_bytes FROM volumes;
        CREATE TABLE snapshots (uuid BLOB PRIMARY KEY, volume BLOB NOT NULL, line INTEGER NOT NULL, generation INTEGER NOT NULL, name TEXT NOT NULL,
            size_bytes INTEGER NOT NULL, created INTEGER NOT NULL, sticky INTEGER NOT NULL, consistent INTEGER NOT NULL, labels TEXT NOT NULL,
            UNIQUE (volume, name), UNIQUE (line, generation)) WITHOUT ROWID;
        CREATE TABLE prunes (line INTEGER NOT NULL, generation INTEGER NOT NULL, PRIMARY KEY (line, generation)) WITHOUT ROWID;
        """,
        """
        CREATE TABLE limits (volume BLOB PRIMARY KEY, operations_per_second INTEGER, burst_operations INTEGER, bytes_per_second INTEGER, burst_bytes INTEGER,
            floor_operations_per_second INTEGER) WITHOUT ROWID;
        """,
        "ALTER TABLE limits ADD COLUMN dirty_bytes INTEGER;",
    ];
}
