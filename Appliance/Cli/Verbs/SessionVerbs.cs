using System.CommandLine;
using Lunaria.WebUi.Contracts;

namespace Lunaria.Appliance.Cli.Verbs;

/// <summary><c>lunaria session ...</c>.</summary>
internal static class SessionVerbs
{
    public static Command Create(VerbFactory verbs) => VerbFactory.Noun(
        "session",
        "Sessions: hosts that are logged in.",
        verbs.Create("list", "All sessions.", "session list", call =>
            call.ShowAsync(HttpMethod.Get, "sessions", ApiJson.Default.IReadOnlyListSessionView, sessions => Show(sessions, call.Output))),
        Kick(verbs));

    private static Command Kick(VerbFactory verbs)
    {
        var id = new Argument<string>("SESSION") { Description = "Its number, as the list shows it." };
        return verbs.Create(
            "kick",
            "Close a session. The host may log in again: deny it first where it should not.",
            "session kick 1-1 --yes",
            call =>
            {
                call.Confirm($"The host of session {call.Get(id)} is cut off.");
                return call.DoAsync(HttpMethod.Delete, $"sessions/{VerbCall.Part(call.Get(id))}", $"closed session {call.Get(id)}");
            },
            [id],
            asks: true);
    }

    private static void Show(IEnumerable<SessionView> sessions, TextWriter output)
    {
        var table = new TextTable("SESSION", "TARGET", "INITIATOR", "HOST", "PORTAL", "CONNECTIONS", "SINCE (UTC)");
        foreach (var session in sessions)
            table.Add(session.Id, session.Target, session.Initiator, session.Peer, session.Portal, $"{session.Connections}", $"{session.Began.UtcDateTime:yyyy-MM-dd HH:mm:ss}");
        table.Write(output);
    }
}
