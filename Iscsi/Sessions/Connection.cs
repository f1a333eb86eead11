using System.Net;
using System.Net.Sockets;
using Lunaria.Iscsi.Diagnostics;
using Lunaria.Iscsi.Login;
using Lunaria.Iscsi.Transport;

namespace Lunaria.Iscsi.Sessions;

/// <summary>
/// One connection and its thread, from accept to close. The thread alone touches everything here but <see cref="Inbox"/>: it waits for the
/// socket and the inbox at once, receives as much as there is, handles all complete PDUs, then sends once.
/// </summary>
internal sealed class Connection : IDisposable
{
    private const int ThreadStackBytes = 256 * 1024;

    private readonly ServerContext server;
    private readonly Socket socket;
    private readonly WakeSocket wake = new();
    private readonly SocketWaiter waiter;
    private readonly PduSender sender;
    private readonly ConnectionMemory memory;
    private readonly PduReader reader;
    private readonly ConnectionTimers timers;
    private readonly BusyPoll busyPoll;
    private readonly EndPoint peer;
    private LoginPhase? login;
    private FullFeaturePhase? fullFeature;
    private int handledPdus;

    /// <summary>Takes over <paramref name="socket"/>.</summary>
    public Connection(ServerContext server, Socket socket)
    {
        this.server = server;
        this.socket = socket;
        socket.Blocking = false;
        socket.NoDelay = true;
        peer = socket.RemoteEndPoint!;
        PeerAddress = ((IPEndPoint)peer).Address;
        Local = (IPEndPoint)socket.LocalEndPoint!;
        Inbox = new(wake, socket);
        waiter = new(socket, wake);
        SendBuffer sendBuffer = new(new(socket, server.Options.MayAnswer));
        sender = new(sendBuffer, waiter, Inbox, server.Time, server.Options.PingTimeout);
        memory = new(server.Pool, sendBuffer, Inbox, server.Options.MaxRecvDataSegmentLength);
        reader = new(memory);
        timers = new(server.Options, server.Time);
        busyPoll = new(server.BusyPollSeats, server.Options.BusyPollLooks);
        login = new(server, PeerAddress, Local, sender, Inbox);
    }

    /// <summary>Where other threads leave messages.</summary>
    public ConnectionInbox Inbox { get; }

    public IPAddress PeerAddress { get; }

    /// <summary>The address of this machine that the host found.</summary>
    public IPEndPoint Local { get; }

    /// <summary>Starts the thread. The connection must have been entered in the registry.</summary>
    public void Start() => new Thread(Run, ThreadStackBytes) { IsBackground = true, Name = $"iSCSI {peer}" }.Start();

    /// <summary>Closes a connection that never started.</summary>
    public void Dispose()
    {
        Inbox.Close();
        socket.Dispose();
        wake.Dispose();
    }

    private void Run()
    {
        string reason = "";
        try
        {
            reason = Serve();
        }
        catch (ConnectionClosedException closed)
        {
            reason = closed.Message;
        }
        catch (IscsiProtocolException broken)
        {
            reason = broken.Message;
            Log.ProtocolBroken(server.Logger, peer, broken.Message);
            if (broken.Reject is Pdu.RejectReason reject && sender.Buffer.Fits(broken.RejectedHeader.Length)) sender.Reject(reject, broken.RejectedHeader);
        }
        catch (SocketException failed)
        {
            reason = failed.Message;
        }
        catch (Exception error)
        {
            reason = "a defect of the target";
            Log.ConnectionFailed(server.Logger, error, peer);
            if (sender.Buffer.Fits(0)) login?.Fail();
        }
        finally
        {
            Close(reason);
        }
    }

    /// <summary>The loop. Returns why it ended in order.</summary>
    private string Serve()
    {
        while (true)
        {
            HandleMessages();
            HandleReceived();
            fullFeature?.EndBatch();
            sender.Flush();
            if (EndReason is string reason) return reason;
            Receive();
        }
    }

    private string? EndReason => login is { Refused: not LoginStatus.Success } ? "login refused" : fullFeature?.EndReason;

    private void HandleMessages()
    {
        while (Inbox.TryTake(out ConnectionMessage message))
        {
            switch (message.Kind)
            {
                case MessageKind.Close or MessageKind.Suspend:
                    throw new ConnectionClosedException((string)message.Subject!);
                case MessageKind.BufferReturned:
                    break;
                case MessageKind.SessionChanged when login is { IsWaiting: true }:
                    if (login.Complete() is Session session) EnterFullFeature(session);
                    break;
                case MessageKind.Drain when fullFeature is null:
                    throw new ConnectionClosedException("the target shuts down");
                case MessageKind.Drop when fullFeature is null:
                    throw new ConnectionClosedException((string)message.Subject!);
                case MessageKind.ShareWindow when fullFeature is null:
                    // A connection that is still in its login has nothing to let go of.
                    break;
                case MessageKind.Abort when fullFeature is null:
                    ((AbortOperation)message.Subject!).PartDone();
                    break;
                default:
                    fullFeature?.Handle(message);
                    break;
            }
        }
    }

    /// <summary>Handles every complete PDU that is here, and begins to stream a long one that is not.</summary>
    private void HandleReceived()
    {
        handledPdus = 0;
        while (login is not { IsWaiting: true } && EndReason is null)
        {
            ReadResult read = reader.Read(out PduFrame frame);
            if (read == ReadResult.Nothing) return;
            handledPdus++;
            if (read == ReadResult.StreamEnded)
            {
                StreamedPdu streamed = reader.TakeStreamed();
                fullFeature!.EndStream(streamed.Command, streamed.Opcode, streamed.Final);
            }
            else if (read == ReadResult.Spoiled)
            {
                fullFeature!.HandleSpoiled(frame);
                reader.Consume();
            }
            else if (read == ReadResult.Partial)
            {
                if (!TryStream(frame)) return;
            }
            else
            {
                HandlePdu(frame);
            }
        }
    }

    private void HandlePdu(PduFrame frame)
    {
        if (fullFeature is not null)
        {
            fullFeature.Handle(frame, out _);
            reader.Consume();
            fullFeature.HandleDeferred();
            return;
        }
        Session? session = login!.Handle(frame);
        reader.Consume();
        if (session is not null) EnterFullFeature(session);
    }

    /// <summary>Gives the data of a PDU that is not all here its final place, so that the rest is received straight into it.</summary>
    private bool TryStream(PduFrame frame)
    {
        if (fullFeature is null) return false;
        int here = frame.Data.Length;
        if (frame.Basic.Opcode == Pdu.Opcode.DataOut)
        {
            if (!fullFeature.TryBeginDataOutStream(new(frame.Header), out Command? command, out Memory<byte> destination)) return false;
            frame.Data.Span.CopyTo(destination.Span);
            reader.BeginStream(command, destination, here);
            return true;
        }
        if (!fullFeature.MayStream(frame.Basic)) return false;
        int length = frame.Basic.DataSegmentLengthBytes;
        fullFeature.Handle(frame, out Command? begun);
        // A command that was refused has had its response: the data that is still to come belongs to nobody.
        if (begun is null) reader.DiscardPdu();
        else reader.BeginStream(begun, begun.Buffer!.Array.AsMemory(0, length), here);
        return true;
    }

    private void EnterFullFeature(Session session)
    {
        SessionParameters parameters = login!.Agreed;
        if (login.Identity!.Joins is null) (session.Peer, session.Portal) = (peer, Local);
        fullFeature = new(server, session, login.Identity.ConnectionId, login.Parameters, parameters, sender, Inbox, Local);
        login = null;
        // From here on the end of the connection ends the session, too. The response leaves before digests begin.
        sender.Flush();
        sender.Buffer.HeaderDigest = reader.HeaderDigest = parameters.HeaderDigest;
        sender.Buffer.DataDigest = reader.DataDigest = parameters.DataDigest;
        reader.RecoversDigestErrors = fullFeature.Recovers;
        reader.MaxDataSegmentLength = server.Options.MaxRecvDataSegmentLength;
        timers.LoggedIn();
        memory.LeaveLogin();
        Log.ConnectionBegan(
            server.Logger, peer, session.Identity.InitiatorName, session.Identity.Target?.Name ?? "discovery", session.Tsih, fullFeature.ConnectionId);
    }

    /// <summary>Waits for the socket or the inbox, and receives what is there.</summary>
    private void Receive()
    {
        bool listens = login is not { IsWaiting: true };
        bool ready = listens && !memory.IsIdle && memory.TryActivate() && reader.TryMakeRoom();
        if (ready && reader.ExpectsMore && TryReceive()) return;
        if (ready && TryPoll()) return;
        if (!Inbox.TryBeginWait()) return;
        int timeoutMs = Math.Min(timers.NextDueMs(), fullFeature?.NextDueMs ?? int.MaxValue);
        waiter.Wait(forRead: ready || (listens && memory.IsIdle), forWrite: false, timeoutMs);
        if (waiter.IsReadable)
        {
            if (ready) TryReceive();
            else memory.IsIdle = false;
            return;
        }
        if (timers.CheckDue(listens && (ready || memory.IsIdle), fullFeature is not null) is TimerEvent.Ping) fullFeature!.Ping();
        if (fullFeature is { HasCommands: false } && timers.IsIdle) memory.GiveBack();
    }

    private bool TryPoll()
    {
        if (!busyPoll.TryBegin(handledPdus)) return false;
        bool received;
        do received = TryReceive();
        while (!received && !Inbox.HasMessages && busyPoll.GoesOn());
        busyPoll.End(received);
        return received;
    }

    private bool TryReceive()
    {
        int received = socket.Receive(reader.Target, SocketFlags.None, out SocketError error);
        if (error is SocketError.WouldBlock or SocketError.Interrupted) return reader.Received(0);
        if (error != SocketError.Success) throw new ConnectionClosedException($"receive failed: {error}");
        if (received == 0) throw new ConnectionClosedException("the initiator has closed the connection");
        timers.HeardFromPeer();
        return reader.Received(received);
    }

    /// <summary>Ends everything. Waits for commands on the medium: until they are gone no new session of this initiator port begins.</summary>
    private void Close(string reason)
    {
        LogEnd(reason);
        try
        {
            if (!sender.Buffer.IsEmpty) sender.Buffer.TrySend();
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception error) when (error is SocketException or ConnectionClosedException)
        {
            // The peer is gone already; there is nobody to tell.
        }
        socket.Dispose();
        try
        {
            if (fullFeature is not null) WindDown(fullFeature);
            else login?.Abandon();
        }
        catch (Exception error)
        {
            Log.ConnectionFailed(server.Logger, error, peer);
        }
        memory.Release();
        Inbox.Close();
        server.Connections.Leave(this);
        wake.Dispose();
    }

    private void WindDown(FullFeaturePhase phase)
    {
        bool isLost = Inbox.EndReason is null && phase.EndReason is null;
        try
        {
            if (phase.KeepsTasks) KeepTasks(phase, isLost);
            phase.AbortAll();
            while (phase.HasCommands)
            {
                while (Inbox.TryTake(out ConnectionMessage message))
                {
                    if (message.Kind is MessageKind.CommandCompleted or MessageKind.Abort) phase.Handle(message);
                    else ConnectionInbox.AnswerForNobody(message);
                }
                if (phase.HasCommands && Inbox.TryBeginWait()) waiter.WaitForWake();
            }
        }
        finally
        {
            // Whatever went wrong, the initiator must be able to come back.
            phase.Session.Leave(Inbox);
            if (isLost && !phase.KeepsTasks) TellLoss(phase);
        }
    }

    /// <summary>
    /// The connection is lost, but its tasks are not (ErrorRecoveryLevel 2): this thread keeps them until another connection has taken them over, or
    /// none has for long enough. A session without any connection lives as long.
    /// </summary>
    private void KeepTasks(FullFeaturePhase phase, bool isLost)
    {
        long began = server.Time.GetTimestamp();
        phase.Suspend();
        phase.Session.Suspend(Inbox);
        if (isLost) TellLoss(phase);
        while (Inbox.CloseReason is null && (phase.HasTasks || phase.Session.Connections.IsEmpty))
        {
            TimeSpan left = phase.RetentionTime - server.Time.GetElapsedTime(began);
            if (left <= TimeSpan.Zero) return;
            if (Inbox.TryTake(out ConnectionMessage message)) phase.HandleSuspended(message);
            else if (Inbox.TryBeginWait()) waiter.WaitForWake((int)left.TotalMilliseconds + 1);
        }
    }

    private static void TellLoss(FullFeaturePhase phase)
    {
        if (phase.Session.Connections is [SessionConnection other, ..]) other.Inbox.Post(new(MessageKind.ConnectionDropped, phase.ConnectionId));
    }

    private void LogEnd(string reason)
    {
        if (fullFeature?.Session is Session session)
            Log.ConnectionEnded(
                server.Logger, peer, fullFeature.ConnectionId, session.Tsih, session.Identity.InitiatorName, session.Identity.Target?.Name ?? "discovery", reason);
        else if (login is { Refused: LoginStatus.ServiceUnavailable } heldBack)
            Log.LoginHeldBack(server.Logger, peer, heldBack.InitiatorName ?? "an initiator");
        else if (login is { Refused: not LoginStatus.Success } refused)
            Log.LoginRefused(server.Logger, peer, refused.InitiatorName ?? "an initiator", (ushort)refused.Refused, refused.Refused.ToString());
        else
            Log.ConnectionClosed(server.Logger, peer, reason);
    }
}
