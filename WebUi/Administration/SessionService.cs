using System.Globalization;
using Lunaria.Iscsi;
using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Administration;

/// <summary>Sessions of hosts. Any thread.</summary>
public sealed class SessionService
{
    private readonly IscsiServer _server;
    private readonly TargetCatalog _targets;
    private readonly ChangeRecorder _changes;

    internal SessionService(IscsiServer server, TargetCatalog targets, ChangeRecorder changes) => (_server, _targets, _changes) = (server, targets, changes);

    /// <summary>All sessions now, by target and initiator.</summary>
    public IReadOnlyList<SessionView> List()
    {
        var ports = _targets.All.ToDictionary(target => target.Iqn, target => target.PortId);
        return [.. _server.Sessions
            .Where(session => ports.ContainsKey(session.TargetName))
            .OrderBy(session => session.TargetName, StringComparer.Ordinal).ThenBy(session => session.InitiatorName, StringComparer.Ordinal).ThenBy(session => session.Tsih)
            .Select(session => View(session, ports[session.TargetName]))];
    }

    /// <summary>Closes a session. The host may log in again: deny it first where it should not.</summary>
    public Task<bool> KickAsync(Actor actor, string id) => _changes.RunAsync(actor, "session.kick", $"session {id}", async change =>
    {
        var view = List().FirstOrDefault(session => session.Id == id) ?? throw new RefusedException(RefusalKind.NotFound, $"There is no session {id}.");
        change.Begin(view);
        await _server.CloseSessionAsync(view.Target, int.Parse(id[(id.IndexOf('-') + 1)..], CultureInfo.InvariantCulture), $"closed by {actor.Name}");
        return true;
    });

    private static SessionView View(SessionInfo session, int portId) => new(
        $"{portId}-{session.Tsih}",
        session.TargetName,
        session.InitiatorName,
        session.Isid.ToString("x12", CultureInfo.InvariantCulture),
        session.Peer?.ToString(),
        session.Portal?.ToString(),
        session.Began,
        session.Connections);
}
