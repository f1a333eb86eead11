using System.Security.Cryptography;
using Microsoft.Data.Sqlite;

namespace Lunaria.WebUi.Catalog;

/// <summary>
/// Brings the secrets of an imported lunaria.db and the key of the data directory together, before the database counts: with the recovery key, or by refusing who had a secret. Used once.
/// </summary>
public sealed class SealedAccess(string directory, byte[]? key, bool withoutSecrets)
{
    private readonly List<string> _removed = [];

    /// <summary>Whom nobody lets in any more, because the secret cannot be read: target and initiator.</summary>
    public IReadOnlyList<string> Removed => _removed;

    /// <summary>Makes the file at <paramref name="path"/> one that an appliance with this data directory can read.</summary>
    /// <exception cref="InvalidDataException">The key is another appliance's; or there is none, and secrets were not given up.</exception>
    public void Prepare(string path)
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadWrite, Pooling = false }.ToString());
        connection.Open();
        var secrets = ReadSecrets(connection);
        if (key != null)
        {
            var box = new SecretBox(key);
            foreach (var (iqn, initiator, secret) in secrets)
                Check(box, iqn, initiator, secret);
            RecoveryKey.Install(directory, key);
            return;
        }

        if (secrets.Count == 0 || File.Exists(SecretBox.KeyPath(directory)))
            return;
        if (!withoutSecrets)
            throw new InvalidDataException(
                $"{secrets.Count} initiators have CHAP secrets, which only the recovery key can read. Give its file with --recovery-key, or let these initiators be refused until they get new secrets, with --without-secrets.");
        using var command = connection.CreateCommand();
        command.CommandText = "DELETE FROM target_access WHERE chap_secret IS NOT NULL";
        command.ExecuteNonQuery();
        _removed.AddRange(secrets.Select(secret => $"{(secret.Initiator == "*" ? "everybody" : secret.Initiator)} at {secret.Iqn}"));
    }

    private static List<(string Iqn, string Initiator, byte[] Secret)> ReadSecrets(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM sqlite_master WHERE name = 'target_access'";
        if (command.ExecuteScalar() is 0L)
            return [];
        command.CommandText = "SELECT iqn, initiator, chap_secret FROM target_access WHERE chap_secret IS NOT NULL";
        using var row = command.ExecuteReader();
        var secrets = new List<(string, string, byte[])>();
        while (row.Read())
            secrets.Add((row.GetString(0), row.GetString(1), row.GetFieldValue<byte[]>(2)));
        return secrets;
    }

    private static void Check(SecretBox box, string iqn, string initiator, byte[] secret)
    {
        try
        {
            box.Open(secret, TargetStore.Owner(iqn, initiator, "secret"));
        }
        catch (CryptographicException e)
        {
            throw new InvalidDataException($"The recovery key is not the one of the appliance that used this store: the CHAP secret of {iqn} cannot be read with it. Give the right one.", e);
        }
    }
}
