using Lunaria.Iscsi.Pdu;
using Lunaria.Iscsi.Sessions.Recovery;
using Lunaria.Iscsi.Transport;

namespace Lunaria.Iscsi.Sessions;

/// <summary>
/// Builds the responses of one connection: StatSN, the command window, room in the send buffer, and waiting where the initiator is slow
/// to take them. The connection's thread only.
/// </summary>
internal sealed class PduSender(SendBuffer buffer, SocketWaiter waiter, ConnectionInbox inbox, TimeProvider time, TimeSpan timeout)
{
    private const int WaitSliceMs = 1000;

    public SendBuffer Buffer => buffer;

    /// <summary>Null during login.</summary>
    public CommandWindow? Window { get; set; }

    /// <summary>What may have to be sent again; null at ErrorRecoveryLevel 0.</summary>
    public StatusLog? Log { get; set; }

    /// <summary>StatSN of the next response that carries a status.</summary>
    public uint StatSN { get; set; } = 1;

    /// <summary>Longest data segment one PDU can have here.</summary>
    public int MaxDataLength => buffer.MaxDataLength;

    /// <summary>Begins a PDU with the F bit set; <see cref="Data"/> is its data segment.</summary>
    public Span<byte> Begin(Opcode opcode, uint initiatorTaskTag, int dataLength = 0)
    {
        if (!buffer.Fits(dataLength) && !buffer.TryHandOver()) Flush();
        Span<byte> header = buffer.BeginPdu(dataLength);
        BasicHeader basic = new(header);
        basic.Opcode = opcode;
        basic.Final = true;
        basic.InitiatorTaskTag = initiatorTaskTag;
        return header;
    }

    public Span<byte> Data => buffer.Data;

    /// <summary>Ends a PDU that takes a StatSN.</summary>
    public void EndWithStatus()
    {
        BasicHeader basic = new(buffer.Header);
        Log?.Add(StatSN, buffer.Header, buffer.Data);
        basic.StatSN = StatSN++;
        End(basic);
    }

    /// <summary>Sends a PDU with a status once more, with the StatSN it had.</summary>
    public void Resend(SentStatus status)
    {
        BasicHeader basic = new(Begin(new BasicHeader(status.Header).Opcode, 0, status.Data.Length));
        status.Header.CopyTo(basic.Bytes);
        status.Data.CopyTo(Data);
        basic.StatSN = status.StatSN;
        End(basic);
    }

    /// <summary>Ends an R2T or a NOP-In ping: it names the next StatSN without taking it (RFC 7143 11.8.3, 11.19.2).</summary>
    public void EndNamingStatSN()
    {
        BasicHeader basic = new(buffer.Header);
        basic.StatSN = StatSN;
        End(basic);
    }

    /// <summary>Ends a Data-In without status: its StatSN field is reserved.</summary>
    public void EndWithoutStatSN() => End(new(buffer.Header));

    /// <summary>Answers a PDU with a Reject that carries its header (RFC 7143 11.17).</summary>
    /// <param name="reason">Why.</param>
    /// <param name="rejectedHeader">All of the header.</param>
    /// <param name="nextSequenceNumber">Of a Data/R2T SNACK that is a protocol error: the DataSN or R2TSN that comes next for its task.</param>
    public void Reject(RejectReason reason, ReadOnlySpan<byte> rejectedHeader, uint nextSequenceNumber = 0)
    {
        CodeResponseHeader reject = new(Begin(Opcode.Reject, BasicHeader.ReservedTag, rejectedHeader.Length));
        reject.Code = (byte)reason;
        if (reason == RejectReason.ProtocolError) reject.NextSequenceNumber = nextSequenceNumber;
        rejectedHeader.CopyTo(Data);
        EndWithStatus();
    }

    /// <summary>Sends all; waits while the initiator takes nothing, up to the timeout or until the connection is told to close.</summary>
    public void Flush()
    {
        if (buffer.TrySend()) return;
        long since = time.GetTimestamp();
        int pending = buffer.PendingBytes;
        do
        {
            if (inbox.EndReason is string reason) throw new ConnectionClosedException(reason);
            waiter.Wait(forRead: false, forWrite: true, WaitSliceMs);
            if (buffer.TrySend()) return;
            if (buffer.PendingBytes != pending)
            {
                pending = buffer.PendingBytes;
                since = time.GetTimestamp();
            }
        }
        while (time.GetElapsedTime(since) < timeout);
        throw new ConnectionClosedException($"the initiator has taken no data for {timeout.TotalSeconds:0} s");
    }

    private void End(BasicHeader basic)
    {
        if (Window is not null)
        {
            basic.ExpCmdSN = Window.ExpCmdSN;
            basic.MaxCmdSN = Window.MaxCmdSN;
        }
        buffer.EndPdu();
    }
}
