using System.Buffers.Binary;
using Lunaria.Iscsi.Pdu;
using Lunaria.Testing;

namespace Lunaria.Iscsi.Tests.Sessions;

/// <summary>A 4 KiB READ or WRITE allocates nothing. Alone in the process while it runs, because the count is the process's.</summary>
[TestClass]
[DoNotParallelize]
public class AllocationTests
{
    private const int Commands = 12_800;

    [TestMethod]
    [DataRow(1, false, DisplayName = "QD1 READ")]
    [DataRow(1, true, DisplayName = "QD1 WRITE")]
    [DataRow(32, false, DisplayName = "QD32 READ")]
    [DataRow(32, true, DisplayName = "QD32 WRITE")]
    public async Task A_command_allocates_nothing(int depth, bool write)
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, ("MaxRecvDataSegmentLength", "262144"));
        Batch batch = new(initiator, depth, write);
        for (int i = 0; i < 2000 / depth; i++) batch.Run();
        long least = long.MaxValue;
        // The test host may allocate on its own; what a command allocates is there every time.
        for (int attempt = 0; attempt < 3 && least >= Commands; attempt++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            for (int i = 0; i < Commands / depth; i++) batch.Run();
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }
        Assert.IsLessThan(Commands, least, $"{least} bytes for {Commands} commands");
    }

    /// <summary>Commands in one buffer, sent at once, and room for their answers: made once.</summary>
    private sealed class Batch
    {
        private readonly ScriptedInitiator initiator;
        private readonly byte[] requests, responses;
        private readonly int depth, requestBytes;

        public Batch(ScriptedInitiator initiator, int depth, bool write)
        {
            this.initiator = initiator;
            this.depth = depth;
            byte[] header = initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(write ? (byte)0x8A : (byte)0x88, 0, 8), 4096, read: !write, write: write);
            initiator.CmdSN--;
            byte[] data = write ? new byte[4096] : [];
            new BasicHeader(header).DataSegmentLengthBytes = data.Length;
            byte[] one = initiator.Frame(header, data);
            requestBytes = one.Length;
            requests = new byte[depth * requestBytes];
            for (int i = 0; i < depth; i++)
            {
                one.CopyTo(requests, i * requestBytes);
                BinaryPrimitives.WriteUInt32BigEndian(requests.AsSpan((i * requestBytes) + 16), (uint)(i + 0x1000));
                BinaryPrimitives.WriteInt64BigEndian(requests.AsSpan((i * requestBytes) + 34), i * 8);
            }
            responses = new byte[depth * (write ? 48 : 48 + 4096)];
        }

        public void Run()
        {
            for (int i = 0; i < depth; i++) BinaryPrimitives.WriteUInt32BigEndian(requests.AsSpan((i * requestBytes) + 24), initiator.CmdSN++);
            initiator.SendRaw(requests);
            int received = 0;
            while (received < responses.Length)
            {
                int count = initiator.Socket.Receive(responses.AsSpan(received));
                if (count == 0) throw new InvalidOperationException("The target closed the connection.");
                received += count;
            }
            if (responses[3] != 0) throw new InvalidOperationException($"A command failed with status {responses[3]}.");
        }
    }
}
