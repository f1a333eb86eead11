using Lunaria.Iscsi;
using Lunaria.WebUi.Catalog;
using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Administration;

/// <summary>
/// Who may log in to a target and from where, what he must prove, and which LUNs he may use. A change of the LUNs is live, the others count from the next log-in on.
/// Any thread.
/// </summary>
public sealed class AccessService
{
    private const int MaxAddresses = 64;

    private readonly IscsiServer _server;
    private readonly TargetCatalog _targets;
    private readonly TargetStore _store;
    private readonly ChangeRecorder _changes;

    internal AccessService(IscsiServer server, TargetCatalog targets, TargetStore store, ChangeRecorder changes) =>
        (_server, _targets, _store, _changes) = (server, targets, store, changes);

    /// <summary>The initiators of a target.</summary>
    public IReadOnlyList<InitiatorView> List(string iqn) => [.. _targets.Get(iqn).Access.Select(access => View(iqn, access))];

    /// <summary>The initiators of all targets.</summary>
    public IReadOnlyList<InitiatorView> ListAll() => [.. _targets.All.SelectMany(target => target.Access, (target, access) => View(target.Iqn, access))];

    /// <summary>Lets an initiator in; false where it was already. What it must prove stays as it is.</summary>
    public Task<(InitiatorView Initiator, bool Created)> AllowAsync(Actor actor, string iqn, string initiator)
    {
        RefusedException.Check("initiator", initiator, Names.Initiator);
        return _changes.RunAsync(actor, "initiator.allow", TargetService.Subject(iqn), change =>
        {
            var target = _targets.Get(iqn);
            if (target.Access.FirstOrDefault(access => access.Initiator == initiator) is { } known)
            {
                change.Nothing = true;
                return (View(iqn, known), false);
            }

            var view = Set(target, new AccessRecord(initiator, null));
            change.After = view;
            return (view, true);
        });
    }

    /// <summary>Lets an initiator in no more, and closes its sessions unless another entry lets it in.</summary>
    public Task<bool> DenyAsync(Actor actor, string iqn, string initiator) =>
        _changes.RunAsync(actor, "initiator.deny", TargetService.Subject(iqn), async change =>
        {
            var target = _targets.Get(iqn);
            change.Begin(View(iqn, Get(target, initiator)));
            _store.RemoveAccess(iqn, initiator);
            var left = target.Access.Where(access => access.Initiator != initiator).ToArray();
            _targets.Update(target with { Access = left });
            await _server.CloseRefusedSessionsAsync(iqn, "the initiator is not allowed any more");
            return true;
        });

    /// <summary>Sets what an initiator must prove, or (null) that it need not prove anything. Sessions stay.</summary>
    public Task<InitiatorView> SetChapAsync(Actor actor, string iqn, string initiator, SetChap? wanted)
    {
        var chap = wanted == null ? null : Check(wanted);
        return _changes.RunAsync(actor, "initiator.chap", TargetService.Subject(iqn), change =>
        {
            var target = _targets.Get(iqn);
            var known = Get(target, initiator);
            change.Begin(View(iqn, known));
            var view = Set(target, known with { Chap = chap });
            change.After = view;
            return view;
        });
    }

    /// <summary>Sets where an initiator may come from (addresses and ranges, none = from everywhere), and closes its sessions from elsewhere.</summary>
    public Task<InitiatorView> SetAddressesAsync(Actor actor, string iqn, string initiator, IReadOnlyList<string> addresses)
    {
        if (addresses.Count > MaxAddresses)
            throw new RefusedException(RefusalKind.Invalid, $"addresses: {addresses.Count} are too many: write up to {MaxAddresses}, or wider ranges.", "addresses");
        string[] ranges = [.. addresses.Select(address =>
        {
            RefusedException.Check("addresses", address, Names.AddressRange);
            return Names.AddressRange(address);
        }).Distinct()];
        return _changes.RunAsync(actor, "initiator.addresses", TargetService.Subject(iqn), async change =>
        {
            var target = _targets.Get(iqn);
            var known = Get(target, initiator);
            change.Begin(View(iqn, known));
            var view = Set(target, known with { Addresses = ranges });
            await _server.CloseRefusedSessionsAsync(iqn, "the initiator is not allowed to come from its address any more");
            change.After = view;
            return view;
        });
    }

    /// <summary>
    /// Sets which LUNs an initiator may use (null = all, also those that are mapped later): at once, and its hosts hear REPORTED LUNS DATA HAS CHANGED.
    /// </summary>
    public Task<InitiatorView> SetLunsAsync(Actor actor, string iqn, string initiator, IReadOnlyList<int>? luns)
    {
        if (luns?.FirstOrDefault(lun => lun is < 0 or > LunService.MaxLun) is { } wrong && wrong != 0)
            throw new RefusedException(RefusalKind.Invalid, $"luns: {wrong} is no number of a LUN: write 0 to {LunService.MaxLun}.", "luns");
        return _changes.RunAsync(actor, "initiator.luns", TargetService.Subject(iqn), change =>
        {
            var target = _targets.Get(iqn);
            var known = Get(target, initiator);
            change.Begin(View(iqn, known));
            var view = Set(target, known with { Luns = luns == null ? null : [.. luns.Distinct().Order()] });
            change.After = view;
            return view;
        });
    }

    /// <summary>An initiator as administrators see it: without the secrets.</summary>
    internal static InitiatorView View(string iqn, AccessRecord access) => new(iqn, access.Initiator, access.Chap?.User, access.Chap?.MutualUser, access.Addresses, access.Luns);

    private static AccessRecord Get(TargetRecord target, string initiator) =>
        target.Access.FirstOrDefault(access => access.Initiator == initiator)
        ?? throw new RefusedException(RefusalKind.NotFound, $"{target.Iqn} has no entry for the initiator {initiator}. Allow it first.");

    /// <summary>What is to be proved, checked.</summary>
    internal static ChapRecord Check(SetChap wanted)
    {
        RefusedException.Check("user", wanted.User, Names.ChapUser);
        RefusedException.Check("secret", wanted.Secret, Names.ChapSecret, secret: true);
        if (wanted.MutualUser == null != (wanted.MutualSecret == null))
            throw new RefusedException(RefusalKind.Invalid, "mutualUser and mutualSecret belong together: write both or none.", wanted.MutualUser == null ? "mutualUser" : "mutualSecret");
        if (wanted.MutualUser != null)
            RefusedException.Check("mutualUser", wanted.MutualUser, Names.ChapUser);
        if (wanted.MutualSecret != null)
            RefusedException.Check("mutualSecret", wanted.MutualSecret, Names.ChapSecret, secret: true);
        if (wanted.MutualSecret == wanted.Secret)
            throw new RefusedException(RefusalKind.Invalid, "mutualSecret equals secret: RFC 7143 9.2.1 wants two different ones.", "mutualSecret");
        return new ChapRecord(wanted.User, wanted.Secret, wanted.MutualUser, wanted.MutualSecret);
    }

    private InitiatorView Set(TargetRecord target, AccessRecord wanted)
    {
        _store.SetAccess(target.Iqn, wanted);
        var others = target.Access.Where(access => access.Initiator != wanted.Initiator);
        _targets.Update(target with { Access = [.. others.Append(wanted).OrderBy(access => access.Initiator, StringComparer.Ordinal)] });
        return View(target.Iqn, wanted);
    }
}
