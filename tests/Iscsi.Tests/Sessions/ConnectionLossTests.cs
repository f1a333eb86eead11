using Lunaria.Iscsi.Pdu;
using Lunaria.Testing;

namespace Lunaria.Iscsi.Tests.Sessions;

/// <summary>Connections that end in the middle of something, and what is left of them: nothing.</summary>
[TestClass]
public class ConnectionLossTests
{
    [TestMethod]
    public async Task A_connection_cut_in_the_middle_of_a_write_leaves_nothing_behind()
    {
        await using TestServer server = await TestServer.StartAsync();
        for (int cut = 0; cut < 40; cut++)
        {
            using ScriptedInitiator initiator = server.LogIn((ulong)cut, ("InitialR2T", "No"));
            byte[] header = initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, 512), 262144, write: true);
            new BasicHeader(header).DataSegmentLengthBytes = 65536;
            byte[] wire = initiator.Frame(header, new byte[65536]);
            initiator.SendRaw(wire.AsSpan(0, 48 + (cut * 1600)));
            if (cut % 2 == 0) initiator.Socket.LingerState = new(true, 0);
        }
        await server.Server.Context.Connections.WhenAtMostAsync(0).WaitAsync(TimeSpan.FromSeconds(20));
        Assert.AreEqual(0, server.Server.Sessions.Count);
        Assert.AreEqual(0, server.Server.Context.Pool.RentedBytes);
        using ScriptedInitiator after = server.LogIn();
        Assert.AreEqual(0, after.Read(0, 1).Status);
    }

    [TestMethod]
    public async Task Hosts_that_vanish_in_the_middle_leave_neither_memory_nor_sessions_nor_a_locked_unit()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { PingTimeout = TimeSpan.FromSeconds(5) });
        Random random = new(8);
        for (int round = 0; round < 60; round++)
        {
            using ScriptedInitiator rude = server.Connect((ulong)(round % 5));
            if (round % 6 == 0)
            {
                // Gone before the answer to its login.
                rude.SendLogin(LoginStage.OperationalNegotiation, LoginStage.FullFeaturePhase, ("InitiatorName", rude.InitiatorName), ("TargetName", TestServer.TargetName));
            }
            else
            {
                rude.Login(TestServer.TargetName, ("MaxRecvDataSegmentLength", "262144"));
                rude.ClearUnitAttention();
                server.Medium.ShortCuts = round % 3 != 0;
                List<byte> wire = [];
                for (int i = 0; i < 40; i++)
                {
                    byte[] data = i % 2 == 0 ? new byte[4096] : [];
                    byte[] header = i % 2 == 0 ? rude.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, i * 8, 8), 4096, write: true)
                        : rude.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, 1024, 2048), 1 << 20, read: true);
                    new BasicHeader(header).DataSegmentLengthBytes = data.Length;
                    wire.AddRange(rude.Frame(header, data));
                }
                rude.SendRaw(wire.ToArray().AsSpan(0, random.Next(48, wire.Count)));
            }
            rude.Socket.LingerState = new(true, 0);
        }
        await server.Server.Context.Connections.WhenAtMostAsync(0).WaitAsync(TimeSpan.FromSeconds(40));
        Assert.AreEqual(0, server.Server.Sessions.Count);
        Assert.AreEqual(0, server.Server.Context.Pool.RentedBytes);
        server.Medium.ShortCuts = true;
        using ScriptedInitiator after = server.LogIn(1);
        // COMPARE AND WRITE needs the unit for itself.
        byte[] before = server.Medium.Bytes[..512].ToArray(), both = new byte[1024];
        before.CopyTo(both, 0);
        byte[] cdb = new byte[16];
        cdb[0] = 0x89;
        cdb[13] = 1;
        after.Send(after.CommandHeader(cdb, both.Length, write: true), both);
        Assert.AreEqual(0, after.ReceiveResult().Status);
    }

    [TestMethod]
    public async Task A_session_that_is_told_to_close_while_its_commands_complete_ends()
    {
        await using TestServer server = await TestServer.StartAsync();
        for (int round = 0; round < 20; round++)
        {
            using ScriptedInitiator old = server.LogIn(7);
            server.Medium.Hold();
            for (int i = 0; i < 16; i++) old.Send(old.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, 0, 8), 4096, read: true));
            await server.Medium.WhenHeldAsync();
            using ScriptedInitiator fresh = server.Connect(7);
            fresh.SendLogin(LoginStage.OperationalNegotiation, LoginStage.FullFeaturePhase, ("InitiatorName", fresh.InitiatorName), ("TargetName", TestServer.TargetName));
            server.Medium.LetGo();
            Assert.AreEqual(0, fresh.Receive(Opcode.LoginResponse).Status());
        }
    }

    [TestMethod]
    public async Task A_wrong_digest_closes_the_connection()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator header = server.LogIn(1, ("HeaderDigest", "CRC32C")), data = server.LogIn(2, ("DataDigest", "CRC32C"));
        header.SpoilHeaderDigest = true;
        header.Send(header.CommandHeader(new byte[16]));
        Assert.IsTrue(header.IsClosedByTarget());
        data.SpoilDataDigest = true;
        data.Send(data.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, 1), 512, write: true), Enumerable.Repeat((byte)1, 512).ToArray());
        ReceivedPdu reject = data.Receive(Opcode.Reject);
        Assert.AreEqual((byte)RejectReason.DataDigestError, new CodeResponseHeader(reject.Header).Code);
        Assert.IsTrue(data.IsClosedByTarget());
        Assert.AreEqual(0, server.Medium.Bytes[0]);
    }
}
