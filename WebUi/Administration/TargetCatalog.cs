using System.Collections.Immutable;
using System.Net;
using Lunaria.Iscsi;
using Lunaria.Iscsi.Login;
using Lunaria.Volumes;
using Lunaria.WebUi.Catalog;
using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Administration;

/// <summary>
/// All targets: as lunaria.db has them, and as hosts are served. The services change both through it, the record first. Reads are of a snapshot;
/// any thread.
/// </summary>
internal sealed class TargetCatalog
{
    private readonly IscsiServer _server;
    private ImmutableSortedDictionary<string, Entry> _entries = ImmutableSortedDictionary.Create<string, Entry>(StringComparer.Ordinal);

    /// <summary>
    /// Serves what the store has; InvalidDataException where a LUN's volume is gone. Behind a rebuild a snapshot may be, whose moment nothing had yet: its LUN goes, too.
    /// </summary>
    public TargetCatalog(IscsiServer server, VolumeManager volumes, MappedSnapshots snapshots, UnitTable units, TargetStore store)
    {
        _server = server;
        foreach (var record in store.Read())
        {
            Dictionary<int, Volume> media = [];
            foreach (var lun in record.Luns)
            {
                if ((volumes.Volumes.FirstOrDefault(existing => existing.Uuid == lun.Volume) ?? snapshots.OpenAtStart(lun.Volume)) is { } volume)
                    media.Add(lun.Lun, volume);
                else if (volumes.Rebuilt != null)
                    store.RemoveLun(record.Iqn, lun.Lun);
                else
                    throw new InvalidDataException($"the volume {lun.Volume} of target {record.Iqn} is not in lunaria.db: restore the file from a copy");
            }

            var served = Serve(record with { Luns = [.. record.Luns.Where(lun => media.ContainsKey(lun.Lun))] });
            foreach (var (lun, volume) in media)
                served.Luns.Add(lun, units.Get(volume));
        }
    }

    /// <summary>All targets now, by name.</summary>
    public IEnumerable<TargetRecord> All => _entries.Values.Select(entry => entry.Record);

    /// <summary>Number of targets.</summary>
    public int Count => _entries.Count;

    /// <summary>The target of that name, or null.</summary>
    public TargetRecord? Find(string iqn) => _entries.GetValueOrDefault(iqn)?.Record;

    /// <summary>The target of that name; <see cref="RefusalKind.NotFound"/>.</summary>
    public TargetRecord Get(string iqn) => Find(iqn) ?? throw new RefusedException(RefusalKind.NotFound, $"There is no target {iqn}.");

    /// <summary>The target as hosts are served.</summary>
    public IscsiTarget Served(string iqn) => _entries[iqn].Served;

    /// <summary>Where each volume and each snapshot is shown.</summary>
    public ILookup<Guid, MappingView> Mappings() =>
        All.SelectMany(target => target.Luns, (target, lun) => (lun.Volume, View: new MappingView(target.Iqn, lun.Lun))).ToLookup(row => row.Volume, row => row.View);

    /// <summary>Begins to serve a target, without LUNs.</summary>
    public IscsiTarget Serve(TargetRecord record)
    {
        var served = _server.AddTarget(record.Iqn, Options(record));
        served.Redirect = Redirect(record);
        ImmutableInterlocked.Update(ref _entries, (entries, entry) => entries.SetItem(entry.Record.Iqn, entry), new Entry(record, served));
        return served;
    }

    /// <summary>Serves a target no more; completes when its sessions are gone.</summary>
    public async Task RemoveAsync(string iqn)
    {
        ImmutableInterlocked.Update(ref _entries, (entries, name) => entries.Remove(name), iqn);
        await _server.RemoveTargetAsync(iqn);
    }

    /// <summary>Serves a target on other portals. With another tag it is another port to hosts; completes when its sessions are gone then.</summary>
    public async Task MoveAsync(TargetRecord record)
    {
        var served = Served(record.Iqn);
        if (served.Port.PortalGroupTag == record.PortalGroup)
            _server.ChangeTargetPortals(record.Iqn, [.. record.Portals.Select(IPEndPoint.Parse)]);
        else
            served = await _server.ReplaceTargetAsync(record.Iqn, Options(record));
        ImmutableInterlocked.Update(ref _entries, (entries, entry) => entries.SetItem(entry.Record.Iqn, entry), new Entry(record, served));
    }

    /// <summary>The record has changed; access counts from the next log-in on.</summary>
    public void Update(TargetRecord record)
    {
        var served = Served(record.Iqn);
        served.Access = Access(record);
        served.Redirect = Redirect(record);
        ImmutableInterlocked.Update(ref _entries, (entries, entry) => entries.SetItem(entry.Record.Iqn, entry), new Entry(record, served));
    }

    /// <summary>How many sessions of a target end where it moves to these portals.</summary>
    public int CountLeaving(string iqn, ushort portalGroup, IEnumerable<string> portals)
    {
        var served = Served(iqn);
        return served.Port.PortalGroupTag == portalGroup
            ? served.CountSessionsElsewhere([.. portals.Select(IPEndPoint.Parse)])
            : _server.Sessions.Count(session => session.TargetName == served.Name);
    }

    private static IscsiTargetOptions Options(TargetRecord record) => new()
    {
        Access = Access(record),
        RelativePortId = record.PortId,
        PortalGroupTag = record.PortalGroup,
        Portals = [.. record.Portals.Select(IPEndPoint.Parse)],
    };

    private static LoginRedirect? Redirect(TargetRecord record) => record.Redirect == null ? null : new LoginRedirect(record.Redirect.Address, record.Redirect.IsPermanent);

    private static InitiatorAccess[] Access(TargetRecord record) => [.. record.Access.Select(access => new InitiatorAccess(
        access.Initiator,
        access.Chap == null ? null : new ChapCredentials(access.Chap.User, new ChapSecret(access.Chap.Secret)),
        access.Chap?.MutualUser == null ? null : new ChapCredentials(access.Chap.MutualUser, new ChapSecret(access.Chap.MutualSecret!)))
    {
        Addresses = [.. access.Addresses.Select(text => AddressRange.TryParse(text, out var range)
            ? range : throw new InvalidDataException($"{text}, where {access.Initiator} may come from to {record.Iqn}, is no address: restore lunaria.db from a copy"))],
        Luns = access.Luns?.ToHashSet(),
    })];

    private sealed record Entry(TargetRecord Record, IscsiTarget Served);
}
