using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Data.Sqlite;

namespace Lunaria.WebUi.Catalog;

/// <summary>
/// Targets, their LUNs and who may log in, in lunaria.db. Secrets are sealed there. Every change is durable when the call returns. Any thread.
/// </summary>
internal sealed class TargetStore(CatalogDatabase database, SecretBox secrets, TimeProvider time)
{
    /// <summary>All targets, by name.</summary>
    public IReadOnlyList<TargetRecord> Read()
    {
        var luns = database.Read("SELECT iqn, lun, volume FROM target_luns ORDER BY iqn, lun", row => (
            Iqn: row.GetString(0), Record: new LunRecord(row.GetInt32(1), Guid.Parse(row.GetString(2))))).ToLookup(row => row.Iqn, row => row.Record);
        var access = database.Read(
            "SELECT iqn, initiator, chap_user, chap_secret, mutual_user, mutual_secret, addresses, luns FROM target_access ORDER BY iqn, initiator",
            row => (Iqn: row.GetString(0), Record: ReadAccess(row))).ToLookup(row => row.Iqn, row => row.Record);
        return database.Read("SELECT iqn, port_id, portal_group, portals, redirect, redirect_permanent FROM targets ORDER BY iqn", row =>
            new TargetRecord(row.GetString(0), [.. luns[row.GetString(0)]], [.. access[row.GetString(0)]])
            {
                PortId = (ushort)row.GetInt64(1),
                PortalGroup = (ushort)row.GetInt64(2),
                Portals = row.GetString(3).Split(',', StringSplitOptions.RemoveEmptyEntries),
                Redirect = row.IsDBNull(4) ? null : new RedirectRecord(row.GetString(4), row.GetBoolean(5)),
            });
    }

    /// <summary>Adds a target with its LUNs and access, all or nothing; the record with its port number.</summary>
    public TargetRecord Add(TargetRecord target)
    {
        ushort portId = 0;
        database.InTransaction(changes =>
        {
            portId = (ushort)changes.Insert(
                "INSERT INTO targets (iqn, created) VALUES ($1, $2)", target.Iqn, time.GetUtcNow().ToString("O", CultureInfo.InvariantCulture));
            foreach (var lun in target.Luns)
                AddLun(target.Iqn, lun);
            foreach (var access in target.Access)
                SetAccess(target.Iqn, access);
        });
        return target with { PortId = portId };
    }

    /// <summary>Shows a target on other portals.</summary>
    public void SetPortals(string iqn, ushort group, IReadOnlyList<string> portals) =>
        database.Change("UPDATE targets SET portal_group = $2, portals = $3 WHERE iqn = $1", iqn, group, string.Join(',', portals));

    /// <summary>Sends the hosts of a target elsewhere; null = no more.</summary>
    public void SetRedirect(string iqn, RedirectRecord? redirect) =>
        database.Change("UPDATE targets SET redirect = $2, redirect_permanent = $3 WHERE iqn = $1", iqn, redirect?.Address, redirect?.IsPermanent ?? false);

    /// <summary>Removes a target with all that belongs to it.</summary>
    public void Remove(string iqn) => database.Change("DELETE FROM targets WHERE iqn = $1", iqn);

    /// <summary>Adds a LUN to a target that is there.</summary>
    public void AddLun(string iqn, LunRecord lun) =>
        database.Change("INSERT INTO target_luns (iqn, lun, volume) VALUES ($1, $2, $3)", iqn, lun.Lun, lun.Volume.ToString("D"));

    /// <summary>Removes a LUN.</summary>
    public void RemoveLun(string iqn, int lun) => database.Change("DELETE FROM target_luns WHERE iqn = $1 AND lun = $2", iqn, lun);

    /// <summary>How hosts see each volume of which that was said; the others have the defaults.</summary>
    public IReadOnlyDictionary<Guid, UnitRecord> ReadUnits() => database.Read(
        "SELECT volume, block_bytes, read_only, removable, write_same_to_end FROM target_units",
        row => (Volume: Guid.Parse(row.GetString(0)), Unit: new UnitRecord(row.GetInt32(1), row.GetBoolean(2), row.GetBoolean(3), row.GetBoolean(4))))
        .ToDictionary(row => row.Volume, row => row.Unit);

    /// <summary>Says for good how hosts see a volume; without effect where it has been said.</summary>
    public void AddUnit(Guid volume, UnitRecord unit) => database.Change(
        "INSERT OR IGNORE INTO target_units (volume, block_bytes, read_only, removable, write_same_to_end) VALUES ($1, $2, $3, $4, $5)",
        volume.ToString("D"), unit.BlockBytes, unit.ReadOnly, unit.Removable, unit.WriteSameToEnd);

    /// <summary>The volume is gone.</summary>
    public void RemoveUnit(Guid volume) => database.Change("DELETE FROM target_units WHERE volume = $1", volume.ToString("D"));

    /// <summary>Lets an initiator in, or changes how.</summary>
    public void SetAccess(string iqn, AccessRecord access) => database.Change(
        "INSERT OR REPLACE INTO target_access (iqn, initiator, chap_user, chap_secret, mutual_user, mutual_secret, addresses, luns) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        iqn,
        access.Initiator,
        access.Chap?.User,
        Seal(access.Chap?.Secret, iqn, access.Initiator, "secret"),
        access.Chap?.MutualUser,
        Seal(access.Chap?.MutualSecret, iqn, access.Initiator, "mutual"),
        string.Join(',', access.Addresses),
        access.Luns == null ? null : string.Join(',', access.Luns));

    /// <summary>Lets an initiator in no more.</summary>
    public void RemoveAccess(string iqn, string initiator) =>
        database.Change("DELETE FROM target_access WHERE iqn = $1 AND initiator = $2", iqn, initiator);

    private AccessRecord ReadAccess(SqliteDataReader row) => new(row.GetString(1), ReadChap(row))
    {
        Addresses = row.GetString(6).Split(',', StringSplitOptions.RemoveEmptyEntries),
        Luns = row.IsDBNull(7) ? null : [.. row.GetString(7).Split(',', StringSplitOptions.RemoveEmptyEntries).Select(lun => int.Parse(lun, CultureInfo.InvariantCulture))],
    };

    private ChapRecord? ReadChap(SqliteDataReader row)
    {
        if (row.IsDBNull(2))
            return null;
        var (iqn, initiator) = (row.GetString(0), row.GetString(1));
        try
        {
            var mutual = !row.IsDBNull(4);
            return new ChapRecord(
                row.GetString(2),
                secrets.Open(row.GetFieldValue<byte[]>(3), Owner(iqn, initiator, "secret")),
                mutual ? row.GetString(4) : null,
                mutual ? secrets.Open(row.GetFieldValue<byte[]>(5), Owner(iqn, initiator, "mutual")) : null);
        }
        catch (CryptographicException e)
        {
            throw new InvalidDataException($"the CHAP secrets of {iqn} in lunaria.db do not belong to secrets.key: restore the key file that was used with this database", e);
        }
    }

    private byte[]? Seal(string? secret, string iqn, string initiator, string purpose) =>
        secret == null ? null : secrets.Seal(secret, Owner(iqn, initiator, purpose));

    /// <summary>What a secret is bound to, so that a box copied to another row does not open.</summary>
    internal static string Owner(string iqn, string initiator, string purpose) =>
        initiator == Names.Everybody ? $"{iqn}/{purpose}" : $"{iqn}/{initiator}/{purpose}";
}
