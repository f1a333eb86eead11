using System.Globalization;
using System.Text;

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
        $"""
        CREATE TABLE changes (kind INTEGER NOT NULL, a INTEGER NOT NULL, b INTEGER NOT NULL, c INTEGER NOT NULL, stamp INTEGER NOT NULL,
            PRIMARY KEY (kind, a, b, c)) WITHOUT ROWID;
        CREATE TABLE catalog (id INTEGER PRIMARY KEY CHECK (id = 1), map_id BLOB NOT NULL, stamp INTEGER NOT NULL);
        INSERT INTO catalog VALUES (1, randomblob(16), 0);
        {Noting("leaves", 0, "volume", "leaf", "generation")}
        {Noting("presence", 1, "volume", "generation", "leaf_group")}
        {Noting("volumes", 2, "volume")}
        {Noting("generations", 3, "volume", "generation")}
        {Noting("segments", 4, "id")}
        {Noting("shares", 5, "segment", "volume", "leaf")}
        """,
    ];

    /// <summary>Notes which rows of a table change, with the number of the checkpoint that is being made.</summary>
    private static string Noting(string table, int kind, params ReadOnlySpan<string> key)
    {
        StringBuilder sql = new();
        foreach ((string change, string[] rows) in (ReadOnlySpan<(string, string[])>)[("INSERT", ["NEW"]), ("UPDATE", ["OLD", "NEW"]), ("DELETE", ["OLD"])])
        {
            sql.Append(CultureInfo.InvariantCulture, $"CREATE TRIGGER note_{table}_{change.ToLowerInvariant()} AFTER {change} ON {table} BEGIN ");
            foreach (string row in rows)
                sql.Append(CultureInfo.InvariantCulture, $"INSERT OR REPLACE INTO changes VALUES ({kind}, {Column(row, key, 0)}, {Column(row, key, 1)}, {Column(row, key, 2)}, (SELECT stamp + 1 FROM catalog)); ");
            sql.Append("END; ");
        }
        return sql.ToString();
    }

    private static string Column(string row, ReadOnlySpan<string> key, int index) => index < key.Length ? $"{row}.{key[index]}" : "0";
}
