using System.Net.Sockets;
using Lunaria.Iscsi.Pdu;
using Lunaria.Testing;

namespace Lunaria.Iscsi.Tests.Sessions;

/// <summary>A link that loses PDUs both ways, under an initiator that recovers with all that ErrorRecoveryLevel 1 offers: no byte may be wrong.</summary>
[TestClass]
public class LossyLinkTests
{
    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    public async Task Whatever_is_lost_comes_again()
    {
        int seed = Seed.One();
        TestContext.WriteLine($"LUNARIA_SEED={seed}");
        await using TestServer server = await TestServer.StartAsync(options => options with { DataRequestInterval = TimeSpan.FromMilliseconds(100) });
        using ScriptedInitiator initiator = server.LogIn(
            null, ("ErrorRecoveryLevel", "1"), ("HeaderDigest", "CRC32C"), ("DataDigest", "CRC32C"), ("InitialR2T", "No"), ("MaxBurstLength", "16384"), ("FirstBurstLength", "16384"));
        Link link = new(initiator, new(seed));
        byte[] model = new byte[1 << 20];
        Random random = new(seed + 1);
        for (int i = 0; i < 50; i++)
        {
            int blocks = random.Next(1, 129), lba = random.Next((model.Length / 512) - blocks);
            Span<byte> range = model.AsSpan(lba * 512, blocks * 512);
            if (random.Next(2) == 0)
            {
                random.NextBytes(range);
                link.Write(lba, range.ToArray());
            }
            else
            {
                Assert.IsTrue(link.Read(lba, blocks).AsSpan().SequenceEqual(range), $"seed {seed}, command {i}");
            }
        }
        Assert.IsTrue(server.Medium.Bytes[..model.Length].SequenceEqual(model), $"seed {seed}");
        Assert.IsGreaterThan(10, link.Lost, "the link has lost enough");
        TestContext.WriteLine($"{link.Lost} PDUs lost");
    }

    /// <summary>One command at a time over the lossy link.</summary>
    private sealed class Link(ScriptedInitiator initiator, Random random)
    {
        private bool lostHeader;
        private uint expStatSN = initiator.ExpStatSN;

        public int Lost { get; private set; }

        public byte[] Read(int lba, int blocks)
        {
            byte[] command = initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, lba, blocks), blocks * 512, read: true);
            byte[] data = new byte[blocks * 512];
            HashSet<uint> have = [];
            uint? expected = null;
            Send(command, default);
            while (expected is null || have.Count < expected)
            {
                if (Receive() is not ReceivedPdu pdu)
                {
                    if (expected is null) Probe(command, default);
                    else AskForMissing(command, have, expected.Value);
                    continue;
                }
                // What was asked for twice may come when its command is long over.
                if (pdu.Opcode == Opcode.DataIn && pdu.Basic.InitiatorTaskTag == new BasicHeader(command).InitiatorTaskTag)
                {
                    DataInHeader header = new(pdu.Header);
                    pdu.Data.CopyTo(data, (int)header.BufferOffset);
                    have.Add(header.DataSN);
                }
                else if (IsStatusOf(pdu, command))
                {
                    expected = new ScsiResponseHeader(pdu.Header).ExpDataSN;
                    AskForMissing(command, have, expected.Value);
                }
            }
            expStatSN++;
            return data;
        }

        public void Write(int lba, byte[] data)
        {
            int immediate = Math.Min(data.Length, random.Next(3) * 4096), unsolicited = Math.Min(data.Length, 16384) - immediate;
            byte[] command = initiator.CommandHeader(
                ScriptedInitiatorCommands.Cdb16(0x8A, lba, data.Length / 512), data.Length, write: true, final: unsolicited == 0);
            uint tag = new BasicHeader(command).InitiatorTaskTag;
            Send(command, data.AsSpan(0, immediate));
            if (unsolicited > 0) SendBurst(tag, BasicHeader.ReservedTag, data, immediate, unsolicited);
            while (true)
            {
                if (Receive() is not ReceivedPdu pdu)
                {
                    if (Probe(command, data.AsSpan(0, immediate)) && unsolicited > 0) SendBurst(tag, BasicHeader.ReservedTag, data, immediate, unsolicited);
                    continue;
                }
                if (IsStatusOf(pdu, command)) break;
                if (pdu.Opcode != Opcode.ReadyToTransfer || pdu.Basic.InitiatorTaskTag != tag) continue;
                ReadyToTransferHeader r2t = new(pdu.Header);
                SendBurst(tag, r2t.Basic.TargetTransferTag, data, (int)r2t.BufferOffset, (int)r2t.DesiredLength);
            }
            expStatSN++;
        }

        private void SendBurst(uint tag, uint transferTag, byte[] data, int offset, int length)
        {
            uint dataSN = 0;
            for (int end = offset + length; offset < end;)
            {
                int part = Math.Min(3000, end - offset);
                Send(initiator.DataOutHeader(tag, transferTag, offset, dataSN++, final: offset + part == end), data.AsSpan(offset, part));
                offset += part;
            }
        }

        /// <summary>Sends a PDU that may be lost: now and then its header digest is wrong, or that of its data.</summary>
        private void Send(byte[] header, ReadOnlySpan<byte> data)
        {
            new BasicHeader(header).ExpStatSN = expStatSN;
            bool loseHeader = !lostHeader && random.Next(8) == 0, loseData = !loseHeader && data.Length > 0 && random.Next(10) == 0;
            (initiator.SpoilHeaderDigest, initiator.SpoilDataDigest) = (loseHeader, loseData);
            if (loseHeader || loseData) Lost++;
            initiator.Send(header, data);
            (initiator.SpoilHeaderDigest, initiator.SpoilDataDigest) = (false, false);
            lostHeader = loseHeader;
        }

        /// <summary>Null = nothing comes, or what came is lost. A Reject is passed over: what it says shows by itself.</summary>
        private ReceivedPdu? Receive()
        {
            if (!initiator.Socket.Poll(TimeSpan.FromMilliseconds(150), SelectMode.SelectRead)) return null;
            ReceivedPdu pdu = initiator.TryReceive() ?? throw new InvalidOperationException("The target closed the connection.");
            if (pdu.Opcode is Opcode.Reject or Opcode.NopIn) expStatSN = Math.Max(expStatSN, Answered(pdu));
            if (pdu.Opcode is Opcode.DataIn or Opcode.ScsiResponse or Opcode.ReadyToTransfer && random.Next(8) == 0)
            {
                Lost++;
                return pdu with { Header = new byte[BasicHeader.LengthBytes] };
            }
            return pdu;
        }

        /// <summary>After a Reject its StatSN is used up, if all before have come.</summary>
        private uint Answered(ReceivedPdu pdu) => pdu.Opcode == Opcode.Reject && pdu.Basic.StatSN == expStatSN ? expStatSN + 1 : expStatSN;

        private bool IsStatusOf(ReceivedPdu pdu, byte[] command)
        {
            if (pdu.Opcode != Opcode.ScsiResponse || pdu.Basic.InitiatorTaskTag != new BasicHeader(command).InitiatorTaskTag) return false;
            Assert.AreEqual(0, new ScsiResponseHeader(pdu.Header).Status);
            expStatSN = pdu.Basic.StatSN;
            return true;
        }

        /// <summary>Nothing comes: the command is sent again, which does no harm if it has arrived, and all statuses are asked for. True = sent again.</summary>
        private bool Probe(byte[] command, ReadOnlySpan<byte> data)
        {
            Send(command, data);
            Snack(SnackType.Status, BasicHeader.ReservedTag, expStatSN, 0);
            return true;
        }

        private void AskForMissing(byte[] command, HashSet<uint> have, uint expected)
        {
            for (uint dataSN = 0; dataSN < expected; dataSN++)
                if (!have.Contains(dataSN))
                    Snack(SnackType.DataOrR2T, new BasicHeader(command).InitiatorTaskTag, dataSN, 1);
        }

        private void Snack(SnackType type, uint tag, uint first, uint run)
        {
            byte[] bytes = new byte[BasicHeader.LengthBytes];
            SnackHeader header = new(bytes) { Type = type, BegRun = first, RunLength = run };
            BasicHeader basic = header.Basic;
            basic.Opcode = Opcode.SnackRequest;
            basic.InitiatorTaskTag = tag;
            basic.TargetTransferTag = BasicHeader.ReservedTag;
            Send(bytes, default);
        }
    }
}
