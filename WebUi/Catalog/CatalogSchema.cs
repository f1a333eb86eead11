namespace Lunaria.WebUi.Catalog;

/// <summary>
/// The administration's tables of lunaria.db, one migration per version; one that was released never changes (docs/FORMATS.md, "lunaria.db").
/// The engine keeps tables of its own in the file, with a version of their own.
/// </summary>
internal static class CatalogSchema
{
    /// <summary>All migrations. Version 1 wrote its number into target_schema itself.</summary>
    public static IReadOnlyList<string> Migrations { get; } =
    [
        """
        CREATE TABLE target_schema (version INTEGER NOT NULL) STRICT;
        CREATE TABLE targets (
          port_id INTEGER PRIMARY KEY AUTOINCREMENT, -- never given again
          iqn TEXT NOT NULL UNIQUE,
          chap_user TEXT, chap_secret BLOB, mutual_user TEXT, mutual_secret BLOB,
          created TEXT NOT NULL) STRICT;
        CREATE TABLE target_luns (
          iqn TEXT NOT NULL REFERENCES targets (iqn) ON DELETE CASCADE,
          lun INTEGER NOT NULL, volume TEXT NOT NULL,
          PRIMARY KEY (iqn, lun)) STRICT;
        INSERT INTO target_schema VALUES (1);
        """,
        """
        CREATE TABLE target_units ( -- how hosts see a volume; one that an older program has shown looks as it did then
          volume TEXT PRIMARY KEY,
          block_bytes INTEGER NOT NULL, read_only INTEGER NOT NULL, removable INTEGER NOT NULL, write_same_to_end INTEGER NOT NULL) STRICT;
        INSERT INTO target_units SELECT DISTINCT volume, 512, 0, 0, 0 FROM target_luns;
        """,
        """
        CREATE TABLE target_access (
          iqn TEXT NOT NULL REFERENCES targets (iqn) ON DELETE CASCADE,
          initiator TEXT NOT NULL, -- * = everybody
          chap_user TEXT, chap_secret BLOB, mutual_user TEXT, mutual_secret BLOB,
          PRIMARY KEY (iqn, initiator)) STRICT;
        INSERT INTO target_access SELECT iqn, '*', chap_user, chap_secret, mutual_user, mutual_secret FROM targets;
        ALTER TABLE targets DROP COLUMN chap_user;
        ALTER TABLE targets DROP COLUMN chap_secret;
        ALTER TABLE targets DROP COLUMN mutual_user;
        ALTER TABLE targets DROP COLUMN mutual_secret;
        CREATE TABLE users (
          name TEXT PRIMARY KEY, scopes INTEGER NOT NULL, password TEXT NOT NULL, changed INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE tokens (
          id INTEGER PRIMARY KEY AUTOINCREMENT, hash BLOB NOT NULL UNIQUE, name TEXT NOT NULL, kind INTEGER NOT NULL, -- 1 API, 2 log-in
          scopes INTEGER NOT NULL, created INTEGER NOT NULL, expires INTEGER NOT NULL) STRICT;
        CREATE TABLE audit (
          id INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, who TEXT NOT NULL, origin TEXT NOT NULL, action TEXT NOT NULL,
          subject TEXT NOT NULL, before TEXT, after TEXT) STRICT;
        CREATE TABLE notices (
          id INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, code TEXT NOT NULL, severity INTEGER NOT NULL,
          subject TEXT NOT NULL, message TEXT NOT NULL) STRICT;
        """,
        """
        CREATE TABLE schedules (
          name TEXT PRIMARY KEY, volumes TEXT NOT NULL, rhythm INTEGER NOT NULL, at_minute INTEGER NOT NULL, weekday INTEGER NOT NULL, day INTEGER NOT NULL,
          keep TEXT NOT NULL, paused INTEGER NOT NULL, done INTEGER NOT NULL, last_run INTEGER) STRICT, WITHOUT ROWID;
        """,
        """
        CREATE TABLE capacity (hour INTEGER PRIMARY KEY, total_bytes INTEGER NOT NULL, used_bytes INTEGER NOT NULL) STRICT; -- hours since 1970
        """,
        """
        ALTER TABLE target_access ADD COLUMN addresses TEXT NOT NULL DEFAULT ''; -- with commas; none = from everywhere
        ALTER TABLE target_access ADD COLUMN luns TEXT; -- with commas; NULL = all
        """,
        """
        ALTER TABLE targets ADD COLUMN portal_group INTEGER NOT NULL DEFAULT 1;
        ALTER TABLE targets ADD COLUMN portals TEXT NOT NULL DEFAULT ''; -- with commas; none = all of the appliance
        ALTER TABLE targets ADD COLUMN redirect TEXT; -- NULL = hosts are let in
        ALTER TABLE targets ADD COLUMN redirect_permanent INTEGER NOT NULL DEFAULT 0;
        """,
        """
        CREATE TABLE watermarks (id INTEGER PRIMARY KEY CHECK (id = 1), marks TEXT NOT NULL) STRICT; -- JSON as the API has it; no row = what counts where nothing was said
        """,
    ];
}
