using System.Diagnostics;
using System.Net.Sockets;
using Lunaria.Iscsi.Pdu;
using Lunaria.Testing;

namespace Lunaria.Iscsi.Tests.Bench;

/// <summary>
/// A connection that keeps some commands under way and looks at as little of the answers as it can: the target is to be measured, not this. The
/// digests of what comes are passed over. One thread.
/// </summary>
internal sealed class LoadConnection
{
    private readonly ScriptedInitiator initiator;
    private readonly Func<uint> nextCmdSN;
    private readonly byte[] request, buffer = new byte[1 << 20];
    private readonly long[] sentAt;
    private readonly int headerBytes;
    private readonly bool dataDigest;
    private readonly Random random;
    private readonly int blocks;
    private int start, end;

    /// <param name="initiator">Logged in.</param>
    /// <param name="lengthBytes">Of each command.</param>
    /// <param name="nextCmdSN">The next number of the session.</param>
    public LoadConnection(ScriptedInitiator initiator, int lengthBytes, int depth, bool write, Func<uint> nextCmdSN, int seed)
    {
        (this.initiator, this.nextCmdSN, dataDigest, random) = (initiator, nextCmdSN, initiator.DataDigest, new(seed));
        blocks = lengthBytes / ScriptedInitiatorCommands.BlockBytes;
        byte[] header = initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(write ? (byte)0x8A : (byte)0x88, 0, blocks), lengthBytes, read: !write, write: write);
        initiator.CmdSN--;
        byte[] data = write ? new byte[lengthBytes] : [];
        new BasicHeader(header).DataSegmentLengthBytes = data.Length;
        request = initiator.Frame(header, data);
        headerBytes = BasicHeader.LengthBytes + (initiator.HeaderDigest ? Crc32C.LengthBytes : 0);
        sentAt = new long[depth];
    }

    /// <summary>Commands done.</summary>
    public long Done { get; private set; }

    /// <summary>How long each took, microseconds.</summary>
    public List<float> LatenciesUs { get; } = new(1 << 14);

    /// <summary>Works until <paramref name="stop"/>, then waits for what is under way.</summary>
    public void Run(Func<bool> stop)
    {
        int open = 0;
        for (; open < sentAt.Length; open++) Send(open);
        while (open > 0)
        {
            uint slot = ReceiveStatus();
            LatenciesUs.Add((float)Stopwatch.GetElapsedTime(sentAt[slot]).TotalMicroseconds);
            Done++;
            if (stop()) open--;
            else Send((int)slot);
        }
    }

    private void Send(int slot)
    {
        BasicHeader header = new(request.AsSpan(0, BasicHeader.LengthBytes));
        header.InitiatorTaskTag = (uint)slot;
        header.CmdSN = nextCmdSN();
        System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(header.Bytes[34..], (long)random.Next(16) * blocks);
        if (headerBytes > BasicHeader.LengthBytes) Crc32C.Write(header.Bytes, request.AsSpan(BasicHeader.LengthBytes));
        sentAt[slot] = Stopwatch.GetTimestamp();
        initiator.SendRaw(request);
    }

    /// <summary>Passes over PDUs up to the next status; returns its task tag.</summary>
    private uint ReceiveStatus()
    {
        while (true)
        {
            Need(headerBytes);
            BasicHeader header = new(buffer.AsSpan(start, BasicHeader.LengthBytes));
            int data = header.DataSegmentLengthBytes;
            int rest = headerBytes + BasicHeader.Padded(data) + (dataDigest && data > 0 ? Crc32C.LengthBytes : 0);
            bool ends = header.Opcode == Opcode.ScsiResponse || (header.Opcode == Opcode.DataIn && header.Flag(1, 1));
            if (ends && header.Bytes[3] != 0) throw new InvalidOperationException($"A command failed with status {header.Bytes[3]}.");
            uint tag = header.InitiatorTaskTag;
            while (rest > 0)
            {
                if (start == end) Receive();
                int part = Math.Min(rest, end - start);
                start += part;
                rest -= part;
            }
            if (ends) return tag;
        }
    }

    private void Need(int count)
    {
        if (end - start >= count) return;
        buffer.AsSpan(start, end - start).CopyTo(buffer);
        (start, end) = (0, end - start);
        while (end - start < count) Receive();
    }

    private void Receive()
    {
        if (start == end) start = end = 0;
        int received = initiator.Socket.Receive(buffer.AsSpan(end), SocketFlags.None);
        if (received == 0) throw new InvalidOperationException("The target closed the connection.");
        end += received;
    }
}
