using System.Net;
using Lunaria.Iscsi.Login;
using Lunaria.Iscsi.Pdu;
using Lunaria.Iscsi.Scsi;

namespace Lunaria.Iscsi.Sessions;

/// <summary>
/// One session: the I_T nexus and what its connections share. With MaxConnections=1 it has one connection, whose thread alone touches
/// the command window. A later second connection makes the window and the tasks shared.
/// </summary>
internal sealed class Session(LoginIdentity identity, ConnectionInbox inbox, CommandWindow window)
{
    public LoginIdentity Identity { get; } = identity;

    /// <summary>Set at the end of the login; null for a discovery session.</summary>
    public ItNexus? Nexus { get; set; }

    /// <summary>Its one connection.</summary>
    public ConnectionInbox Inbox { get; } = inbox;

    public CommandWindow Window { get; } = window;

    /// <summary>Target session identifying handle, never 0.</summary>
    public ushort Tsih { get; set; }

    /// <summary>Where the host's connection comes from; set when the log-in is over.</summary>
    public EndPoint? Peer { get; set; }

    /// <summary>The portal it came in by; set when the log-in is over.</summary>
    public EndPoint? Portal { get; set; }

    /// <summary>When the log-in ended.</summary>
    public DateTimeOffset Began { get; init; }

    /// <summary>Ends the commands of the session on a LUN field without a response; completes when they are gone (PREEMPT AND ABORT). Any thread.</summary>
    public ValueTask AbortTasksAsync(ulong lun)
    {
        AbortOperation operation = new(TaskManagementFunction.AbortTaskSet, lun, BasicHeader.ReservedTag, 1, asker: null);
        Inbox.Post(new(MessageKind.Abort, operation));
        return new(operation.Done);
    }

    /// <summary>Completes when the session is over and its commands are gone.</summary>
    public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Logins that wait for this session to be gone. Guarded by the <see cref="SessionTable"/>.</summary>
    public List<ConnectionInbox> Successors { get; } = [];
}
