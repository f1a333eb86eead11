using System.Net;
using System.Net.Sockets;
using Lunaria.Iscsi.Pdu;

namespace Lunaria.Testing;

/// <summary>A PDU that came from the target.</summary>
internal sealed record ReceivedPdu(byte[] Header, byte[] Data)
{
    public BasicHeader Basic => new(Header);
    public Opcode Opcode => Basic.Opcode;
}

/// <summary>Numbers of an initiator's session.</summary>
internal sealed class SessionNumbers
{
    public uint CmdSN { get; set; } = 1;
    public uint NextTag { get; set; } = 0x100;
}

/// <summary>
/// A small initiator for tests: raw PDUs over a blocking socket, so that a test can say every byte, right or wrong. One thread at a
/// time. Receives give up after <see cref="ReceiveTimeoutMs"/>.
/// </summary>
internal sealed class ScriptedInitiator : IDisposable
{
    public const int ReceiveTimeoutMs = 20_000;

    private readonly Socket socket;

    public ScriptedInitiator(IPEndPoint portal)
    {
        IPAddress address = portal.Address.Equals(IPAddress.Any) ? IPAddress.Loopback
            : portal.Address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback : portal.Address;
        socket = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.Connect(new IPEndPoint(address, portal.Port));
        }
        catch
        {
            socket.Dispose();
            throw;
        }
        socket.ReceiveTimeout = socket.SendTimeout = ReceiveTimeoutMs;
    }

    public Socket Socket => socket;
    public bool HeaderDigest { get; set; }
    public bool DataDigest { get; set; }

    /// <summary>Flips a bit of the next header or data digest sent.</summary>
    public bool SpoilHeaderDigest { get; set; }
    public bool SpoilDataDigest { get; set; }

    /// <summary>What all connections of a session count together; a further connection takes it from the first.</summary>
    public SessionNumbers Numbers { get; set; } = new();

    /// <summary>CmdSN of the next command that is not immediate.</summary>
    public uint CmdSN { get => Numbers.CmdSN; set => Numbers.CmdSN = value; }

    public uint ExpStatSN { get; set; } = 1;
    public uint NextTag { get => Numbers.NextTag; set => Numbers.NextTag = value; }

    /// <summary>The session handle that the target gave, or the one to join.</summary>
    public ushort Tsih { get; set; }

    public ushort ConnectionId { get; set; } = 1;

    /// <summary>Window as the last response told it.</summary>
    public uint ExpCmdSN { get; private set; }
    public uint MaxCmdSN { get; private set; }

    public string InitiatorName { get; set; } = "iqn.2026-11.test:initiator";
    public ulong Isid { get; set; } = 0x80_1234_560001;

    /// <summary>A zeroed header with F, the next task tag, CmdSN and ExpStatSN; takes a CmdSN unless immediate.</summary>
    public byte[] NewHeader(Opcode opcode, bool immediate = false)
    {
        byte[] bytes = new byte[BasicHeader.LengthBytes];
        BasicHeader header = new(bytes)
        {
            Opcode = opcode,
            Immediate = immediate,
            Final = true,
            InitiatorTaskTag = NextTag++,
            CmdSN = CmdSN,
            ExpStatSN = ExpStatSN,
        };
        _ = header;
        if (!immediate) CmdSN++;
        return bytes;
    }

    /// <summary>Sends a PDU: sets DataSegmentLength, adds pad and digests.</summary>
    public void Send(byte[] header, ReadOnlySpan<byte> data = default)
    {
        new BasicHeader(header.AsSpan(0, BasicHeader.LengthBytes)).DataSegmentLengthBytes = data.Length;
        SendRaw(Frame(header, data));
    }

    /// <summary>The wire form of a PDU as the header says it is.</summary>
    public byte[] Frame(byte[] header, ReadOnlySpan<byte> data)
    {
        int padded = BasicHeader.Padded(data.Length);
        byte[] wire = new byte[header.Length + (HeaderDigest ? 4 : 0) + padded + (DataDigest && data.Length > 0 ? 4 : 0)];
        header.CopyTo(wire, 0);
        int at = header.Length;
        if (HeaderDigest)
        {
            Crc32C.Write(header, wire.AsSpan(at));
            if (SpoilHeaderDigest) wire[at] ^= 1;
            at += 4;
        }
        data.CopyTo(wire.AsSpan(at));
        if (DataDigest && data.Length > 0)
        {
            Crc32C.Write(wire.AsSpan(at, padded), wire.AsSpan(at + padded));
            if (SpoilDataDigest) wire[at + padded] ^= 1;
        }
        return wire;
    }

    /// <summary>Not null: gets a copy of what is sent.</summary>
    public List<byte[]>? Sent { get; set; }

    public void SendRaw(ReadOnlySpan<byte> bytes)
    {
        Sent?.Add(bytes.ToArray());
        while (!bytes.IsEmpty) bytes = bytes[socket.Send(bytes)..];
    }

    /// <summary>The next PDU; null when the target has closed the connection.</summary>
    public ReceivedPdu? TryReceive()
    {
        byte[] header = new byte[BasicHeader.LengthBytes];
        if (!TryReceiveExactly(header)) return null;
        BasicHeader basic = new(header);
        if (HeaderDigest) CheckDigest(header, "header");
        int length = basic.DataSegmentLengthBytes;
        byte[] data = new byte[BasicHeader.Padded(length)];
        if (!TryReceiveExactly(data)) return null;
        if (DataDigest && length > 0) CheckDigest(data, "data");
        ExpCmdSN = basic.ExpCmdSN;
        if (SerialNumber.IsBefore(MaxCmdSN, basic.MaxCmdSN) || basic.Opcode == Opcode.LoginResponse) MaxCmdSN = basic.MaxCmdSN;
        bool takesStatSN = basic.Opcode switch
        {
            Opcode.ReadyToTransfer => false,
            Opcode.DataIn => new DataInHeader(header).HasStatus,
            Opcode.NopIn => basic.InitiatorTaskTag != BasicHeader.ReservedTag,
            _ => true,
        };
        if (takesStatSN) ExpStatSN = basic.StatSN + 1;
        return new(header, data[..length]);
    }

    /// <summary>The next PDU; throws when the connection is closed or it is another kind.</summary>
    public ReceivedPdu Receive(Opcode expected)
    {
        ReceivedPdu pdu = TryReceive() ?? throw new InvalidOperationException($"The target closed the connection; {expected} was expected.");
        if (pdu.Opcode != expected) throw new InvalidOperationException($"{pdu.Opcode} came, {expected} was expected: {Convert.ToHexString(pdu.Header)}");
        return pdu;
    }

    /// <summary>True when the target closes the connection without another PDU.</summary>
    public bool IsClosedByTarget() => TryReceive() is null;

    /// <summary>True when the target says that it drops the session, and closes the connection.</summary>
    public bool IsDroppedByTarget() => new AsyncMessageHeader(Receive(Opcode.AsyncMessage).Header).Event == AsyncEvent.SessionDropped && IsClosedByTarget();

    public void Dispose() => socket.Dispose();

    private void CheckDigest(byte[] bytes, string which)
    {
        byte[] digest = new byte[4];
        if (!TryReceiveExactly(digest) || !Crc32C.Matches(bytes, digest)) throw new InvalidDataException($"The {which} digest is wrong.");
    }

    private bool TryReceiveExactly(Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            int received;
            try
            {
                received = socket.Receive(destination);
            }
            catch (SocketException error) when (error.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown)
            {
                return false;
            }
            if (received == 0) return false;
            destination = destination[received..];
        }
        return true;
    }
}
