namespace Lunaria.Volumes.Metadata;

/// <summary>Tables of map.db, one migration per version; one that was released never changes (docs/FORMATS.md, "map.db").</summary>
internal static class MapSchema
{
    /// <summary>"LUNM".</summary>
    public const int ApplicationId = 0x4C55_4E4D;

    /// <summary>Leaves are up to 5 KiB; smaller pages would put most of them on overflow pages.</summary>
    public const int PageBytes = 16384;

    /// <summary>All migrations.</summary>
    public static IReadOnlyList<string> Migrations { get; } =
    [
        """
        CREATE TABLE leaves (volume INTEGER NOT NULL, leaf INTEGER NOT NULL, generation INTEGER NOT NULL, content BLOB NOT NULL,
            PRIMARY KEY (volume, leaf, generation)) WITHOUT ROWID;
        CREATE TABLE presence (volume INTEGER NOT NULL, generation INTEGER NOT NULL, leaf_group INTEGER NOT NULL, content BLOB NOT NULL,
            PRIMARY KEY (volume, generation, leaf_group)) WITHOUT ROWID;
        CREATE TABLE volumes (volume INTEGER PRIMARY KEY, uuid BLOB NOT NULL, next_sequence INTEGER NOT NULL, mapped_blocks INTEGER NOT NULL);
        CREATE TABLE segments (id INTEGER PRIMARY KEY, volume INTEGER NOT NULL, sequence INTEGER NOT NULL, header_bytes INTEGER NOT NULL,
            blocks INTEGER NOT NULL, live_blocks INTEGER NOT NULL);
        CREATE TABLE checkpoint (id INTEGER PRIMARY KEY CHECK (id = 1), journal_sequence INTEGER NOT NULL, published_lsn INTEGER NOT NULL,
            published_chain_crc INTEGER NOT NULL, next_segment INTEGER NOT NULL);
        """,
        """
        ALTER TABLE presence ADD COLUMN owned BLOB NOT NULL DEFAULT x'';
        UPDATE presence SET owned = content;
        ALTER TABLE volumes ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE segments RENAME COLUMN live_blocks TO refs;
        ALTER TABLE segments ADD COLUMN born INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE segments ADD COLUMN kind INTEGER NOT NULL DEFAULT 1;
        CREATE TABLE generations (volume INTEGER NOT NULL, generation INTEGER NOT NULL, mapped_blocks INTEGER NOT NULL,
            PRIMARY KEY (volume, generation)) WITHOUT ROWID;
        """,
        "ALTER TABLE volumes ADD COLUMN family INTEGER NOT NULL DEFAULT 0",
        "CREATE TABLE shares (segment INTEGER NOT NULL, volume INTEGER NOT NULL, leaf INTEGER NOT NULL, PRIMARY KEY (segment, volume, leaf)) WITHOUT ROWID",
        "CREATE TABLE quarantine (volume INTEGER PRIMARY KEY, journal_sequence INTEGER NOT NULL, cause TEXT NOT NULL, since INTEGER NOT NULL)",
    ];
}
