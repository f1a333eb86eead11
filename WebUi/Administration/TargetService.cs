using Lunaria.Iscsi;
using Lunaria.WebUi.Catalog;
using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Administration;

/// <summary>Targets as administrators see them. Any thread.</summary>
public sealed class TargetService
{
    private const int MaxPortals = 64;

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
    /// Shows a target on some portals only. Sessions at others end, and with another tag, which makes it another port to hosts, all of them:
    /// <see cref="RefusalKind.InUse"/> where there are any, unless <paramref name="force"/>.
    /// </summary>
    public Task<TargetView> SetPortalsAsync(Actor actor, string iqn, SetTargetPortals wanted, bool force)
    {
        if (wanted.Group is < 1 or > ushort.MaxValue)
            throw new RefusedException(RefusalKind.Invalid, $"group: {wanted.Group} is no tag of a portal group: write 1 to 65535.", "group");
        if (wanted.Portals.Count > MaxPortals)
            throw new RefusedException(RefusalKind.Invalid, $"portals: {wanted.Portals.Count} are too many: write up to {MaxPortals}.", "portals");
        string[] portals = [.. wanted.Portals.Select(portal => RefusedException.Check("portals", portal, Names.Portal)).Distinct()];
        return _changes.RunAsync(actor, "target.portals", Subject(iqn), async change =>
        {
            var before = Show(iqn);
            if (!force && _targets.CountLeaving(iqn, (ushort)wanted.Group, portals) is > 0 and var leaving)
                throw new RefusedException(RefusalKind.InUse, $"{Plural.Of(leaving, "session")} of {iqn} would end. Log the hosts out first, or force it: their sessions end, and they log in at the other portals.");
            change.Begin(before);
            _store.SetPortals(iqn, (ushort)wanted.Group, portals);
            await _targets.MoveAsync(_targets.Get(iqn) with { PortalGroup = (ushort)wanted.Group, Portals = portals });
            var view = Show(iqn);
            change.After = view;
            return view;
        });
    }

    /// <summary>Sends hosts that log in elsewhere, or (null) lets them in again. Sessions stay, unless their hosts are to move.</summary>
    public Task<TargetView> SetRedirectAsync(Actor actor, string iqn, SetRedirect? wanted)
    {
        var redirect = wanted == null ? null : new RedirectRecord(RefusedException.Check("address", wanted.Address, Names.HostAndPort), wanted.Permanent);
        if (redirect != null && ListPortalAddresses().Contains(redirect.Address))
            throw new RefusedException(RefusalKind.Invalid, $"address: {redirect.Address} is a portal of this appliance, which would send hosts there again and again. Name another one.", "address");
        return _changes.RunAsync(actor, "target.redirect", Subject(iqn), change =>
        {
            change.Begin(Show(iqn));
            _store.SetRedirect(iqn, redirect);
            _targets.Update(_targets.Get(iqn) with { Redirect = redirect });
            if (wanted is { Move: true })
                _server.RequestLogouts(iqn);
            var view = Show(iqn);
            change.After = view;
            return view;
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
            throw new RefusedException(RefusalKind.InUse, $"Hosts have {Plural.Of(view.Sessions, "session")} with {iqn}. Log them out first, or force it: they lose their disks.");
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
        sessions)
    {
        PortalGroup = target.PortalGroup,
        Portals = target.Portals,
        Redirect = target.Redirect == null ? null : new RedirectView(target.Redirect.Address, target.Redirect.IsPermanent),
    };
}
