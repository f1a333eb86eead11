using System.Net.Sockets;
using Lunaria.Iscsi.Sessions.Recovery;
using Lunaria.Iscsi.Transport;

namespace Lunaria.Iscsi.Sessions;

/// <summary>What other threads tell a connection.</summary>
internal enum MessageKind
{
    None,
    /// <summary>A command that waited for its medium is done; subject: <see cref="Command"/>.</summary>
    CommandCompleted,
    /// <summary>Commands must end; subject: <see cref="AbortOperation"/>.</summary>
    Abort,
    /// <summary>All commands of an abort this connection asked for are gone; subject: <see cref="AbortOperation"/>.</summary>
    AbortCompleted,
    /// <summary>The effects of a task management function are done, its answer is due; subject: <see cref="AbortOperation"/>.</summary>
    FunctionCompleted,
    /// <summary>Something in the session has changed that this connection may wait for.</summary>
    SessionChanged,
    /// <summary>Several connections will use the command window of the session: the one that has it alone lets go of it.</summary>
    ShareWindow,
    /// <summary>The command whose turn it is in the session is kept by this connection.</summary>
    TurnCame,
    /// <summary>Another connection of the session is gone that the initiator has not logged out; subject: its CID.</summary>
    ConnectionDropped,
    /// <summary>The buffer pool has something again.</summary>
    BufferReturned,
    /// <summary>Ask the initiator to log out.</summary>
    Drain,
    /// <summary>A question about tasks; subject: <see cref="SessionInquiry"/>.</summary>
    Inquire,
    /// <summary>All connections have answered a question of this one; subject: <see cref="SessionInquiry"/>.</summary>
    InquiryAnswered,
    /// <summary>A response of the session waits until all before it are acknowledged (<see cref="ResponseFence"/>).</summary>
    FenceRaised,
    /// <summary>They are, and it is this connection's.</summary>
    FencePassed,
    /// <summary>It is acknowledged, too: responses that were held back may be sent.</summary>
    FenceLowered,
    /// <summary>Ask the initiator to negotiate.</summary>
    Negotiate,
    /// <summary>The initiator gives the connection up; its tasks wait for another one (ErrorRecoveryLevel 2); subject: the reason.</summary>
    Suspend,
    /// <summary>Tell the initiator that the session is dropped, then close; subject: the reason.</summary>
    Drop,
    /// <summary>Close now; subject: the reason.</summary>
    Close,
}

/// <summary>One message to a connection.</summary>
internal readonly record struct ConnectionMessage(MessageKind Kind, object? Subject);

/// <summary>
/// The only way into a connection from other threads. Posting wakes the connection's thread when it waits. Any thread posts; the
/// connection's thread takes.
/// </summary>
internal sealed class ConnectionInbox(WakeSocket wake, Socket socket)
{
    private readonly Lock gate = new();
    private List<ConnectionMessage> incoming = new(64), taken = new(64);
    private bool waiting, closed;
    private int nextTaken;
    private volatile bool hasMessages;
    private volatile string? closeReason, suspendReason;

    /// <summary>Not null once the connection is to end, one way or the other.</summary>
    public string? EndReason => closeReason ?? suspendReason;

    /// <summary>Not null once a <see cref="MessageKind.Close"/> has been posted; read where the thread waits for something else.</summary>
    public string? CloseReason => closeReason;

    /// <summary>True once the initiator has closed the connection and all that it sent before is received: the thread hears of it soon, or has.</summary>
    public bool IsForsaken
    {
        get
        {
            Span<byte> next = stackalloc byte[1];
            try
            {
                // The end of the stream stays; what can be read may be gone when it is looked for, since the connection's thread reads, too.
                return socket.Receive(next, SocketFlags.Peek, out SocketError error) == 0 && error is not (SocketError.WouldBlock or SocketError.Interrupted);
            }
            catch (ObjectDisposedException)
            {
                return true;
            }
        }
    }

    /// <summary>True when there is something to take; a look without the lock.</summary>
    public bool HasMessages => hasMessages;

    public void Post(ConnectionMessage message)
    {
        if (message.Kind is MessageKind.Close or MessageKind.Drop) closeReason ??= (string)message.Subject!;
        else if (message.Kind == MessageKind.Suspend) suspendReason ??= (string)message.Subject!;
        bool signal, late;
        lock (gate)
        {
            late = closed;
            if (!late) incoming.Add(message);
            hasMessages = true;
            signal = waiting;
            waiting = false;
        }
        if (late) AnswerForNobody(message);
        else if (signal) wake.Signal();
    }

    /// <summary>False when there are messages; true = none, and the next one signals.</summary>
    public bool TryBeginWait()
    {
        lock (gate) return waiting = incoming.Count == 0;
    }

    /// <summary>Takes the next message. One at a time, so that an exception at one does not lose those behind it.</summary>
    public bool TryTake(out ConnectionMessage message)
    {
        if (nextTaken == taken.Count)
        {
            nextTaken = 0;
            taken.Clear();
            lock (gate)
            {
                waiting = false;
                hasMessages = false;
                if (incoming.Count > 0) (incoming, taken) = (taken, incoming);
            }
        }
        message = nextTaken < taken.Count ? taken[nextTaken++] : default;
        return message != default;
    }

    /// <summary>The connection is gone and has no commands: what still comes is answered on the spot.</summary>
    public void Close()
    {
        lock (gate) closed = true;
        while (TryTake(out ConnectionMessage message)) AnswerForNobody(message);
    }

    /// <summary>Does what a message asks of a connection that is gone.</summary>
    public static void AnswerForNobody(ConnectionMessage message)
    {
        switch (message.Kind)
        {
            case MessageKind.Abort:
                ((AbortOperation)message.Subject!).PartDone();
                break;
            case MessageKind.Inquire:
                ((SessionInquiry)message.Subject!).Answer(hasTask: false);
                break;
            case MessageKind.InquiryAnswered:
                ((SessionInquiry)message.Subject!).Abandon();
                break;
        }
    }
}
