using System.Net.Sockets;
using Lunaria.Iscsi.Pdu;
using Lunaria.Testing;

namespace Lunaria.Iscsi.Tests.Fuzz;

/// <summary>
/// One attacker: connection after connection with mutated transcripts or PDUs of the grammar, each read to its end. One thread; its random
/// numbers are its own, so a seed repeats what it sends.
/// </summary>
internal sealed class Attacker(TestServer server, IReadOnlyList<byte[]> transcript, int seed, int number)
{
    /// <summary>A connection that has been half-closed and is not closed by the target after so long is stuck.</summary>
    public TimeSpan EndWithin { get; init; } = TimeSpan.FromSeconds(60);

    private readonly Random random = new(seed + number);
    private readonly byte[] sink = new byte[65536];

    /// <summary>PDUs sent so far.</summary>
    public long Sent { get; private set; }

    /// <summary>Connections begun so far.</summary>
    public int Connections { get; private set; }

    /// <summary>One connection.</summary>
    public void Attack()
    {
        Connections++;
        using ScriptedInitiator initiator = server.Connect((ulong)((number * 16) + random.Next(4)));
        initiator.InitiatorName = $"iqn.2026-11.test:attacker-{number}";
        try
        {
            if (random.Next(4) == 0) Replay(initiator);
            else SendGrammar(initiator, random.Next(20, 200));
        }
        catch (Exception error) when (error is SocketException or InvalidOperationException or InvalidDataException)
        {
            // The target closed the connection, or refused the login: both are its right.
        }
        ReadToEnd(initiator);
    }

    private void Replay(ScriptedInitiator initiator)
    {
        foreach (byte[] pdu in Transcripts.Mutate(transcript, random)) Send(initiator, pdu);
    }

    private void SendGrammar(ScriptedInitiator initiator, int count)
    {
        string digest = random.Next(3) == 0 ? "CRC32C" : "None";
        initiator.Login(
            TestServer.TargetName, ("HeaderDigest", digest), ("DataDigest", digest), ("InitialR2T", random.Next(2) == 0 ? "Yes" : "No"),
            ("ErrorRecoveryLevel", $"{random.Next(3)}"), ("MaxConnections", "4"), ("DefaultTime2Wait", "0"), ("DefaultTime2Retain", "0"), ("iSCSIProtocolLevel", "2"));
        if (random.Next(4) == 0) Heal(initiator);
        using ScriptedInitiator? second = random.Next(4) == 0 ? Join(initiator) : null;
        PduGrammar grammar = new(initiator, random);
        PduGrammar? other = second is null ? null : new(second, random);
        for (int i = 0; i < count; i++)
        {
            if (second is not null && random.Next(2) == 0) Send(second, Tame(other!.Next()));
            else Send(initiator, Tame(grammar.Next()));
        }
        if (second is not null) ReadToEnd(second);
    }

    private ScriptedInitiator Join(ScriptedInitiator first)
    {
        ScriptedInitiator further = server.NewConnection(first, (ushort)random.Next(1, 4));
        further.Login(TestServer.TargetName);
        return further;
    }

    /// <summary>TARGET COLD RESET ends every session, as it should: a witness would see it as harm.</summary>
    private static byte[] Tame(byte[] pdu)
    {
        if ((pdu[0] & 0x3F) == (int)Opcode.TaskManagementRequest && (pdu[1] & 0x7F) == (int)TaskManagementFunction.TargetColdReset) pdu[1] = 0x80;
        return pdu;
    }

    /// <summary>Undoes what would keep later commands from getting deep: a stopped unit, write protection, reservations.</summary>
    private static void Heal(ScriptedInitiator initiator)
    {
        initiator.Manage(TaskManagementFunction.LogicalUnitReset);
        Send([0x1B, 0, 0, 0, 1]);
        byte[] keys = new byte[24];
        keys[15] = 1;
        Send([0x5F, 6, 0, 0, 0, 0, 0, 0, 24], keys);
        keys[7] = 1;
        Send([0x5F, 3, 0, 0, 0, 0, 0, 0, 24], keys);

        void Send(byte[] cdb, byte[]? data = null)
        {
            for (int i = 0; i < 4; i++)
            {
                initiator.Send(initiator.CommandHeader(cdb, data?.Length ?? 0, write: data is not null), data);
                if (initiator.ReceiveResult().SenseCode >> 16 != 6) return;
            }
        }
    }

    private void Send(ScriptedInitiator initiator, byte[] pdu)
    {
        initiator.SendRaw(pdu);
        // What has come is taken now and then, or both sides would wait for each other.
        if (++Sent % 8 == 0) Drain(initiator.Socket);
    }

    private void Drain(Socket socket)
    {
        while (socket.Available > 0) socket.Receive(sink);
    }

    private void ReadToEnd(ScriptedInitiator initiator)
    {
        Socket socket = initiator.Socket;
        try
        {
            socket.Shutdown(SocketShutdown.Send);
            socket.ReceiveTimeout = (int)EndWithin.TotalMilliseconds;
            while (socket.Receive(sink, SocketFlags.None, out SocketError error) > 0 || error == SocketError.TimedOut)
                if (error == SocketError.TimedOut)
                    throw new TimeoutException($"seed {seed}, attacker {number}, connection {Connections}: the target neither serves nor closes it");
        }
        catch (SocketException)
        {
            // Reset by the target.
        }
    }
}
