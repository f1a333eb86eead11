using System.Globalization;
using System.Security.Cryptography;
using Lunaria.Appliance.Hosting;
using Lunaria.Appliance.Settings;
using Microsoft.Data.Sqlite;

namespace Lunaria.Appliance.Targets;

/// <summary>
/// The targets in lunaria.db: tables of their own beside the engine's, with a version of their own. Every change is durable when the call
/// returns. Owned by the run; one thread at a time.
/// </summary>
internal sealed class TargetStore : IDisposable
{
    private const int Version = 2;

    private const string Schema = """
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
        """;

    /// <summary>Since version 2: how hosts see a volume. A volume that an older program has shown looks as it did then.</summary>
    private const string UnitSchema = """
        CREATE TABLE target_units (
          volume TEXT PRIMARY KEY,
          block_bytes INTEGER NOT NULL, read_only INTEGER NOT NULL, removable INTEGER NOT NULL, write_same_to_end INTEGER NOT NULL) STRICT;
        INSERT INTO target_units SELECT DISTINCT volume, 512, 0, 0, 0 FROM target_luns;
        """;

    private readonly SqliteConnection _connection;
    private readonly SecretBox _secrets;
    private readonly TimeProvider _time;

    private TargetStore(SqliteConnection connection, SecretBox secrets, TimeProvider time) => (_connection, _secrets, _time) = (connection, secrets, time);

    /// <summary>Opens lunaria.db of a data directory; <see cref="StartException"/> where its target tables are newer than this program.</summary>
    public static TargetStore Open(string directory, SecretBox secrets, TimeProvider time)
    {
        var path = Path.Combine(directory, "lunaria.db");
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, ForeignKeys = true }.ToString());
        try
        {
            connection.Open();
            Execute(connection, null, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=5000;");
            Migrate(connection, path);
            return new TargetStore(connection, secrets, time);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>All targets, by name.</summary>
    public IReadOnlyList<TargetRecord> Read()
    {
        var luns = new List<(string Iqn, LunRecord Record)>();
        using (var reader = Command(null, "SELECT iqn, lun, volume FROM target_luns ORDER BY iqn, lun").ExecuteReader())
        {
            while (reader.Read())
                luns.Add((reader.GetString(0), new LunRecord(reader.GetInt32(1), Guid.Parse(reader.GetString(2)))));
        }

        var targets = new List<TargetRecord>();
        using (var reader = Command(null, "SELECT iqn, chap_user, chap_secret, mutual_user, mutual_secret, port_id FROM targets ORDER BY iqn").ExecuteReader())
        {
            while (reader.Read())
            {
                var iqn = reader.GetString(0);
                var own = luns.Where(lun => lun.Iqn == iqn).Select(lun => lun.Record).ToArray();
                targets.Add(new TargetRecord(iqn, own, ReadChap(reader, iqn)) { PortId = (ushort)reader.GetInt64(5) });
            }
        }

        return targets;
    }

    /// <summary>How hosts see a volume; the defaults where nothing was said.</summary>
    public UnitSettings ReadUnit(Guid volume)
    {
        using var command = Command(null, "SELECT block_bytes, read_only, removable, write_same_to_end FROM target_units WHERE volume = $volume");
        command.Parameters.AddWithValue("$volume", volume.ToString("D"));
        using var reader = command.ExecuteReader();
        return reader.Read()
            ? new UnitSettings(reader.GetInt32(0), reader.GetBoolean(1), reader.GetBoolean(2), reader.GetBoolean(3))
            : new UnitSettings();
    }

    /// <summary>Says for good how hosts see a volume; without effect where it has been said.</summary>
    public void AddUnit(Guid volume, UnitSettings unit) =>
        Execute(
            _connection,
            null,
            "INSERT OR IGNORE INTO target_units VALUES ($volume, $block, $readOnly, $removable, $toEnd)",
            ("$volume", volume.ToString("D")),
            ("$block", unit.BlockBytes),
            ("$readOnly", unit.ReadOnly),
            ("$removable", unit.Removable),
            ("$toEnd", unit.WriteSameToEnd));

    /// <summary>Adds a target with its LUNs, all or nothing.</summary>
    public void Add(TargetRecord target)
    {
        using var transaction = _connection.BeginTransaction();
        Execute(
            _connection,
            transaction,
            "INSERT INTO targets (iqn, chap_user, chap_secret, mutual_user, mutual_secret, created) VALUES ($iqn, $user, $secret, $mutualUser, $mutualSecret, $created)",
            ("$iqn", target.Iqn),
            ("$user", target.Chap?.User),
            ("$secret", Seal(target.Chap?.Secret, target.Iqn, "secret")),
            ("$mutualUser", target.Chap?.MutualUser),
            ("$mutualSecret", Seal(target.Chap?.MutualSecret, target.Iqn, "mutual")),
            ("$created", _time.GetUtcNow().ToString("O", CultureInfo.InvariantCulture)));
        foreach (var lun in target.Luns)
            InsertLun(transaction, target.Iqn, lun);
        transaction.Commit();
    }

    /// <summary>Adds a LUN to a target that is there.</summary>
    public void AddLun(string iqn, LunRecord lun) => InsertLun(null, iqn, lun);

    /// <summary>Closes the file.</summary>
    public void Dispose() => _connection.Dispose();

    private static void Migrate(SqliteConnection connection, string path)
    {
        using var transaction = connection.BeginTransaction();
        using var exists = connection.CreateCommand();
        exists.Transaction = transaction;
        exists.CommandText = "SELECT count(*) FROM sqlite_schema WHERE name = 'target_schema'";
        if ((long)exists.ExecuteScalar()! == 0)
            Execute(connection, transaction, $"{Schema} {UnitSchema} INSERT INTO target_schema VALUES ({Version});");
        using var version = connection.CreateCommand();
        version.Transaction = transaction;
        version.CommandText = "SELECT version FROM target_schema";
        var found = (long)version.ExecuteScalar()!;
        if (found == 1)
            Execute(connection, transaction, $"{UnitSchema} UPDATE target_schema SET version = {Version};");
        else if (found != Version)
            throw new StartException($"{path} holds targets of version {found}, this program knows {Version}: start the version that wrote it, or a newer one");
        transaction.Commit();
    }

    private void InsertLun(SqliteTransaction? transaction, string iqn, LunRecord lun) =>
        Execute(
            _connection,
            transaction,
            "INSERT INTO target_luns VALUES ($iqn, $lun, $volume)",
            ("$iqn", iqn),
            ("$lun", lun.Lun),
            ("$volume", lun.Volume.ToString("D")));

    private ChapRecord? ReadChap(SqliteDataReader reader, string iqn)
    {
        if (reader.IsDBNull(1))
            return null;
        try
        {
            var mutual = !reader.IsDBNull(3);
            return new ChapRecord(
                reader.GetString(1),
                _secrets.Open(reader.GetFieldValue<byte[]>(2), $"{iqn}/secret"),
                mutual ? reader.GetString(3) : null,
                mutual ? _secrets.Open(reader.GetFieldValue<byte[]>(4), $"{iqn}/mutual") : null);
        }
        catch (CryptographicException e)
        {
            throw new StartException($"the CHAP secrets of {iqn} in lunaria.db do not belong to secrets.key: restore the key file that was used with this database", e);
        }
    }

    private byte[]? Seal(string? secret, string iqn, string purpose) => secret == null ? null : _secrets.Seal(secret, $"{iqn}/{purpose}");

    private SqliteCommand Command(SqliteTransaction? transaction, string sql) => new(sql, _connection, transaction);

    private static void Execute(SqliteConnection connection, SqliteTransaction? transaction, string sql, params (string Name, object? Value)[] parameters)
    {
        using var command = new SqliteCommand(sql, connection, transaction);
        foreach (var (name, value) in parameters)
            command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        command.ExecuteNonQuery();
    }
}
