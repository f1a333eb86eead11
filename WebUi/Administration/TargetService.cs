using Lunaria.Iscsi;
using Lunaria.WebUi.Catalog;
using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Administration;

/// <summary>Targets as administrators see them. Any thread.</summary>
public sealed class TargetService
{
    private readonly IscsiServer _server;
    private readonly TargetCatalog _targets;
    private readonly TargetStore _store;
    private readonly LunService _luns;
    private readonly ChangeRecorder _changes;

    internal TargetService(IscsiServer server, TargetCatalog targets, TargetStore store, LunService luns, ChangeRecorder changes) =>
        (_server, _targets, _store, _luns, _changes) = (server, targets, store, luns, changes);

    /// <summary>All targets, by name.</summary>
    public IReadOnlyList<TargetView> List()
    {
        var sessions = CountSessions();
        return [.. _targets.All.Select(target => View(target, sessions.GetValueOrDefault(target.Iqn)))];
    }

    /// <summary>The addresses that hosts use to reach the portals, as ADDRESS:PORT.</summary>
    public IReadOnlyList<string> ListPortalAddresses() => [.. PortalAddresses.Of(_server.Portals).Select(address => address.ToString())];

    /// <summary>One target.</summary>
    public TargetView Show(string iqn) => View(_targets.Get(iqn), CountSessions().GetValueOrDefault(iqn));

    /// <summary>Creates a target; one that is there with the same initiators is the answer, too (false).</summary>
    public Task<(TargetView Target, bool Created)> CreateAsync(Actor actor, CreateTarget wanted)
    {
        RefusedException.Check("iqn", wanted.Iqn, Names.IscsiName);
        var initiators = wanted.Initiators ?? [];
        foreach (var initiator in initiators)
            RefusedException.Check("initiators", initiator, Names.Initiator);
        var chap = wanted.Chap == null ? null : AccessService.Check(wanted.Chap);
        return _changes.RunAsync(actor, "target.create", Subject(wanted.Iqn), change =>
        {
            if (_targets.Find(wanted.Iqn) is { } found)
            {
                change.Nothing = true;
                return found.Access.Select(access => access.Initiator).ToHashSet().SetEquals(initiators)
                    ? (Show(wanted.Iqn), false)
                    : throw new RefusedException(RefusalKind.Exists, $"The target {wanted.Iqn} exists and lets other initiators in. Change those, or choose another name.", "iqn");
            }

            var access = initiators.Distinct().Select(initiator => new AccessRecord(initiator, chap));
            _targets.Serve(_store.Add(new TargetRecord(wanted.Iqn, [], [.. access])));
            var view = Show(wanted.Iqn);
            change.After = view;
            return (view, true);
        });
    }

    /// <summary>
    /// Deletes a target with its LUNs; the volumes stay. <see cref="RefusalKind.InUse"/> where hosts are logged in, unless <paramref name="force"/>.
    /// </summary>
    public Task<bool> DeleteAsync(Actor actor, string iqn, bool force) => _changes.RunAsync(actor, "target.delete", Subject(iqn), async change =>
    {
        var record = _targets.Get(iqn);
        var view = Show(iqn);
        if (view.Sessions > 0 && !force)
            throw new RefusedException(RefusalKind.InUse, $"{view.Sessions} session(s) are logged in to {iqn}. Log the hosts out first, or force it: they lose their disks.");
        change.Begin(view);
        _store.Remove(iqn);
        await _targets.RemoveAsync(iqn);
        await _luns.ForgetUnusedAsync(actor, record.Luns.Select(lun => lun.Volume));
        return true;
    });

    /// <summary>How changes of a target are named: in locks, audit log and messages.</summary>
    internal static string Subject(string iqn) => $"target {iqn}";

    private Dictionary<string, int> CountSessions() => _server.Sessions.CountBy(session => session.TargetName).ToDictionary();

    private TargetView View(TargetRecord target, int sessions) => new(
        target.Iqn,
        target.PortId,
        [.. target.Luns.Select(lun => _luns.View(target.Iqn, lun))],
        [.. target.Access.Select(access => AccessService.View(target.Iqn, access))],
        sessions);
}
