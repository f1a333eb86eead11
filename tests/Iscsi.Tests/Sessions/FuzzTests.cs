using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Lunaria.Iscsi.Pdu;
using Lunaria.Testing;

namespace Lunaria.Iscsi.Tests.Sessions;

/// <summary>
/// Mutated valid transcripts and random PDUs against a server that meanwhile serves another session. The seed is printed;
/// LUNARIA_FUZZ_SEED replays one, LUNARIA_FUZZ_SECONDS changes how long it runs.
/// </summary>
[TestClass]
public class FuzzTests
{
    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    public async Task Garbage_harms_nobody_else()
    {
        int seed = Setting("LUNARIA_FUZZ_SEED", Environment.TickCount), seconds = Setting("LUNARIA_FUZZ_SECONDS", 8);
        TestContext.WriteLine($"LUNARIA_FUZZ_SEED={seed}");
        Random random = new(seed);
        await using TestServer server = await TestServer.StartAsync(options => options with { LoginTimeout = TimeSpan.FromSeconds(2) });
        using ScriptedInitiator witness = server.LogIn(0x77);
        byte[] kept = new byte[4096];
        random.NextBytes(kept);
        const long KeptLba = (8 << 20) / 512;
        long memoryBefore = GC.GetTotalMemory(forceFullCollection: true);
        Stopwatch clock = Stopwatch.StartNew();
        int rounds = 0;
        while (clock.Elapsed < TimeSpan.FromSeconds(seconds))
        {
            Attack(server, random, rounds++);
            if (rounds % 20 != 0) continue;
            Assert.AreEqual(0, Retried(() => witness.Write(KeptLba, kept)).Status, $"seed {seed}, round {rounds}");
            CommandResult read = Retried(() => witness.Read(KeptLba, 8));
            Assert.IsTrue(read.Data.AsSpan().SequenceEqual(kept), $"seed {seed}, round {rounds}");
        }
        await server.Server.Context.Connections.WhenAtMostAsync(1).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.IsGreaterThan(20, rounds);
        long grown = GC.GetTotalMemory(forceFullCollection: true) - memoryBefore;
        Assert.IsLessThan(300L << 20, grown, $"seed {seed}: {grown} bytes more after {rounds} rounds");
    }

    /// <summary>A command of a fuzzed session may have been a reset or a mode change: unit attentions are heard and passed over.</summary>
    private static CommandResult Retried(Func<CommandResult> command)
    {
        CommandResult result = command();
        for (int i = 0; i < 8 && result.SenseCode >> 16 == 6; i++) result = command();
        return result;
    }

    private static void Attack(TestServer server, Random random, int round)
    {
        try
        {
            using ScriptedInitiator attacker = server.Connect((ulong)(0x1000 + (round % 8)));
            bool digests = random.Next(4) == 0;
            if (random.Next(4) > 0)
            {
                attacker.Login(TestServer.TargetName, ("InitialR2T", random.Next(2) == 0 ? "Yes" : "No"), ("HeaderDigest", digests ? "CRC32C" : "None"));
            }
            foreach (byte[] pdu in Transcript(attacker, random))
            {
                Mutate(pdu, random);
                // TARGET COLD RESET ends every session, as it should: the witness would see it as harm.
                if (new TaskManagementRequestHeader(pdu) is var header && header.Basic.Opcode == Opcode.TaskManagementRequest
                    && header.Function == TaskManagementFunction.TargetColdReset)
                    pdu[1] = 0x80 | (byte)TaskManagementFunction.TargetWarmReset;
                if (attacker.HeaderDigest && pdu.Length >= 52) Crc32C.Write(pdu.AsSpan(0, 48), pdu.AsSpan(48));
                attacker.SendRaw(pdu.AsSpan(0, random.Next(20) == 0 ? random.Next(pdu.Length) : pdu.Length));
            }
            // What comes back is of no interest, but must be taken, or the sender waits.
            attacker.Socket.ReceiveTimeout = 5;
            byte[] sink = new byte[65536];
            for (int i = 0; i < 4 && attacker.Socket.Receive(sink) > 0; i++)
            {
            }
        }
        catch (Exception error) when (error is SocketException or InvalidOperationException or InvalidDataException)
        {
            // The server closed the connection, or said something that a mutated exchange does not expect: both are its right.
        }
    }

    private static List<byte[]> Transcript(ScriptedInitiator initiator, Random random)
    {
        List<byte[]> pdus = [];
        int count = random.Next(1, 12);
        for (int i = 0; i < count; i++)
        {
            byte[] data = [];
            byte[] header;
            // The upper half of the medium belongs to the witness.
            long lba = random.Next(8000);
            switch (random.Next(10))
            {
                case 0:
                    header = new byte[48];
                    random.NextBytes(header);
                    break;
                case 1:
                    header = initiator.CommandHeader(ScriptedInitiatorCommands.Cdb16(0x88, lba, random.Next(64)), random.Next(65536), read: true);
                    break;
                case 2 or 3:
                    data = new byte[random.Next(9) * 512];
                    header = initiator.CommandHeader(
                        ScriptedInitiatorCommands.Cdb16(0x8A, lba, random.Next(1, 64)), random.Next(65536), write: true, final: random.Next(2) == 0);
                    break;
                case 4:
                    data = new byte[random.Next(9) * 512];
                    header = initiator.DataOutHeader(initiator.NextTag - 1, random.Next(2) == 0 ? BasicHeader.ReservedTag : (uint)random.Next(4), random.Next(4) * 512, (uint)random.Next(3), random.Next(2) == 0);
                    break;
                case 5:
                    data = new byte[random.Next(100)];
                    header = initiator.NewHeader(Opcode.NopOut, random.Next(2) == 0);
                    break;
                case 6:
                    header = initiator.NewHeader(Opcode.TaskManagementRequest, immediate: true);
                    header[1] = (byte)(0x80 | random.Next(1, 6));
                    break;
                case 7:
                    data = ScriptedInitiatorLogin.Text(("SendTargets", "All"), ("MaxRecvDataSegmentLength", "8192"), ("X-key", new string('v', random.Next(300))));
                    header = initiator.NewHeader(random.Next(2) == 0 ? Opcode.TextRequest : Opcode.LoginRequest);
                    break;
                case 8:
                    header = initiator.NewHeader((Opcode)random.Next(64), random.Next(2) == 0);
                    break;
                default:
                    header = initiator.CommandHeader([(byte)random.Next(256), .. new byte[15]], random.Next(4096), read: true);
                    break;
            }
            new BasicHeader(header).DataSegmentLengthBytes = data.Length;
            pdus.Add(initiator.Frame(header, data));
        }
        return pdus;
    }

    private static void Mutate(byte[] pdu, Random random)
    {
        if (random.Next(3) == 0) return;
        int changes = random.Next(1, 4);
        for (int i = 0; i < changes; i++)
        {
            // Not the CDB of a write's address: what the witness keeps must stay its own.
            int at = random.Next(Math.Min(32, pdu.Length));
            pdu[at] = random.Next(3) switch { 0 => (byte)random.Next(256), 1 => (byte)(pdu[at] ^ (1 << random.Next(8))), _ => random.Next(2) == 0 ? (byte)0xFF : (byte)0 };
        }
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) ? value : otherwise;
}
