using Lunaria.Iscsi.Pdu;
using Lunaria.Testing;

namespace Lunaria.Iscsi.Tests.Sessions;

/// <summary>Long answers, which leave by another thread while the next is read.</summary>
[TestClass]
public sealed class LongReadTests
{
    private const int LengthBytes = 256 << 10, Blocks = LengthBytes / ScriptedInitiatorCommands.BlockBytes;

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public async Task Many_at_once_come_whole_and_in_order_to_a_host_that_reads_late(bool digests)
    {
        await using TestServer server = await TestServer.StartAsync();
        new Random(5).NextBytes(server.Medium.Bytes);
        string digest = digests ? "CRC32C" : "None";
        using ScriptedInitiator initiator = server.LogIn(
            null, ("MaxRecvDataSegmentLength", "262144"), ("MaxBurstLength", "262144"), ("HeaderDigest", digest), ("DataDigest", digest));
        for (int round = 0; round < 8; round++)
        {
            for (int i = 0; i < 8; i++)
                initiator.Send(initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, Lba(round, i), Blocks), LengthBytes, read: true));
            for (int i = 0; i < 8; i++)
            {
                CommandResult result = initiator.ReceiveResult();
                Assert.AreEqual(0, result.Status);
                Assert.IsTrue(server.Medium.Bytes.Slice((int)Lba(round, i) * ScriptedInitiatorCommands.BlockBytes, LengthBytes).SequenceEqual(result.Data), $"round {round}, read {i}");
            }
        }
    }

    [TestMethod]
    public async Task A_host_that_goes_away_in_the_middle_leaves_nothing_behind()
    {
        await using TestServer server = await TestServer.StartAsync();
        for (int round = 0; round < 20; round++)
        {
            using ScriptedInitiator initiator = server.LogIn((ulong)round, ("MaxRecvDataSegmentLength", "262144"));
            Assert.AreEqual(0, initiator.Read(0, Blocks).Status);
            Assert.AreEqual(0, initiator.Read(0, Blocks).Status);
            for (int i = 0; i < 32; i++)
                initiator.Send(initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, 0, Blocks), LengthBytes, read: true));
            if (round % 2 == 0) initiator.Receive(Opcode.DataIn);
            initiator.Socket.LingerState = new(true, 0);
        }
        using ScriptedInitiator after = server.LogIn(1000);
        Assert.AreEqual(0, after.Read(0, Blocks).Status);
    }

    private static long Lba(int round, int index) => ((round * 3) + (index * 7)) % 60 * 512;
}
