using Lunaria.Iscsi.Pdu;
using Lunaria.Testing;

namespace Lunaria.Iscsi.Tests.Sessions;

/// <summary>Payloads in every style and size, over a real socket.</summary>
[TestClass]
public class DataTransferTests
{
    [TestMethod]
    [DataRow("None", true, DisplayName = "short cuts")]
    [DataRow("CRC32C", true, DisplayName = "short cuts, digests")]
    [DataRow("None", false, DisplayName = "waiting medium")]
    [DataRow("CRC32C", false, DisplayName = "waiting medium, digests")]
    public async Task Every_style_and_size_arrives(string digest, bool shortCuts)
    {
        await using TestServer server = await TestServer.StartAsync();
        server.Medium.ShortCuts = shortCuts;
        using ScriptedInitiator initiator = server.LogIn(null, ("HeaderDigest", digest), ("DataDigest", digest), ("InitialR2T", "No"),
            ("MaxBurstLength", "131072"), ("FirstBurstLength", "65536"), ("MaxOutstandingR2T", "4"), ("MaxRecvDataSegmentLength", "32768"));
        Random random = new(1);
        int[] sizes = [512, 1024, 4096, 8192, 12800, 65536, 66048, 131072, 200192, 262144, 1 << 20, 3 << 20];
        foreach (int size in sizes)
        {
            (int Immediate, int Unsolicited, int Segment)[] styles =
                [(65536, 0, 8192), (0, 0, 4096), (0, 65536, 3000), (512, 65024, 1023), (4096, 61440, 65536), (0, 0, 131072)];
            foreach ((int immediate, int unsolicited, int segment) in styles)
            {
                byte[] data = new byte[size];
                random.NextBytes(data);
                CommandResult written = initiator.Write(8, data, immediate, unsolicited, segment);
                Assert.AreEqual(0, written.Status, $"{size} bytes, {immediate} immediate, {unsolicited} unsolicited, segments of {segment}");
                Assert.AreEqual(0u, written.Residual);
                Assert.IsTrue(server.Medium.Bytes.Slice(8 * 512, size).SequenceEqual(data), $"{size} bytes, {immediate} immediate, {unsolicited} unsolicited, segments of {segment}");
                CommandResult read = initiator.Read(8, size / 512);
                Assert.AreEqual(0, read.Status);
                Assert.IsTrue(read.Data.AsSpan().SequenceEqual(data), $"read of {size} bytes");
            }
        }
    }

    [TestMethod]
    public async Task Large_immediate_data_is_streamed_and_a_slow_sender_is_waited_for()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, ("DataDigest", "CRC32C"), ("ImmediateData", "Yes"), ("FirstBurstLength", "262144"));
        byte[] data = new byte[262144];
        new Random(2).NextBytes(data);
        byte[] header = initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, 512), data.Length, write: true);
        new BasicHeader(header).DataSegmentLengthBytes = data.Length;
        byte[] wire = initiator.Frame(header, data);
        // Cut at places that are awkward: inside the header, the data, the digest.
        foreach (Range part in new[] { ..20, 20..60, 60..9000, 9000..200000, 200000..(wire.Length - 2), (wire.Length - 2).. }) initiator.SendRaw(wire.AsSpan(part));
        Assert.AreEqual(0, initiator.ReceiveResult().Status);
        Assert.IsTrue(server.Medium.Bytes[..data.Length].SequenceEqual(data));
    }

    [TestMethod]
    public async Task Many_commands_in_one_send_are_all_answered_in_order_of_their_blocks()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn();
        List<byte> wire = [];
        for (int i = 0; i < 64; i++)
        {
            byte[] data = new byte[4096];
            data.AsSpan().Fill((byte)(i + 1));
            byte[] write = initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, i / 2 * 8, 8), 4096, write: true);
            new BasicHeader(write).DataSegmentLengthBytes = 4096;
            wire.AddRange(initiator.Frame(write, data));
            byte[] read = initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, i / 2 * 8, 8), 4096, read: true);
            wire.AddRange(initiator.Frame(read, []));
        }
        initiator.SendRaw(wire.ToArray());
        int reads = 0;
        for (int i = 0; i < 128; i++)
        {
            ReceivedPdu pdu = initiator.TryReceive()!;
            if (pdu.Opcode != Opcode.DataIn) continue;
            reads++;
            // Each read sees the write before it.
            Assert.IsTrue(pdu.Data.AsSpan().IndexOfAnyExcept(pdu.Data[0]) < 0);
        }
        Assert.AreEqual(64, reads);
        for (int i = 0; i < 32; i++) Assert.AreEqual((byte)((2 * i) + 2), server.Medium.Bytes[i * 4096]);
    }

    [TestMethod]
    public async Task Residuals_tell_what_was_not_transferred()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn();
        CommandResult under = initiator.Read(0, 2, expectedLength: 4096);
        Assert.AreEqual((true, false, 3072u, 1024), (under.Underflow, under.Overflow, under.Residual, under.Data.Length));
        CommandResult over = initiator.Read(0, 8, expectedLength: 512);
        Assert.AreEqual((false, true, 3584u, 512), (over.Underflow, over.Overflow, over.Residual, over.Data.Length));
        CommandResult none = initiator.Read(0, 0, expectedLength: 0);
        Assert.AreEqual((0, 0u), (none.Status, none.Residual));
        CommandResult nothingExpected = initiator.Read(0, 1, expectedLength: 0);
        Assert.AreEqual((0, true, 512u), (nothingExpected.Status, nothingExpected.Overflow, nothingExpected.Residual));

        // A write whose initiator sends more than the CDB asks for, and one that sends less.
        byte[] header = initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, 1), 1024, write: true);
        initiator.Send(header, new byte[1024]);
        CommandResult longWrite = initiator.ReceiveResult();
        Assert.AreEqual((0, true, 512u), (longWrite.Status, longWrite.Underflow, longWrite.Residual));
        header = initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, 4), 512, write: true);
        initiator.Send(header, new byte[512]);
        CommandResult shortWrite = initiator.ReceiveResult();
        Assert.AreEqual((true, 1536u), (shortWrite.Overflow, shortWrite.Residual));

        CommandResult pastTheEnd = initiator.Read(long.MaxValue / 1024, 8);
        Assert.AreEqual((2, 0x052100, true, 4096u), (pastTheEnd.Status, pastTheEnd.SenseCode, pastTheEnd.Underflow, pastTheEnd.Residual));
    }

    [TestMethod]
    public async Task Wrong_data_out_fails_its_command_only()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { LastDataTimeout = TimeSpan.FromMilliseconds(20) });
        using ScriptedInitiator initiator = server.LogIn(null, ("InitialR2T", "No"), ("ImmediateData", "No"), ("FirstBurstLength", "65536"));
        byte[] data = new byte[8192];
        Action<byte[]>[] mistakes =
        [
            header => new DataOutHeader(header).Basic.SetUInt32(36, 27),
            header => new DataOutHeader(header).Basic.SetUInt32(40, 512),
            header => new DataOutHeader(header).Basic.SetUInt32(20, 0x77),
        ];
        foreach (Action<byte[]> mistake in mistakes)
        {
            byte[] command = initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, 16), data.Length, write: true, final: false);
            initiator.Send(command);
            byte[] dataOut = initiator.DataOutHeader(new BasicHeader(command).InitiatorTaskTag, BasicHeader.ReservedTag, 0, 0, final: false);
            mistake(dataOut);
            initiator.Send(dataOut, data.AsSpan(0, 4096));
            CommandResult result = initiator.ReceiveResult();
            Assert.AreEqual(2, result.Status);
            Assert.AreEqual(0x0B, result.SenseCode >> 16);
            // What still comes for it is dropped, and the session goes on.
            initiator.Send(initiator.DataOutHeader(new BasicHeader(command).InitiatorTaskTag, BasicHeader.ReservedTag, 4096, 1, final: true), data.AsSpan(0, 4096));
            Assert.AreEqual(0, initiator.Write(0, data, immediate: 0).Status);
        }
    }

    [TestMethod]
    [DataRow("0")]
    [DataRow("2")]
    public async Task A_command_that_fails_before_its_unsolicited_data_has_come_is_answered_after_it(string level)
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { LastDataTimeout = TimeSpan.FromHours(1) });
        using ScriptedInitiator initiator = server.LogIn(null, ("InitialR2T", "No"), ("FirstBurstLength", "8192"), ("ErrorRecoveryLevel", level));
        uint first = Begin(), aborted = Begin();
        Assert.AreEqual(TaskManagementResponse.FunctionComplete, initiator.Manage(TaskManagementFunction.AbortTask, aborted));
        initiator.Send(initiator.DataOutHeader(first, BasicHeader.ReservedTag, 512, 0, final: false), new byte[4096]);
        TaskManagementTests.Ping(initiator);
        initiator.Send(initiator.DataOutHeader(first, BasicHeader.ReservedTag, 4608, 1, final: true), new byte[3584]);
        Assert.AreEqual(0x052100, initiator.ReceiveResult().SenseCode);
        Assert.AreEqual(0, initiator.Write(0, new byte[8192]).Status);
        // Nothing is left behind of a connection that ends meanwhile.
        Begin();
        TaskManagementTests.Ping(initiator);

        uint Begin()
        {
            byte[] write = initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, long.MaxValue / 1024, 32), 16384, write: true, final: false);
            initiator.Send(write, new byte[512]);
            return new BasicHeader(write).InitiatorTaskTag;
        }
    }

    [TestMethod]
    public async Task A_command_that_fails_and_whose_data_never_comes_is_answered_all_the_same()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { LastDataTimeout = TimeSpan.FromMilliseconds(20) });
        using ScriptedInitiator initiator = server.LogIn(null, ("InitialR2T", "No"));
        initiator.Send(initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, long.MaxValue / 1024, 32), 16384, write: true, final: false));
        Assert.AreEqual(0x052100, initiator.ReceiveResult().SenseCode);
    }

    [TestMethod]
    public async Task Unsolicited_data_that_was_not_agreed_on_fails_its_command()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { LastDataTimeout = TimeSpan.FromHours(1) });
        using ScriptedInitiator initiator = server.LogIn(null, ("InitialR2T", "Yes"), ("ImmediateData", "No"));
        CommandResult immediate = initiator.Write(0, new byte[512], immediate: 512);
        Assert.AreEqual((2, 0x0B0C0C), (immediate.Status, immediate.SenseCode));
        byte[] command = initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, 1), 512, write: true, final: false);
        uint tag = new BasicHeader(command).InitiatorTaskTag;
        initiator.Send(command);
        uint transfer = initiator.Receive(Opcode.ReadyToTransfer).Basic.TargetTransferTag;
        initiator.SendDataOut(tag, BasicHeader.ReservedTag, new byte[512], 0, 512, 512);
        TaskManagementTests.Ping(initiator);
        // Its answer comes when what was asked for has come, too.
        initiator.SendDataOut(tag, transfer, new byte[512], 0, 512, 512);
        Assert.AreEqual(0x0B0C0C, initiator.ReceiveResult().SenseCode);
        Assert.AreEqual(0, initiator.Write(0, new byte[512], immediate: 0).Status);
    }

    [TestMethod]
    public async Task Several_r2ts_are_outstanding_at_once_and_no_more_than_agreed()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn(null, ("MaxBurstLength", "8192"), ("MaxOutstandingR2T", "3"), ("ImmediateData", "No"), ("InitialR2T", "Yes"));
        byte[] data = new byte[65536];
        new Random(3).NextBytes(data);
        initiator.Send(initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, 0, 128), data.Length, write: true));
        Queue<ReceivedPdu> asked = new();
        for (int i = 0; i < 3; i++) asked.Enqueue(initiator.Receive(Opcode.ReadyToTransfer));
        // A NOP shows that there is no fourth one.
        initiator.Send(initiator.NewHeader(Opcode.NopOut, immediate: true));
        initiator.Receive(Opcode.NopIn);
        Assert.AreEqual(3, asked.Select(pdu => pdu.Basic.TargetTransferTag).Distinct().Count());
        while (asked.TryDequeue(out ReceivedPdu? pdu))
        {
            ReadyToTransferHeader r2t = new(pdu.Header);
            Assert.AreEqual(8192u, r2t.DesiredLength);
            initiator.SendDataOut(pdu.Basic.InitiatorTaskTag, pdu.Basic.TargetTransferTag, data, (int)r2t.BufferOffset, 8192, 3000);
            if (r2t.R2TSN < 5) asked.Enqueue(initiator.Receive(Opcode.ReadyToTransfer));
        }
        Assert.AreEqual(0, initiator.ReceiveResult().Status);
        Assert.IsTrue(server.Medium.Bytes[..data.Length].SequenceEqual(data));
    }

    [TestMethod]
    public async Task The_longest_transfer_of_a_unit_finds_a_buffer()
    {
        await using TestServer server = await TestServer.StartAsync(mediumBytes: 40 << 20);
        server.Medium.ShortCuts = false;
        using ScriptedInitiator initiator = server.LogIn(null, ("MaxRecvDataSegmentLength", "262144"));
        byte[] data = new byte[32 << 20];
        new Random(7).NextBytes(data);
        Assert.AreEqual(0, initiator.Write(0, data, immediate: 0, segment: 262144).Status);
        Assert.IsTrue(server.Medium.Bytes[..data.Length].SequenceEqual(data));
        Assert.IsTrue(initiator.Read(0, data.Length / 512).Data.AsSpan().SequenceEqual(data));
    }

    [TestMethod]
    public async Task A_medium_that_throws_fails_its_command_and_not_the_session()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ScriptedInitiator initiator = server.LogIn();
        server.Medium.ShortCuts = false;
        server.Medium.Failure = new InvalidOperationException("broken");
        Assert.AreEqual(0x044400, initiator.Read(0, 8).SenseCode);
        Assert.AreEqual(0x044400, initiator.Write(0, new byte[4096]).SenseCode);
        server.Medium.Failure = null;
        Assert.AreEqual(0, initiator.Read(0, 8).Status);
    }

    [TestMethod]
    public async Task When_memory_is_short_commands_wait_and_none_is_lost()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { MaxConnectionBufferBytes = 1 << 20, BufferPoolBytes = 16 << 20 });
        server.Medium.ShortCuts = false;
        using ScriptedInitiator initiator = server.LogIn(null, ("ImmediateData", "No"), ("InitialR2T", "Yes"), ("MaxRecvDataSegmentLength", "262144"));
        byte[] data = new byte[512 * 1024];
        new Random(4).NextBytes(data);
        for (int i = 0; i < 10; i++)
        {
            initiator.Send(initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x8A, i * 1024, 1024), data.Length, write: true));
            initiator.Send(initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, 16384, 1024), data.Length, read: true));
        }
        int statuses = 0;
        while (statuses < 20)
        {
            ReceivedPdu pdu = initiator.TryReceive()!;
            if (pdu.Opcode == Opcode.ReadyToTransfer)
            {
                ReadyToTransferHeader r2t = new(pdu.Header);
                initiator.SendDataOut(pdu.Basic.InitiatorTaskTag, pdu.Basic.TargetTransferTag, data, (int)r2t.BufferOffset, (int)r2t.DesiredLength, 65536);
            }
            else if (pdu.Opcode == Opcode.ScsiResponse)
            {
                Assert.AreEqual(0, new ScsiResponseHeader(pdu.Header).Status);
                statuses++;
            }
            else if (pdu.Opcode == Opcode.DataIn && new DataInHeader(pdu.Header).HasStatus)
            {
                statuses++;
            }
        }
        for (int i = 0; i < 10; i++) Assert.IsTrue(server.Medium.Bytes.Slice(i * data.Length, data.Length).SequenceEqual(data));
    }
}
