using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using Lunaria.Iscsi.Pdu;
using Lunaria.Iscsi.Scsi;
using Lunaria.Iscsi.Tests.Sessions;
using Lunaria.Testing;

namespace Lunaria.Iscsi.Tests.Bench;

/// <summary>
/// Many sessions at many targets with many LUNs, all listed and usable: what that takes of memory, and how fast hosts log in. LUNARIA_BENCH_SESSIONS makes it a
/// thousand sessions at 256 targets of 64 LUNs (tests/bench/scale-sessions.sh); else it is small. Judges no figure.
/// </summary>
[TestClass]
[DoNotParallelize]
public class ScaleBench
{
    private const int Luns = 64;

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    public async Task Many_sessions_at_many_targets_with_many_luns()
    {
        int sessions = int.TryParse(Environment.GetEnvironmentVariable("LUNARIA_BENCH_SESSIONS"), CultureInfo.InvariantCulture, out int wanted) ? wanted : 48;
        int targets = Math.Min(256, sessions / 3);
        await using TestServer server = await TestServer.StartAsync(options => options with { MaxConnections = sessions + 64, MaxConnectionsPerAddress = sessions + 64 });
        long empty = Memory();
        for (int i = 0; i < targets; i++)
        {
            IscsiTarget target = server.Server.AddTarget(Name(i));
            for (int lun = 0; lun < Luns; lun++) target.Luns.Add(lun, new LogicalUnit(server.Medium, new() { Identity = new Guid(i, (short)lun, 0, new byte[8]) }));
        }
        long mapped = Memory();
        ScriptedInitiator[] hosts = new ScriptedInitiator[sessions];
        try
        {
            TimeSpan cpu = Environment.CpuUsage.TotalTime;
            long began = Stopwatch.GetTimestamp();
            for (int i = 0; i < sessions; i++)
            {
                hosts[i] = server.Connect((ulong)i);
                hosts[i].Login(Name(i % targets));
            }
            double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
            double cpuMs = (Environment.CpuUsage.TotalTime - cpu).TotalMilliseconds / sessions;
            Assert.HasCount(sessions, server.Server.Sessions);

            for (int i = 0; i < sessions; i++)
            {
                Assert.AreEqual(Luns, CountLuns(hosts[i]), Name(i % targets));
                int lun = (i * 7) % Luns;
                hosts[i].ClearUnitAttention(lun);
                Assert.AreEqual(0, hosts[i].Read(i % 64, 8, lun).Status);
            }
            Assert.AreEqual(targets + 1, CountTargets(server));
            long inUse = Memory();
            TestContext.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"SCALE {sessions} sessions, {targets} targets, {Luns} LUNs each: {sessions / seconds:0} log-ins/s one after another ({cpuMs:0.00} ms of processor each, both sides), "
                + $"{(mapped - empty) / (double)(targets * Luns) / 1024:0.0} KiB a LUN, {(inUse - mapped) / (double)sessions / 1024:0} KiB a session with its {Luns} nexuses (managed, both sides), "
                + $"{Environment.WorkingSet >> 20} MiB resident"));
        }
        finally
        {
            foreach (ScriptedInitiator? host in hosts) host?.Dispose();
        }
    }

    private static string Name(int number) => $"iqn.2026-11.test:many-{number:d3}";

    private static long Memory() => GC.GetTotalMemory(forceFullCollection: true);

    private static int CountLuns(ScriptedInitiator host)
    {
        byte[] cdb = new byte[16];
        (cdb[0], cdb[8]) = (0xA0, 16);
        host.Send(host.CommandHeader(cdb, 4096, read: true));
        return BinaryPrimitives.ReadInt32BigEndian(host.ReceiveResult().Data) / 8;
    }

    private static int CountTargets(TestServer server)
    {
        using ScriptedInitiator discovery = server.Connect();
        discovery.LoginDiscovery();
        discovery.Send(SessionTests.TextRequest(discovery), ScriptedInitiatorLogin.Text(("SendTargets", "All")));
        int count = 0;
        ReceivedPdu part = discovery.Receive(Opcode.TextResponse);
        List<byte> text = [.. part.Data];
        while (part.Basic.Continue)
        {
            byte[] next = SessionTests.TextRequest(discovery);
            new BasicHeader(next).SetUInt32(16, part.Basic.InitiatorTaskTag);
            new BasicHeader(next).SetUInt32(20, part.Basic.TargetTransferTag);
            discovery.Send(next);
            part = discovery.Receive(Opcode.TextResponse);
            text.AddRange(part.Data);
        }
        foreach (string key in System.Text.Encoding.UTF8.GetString([.. text]).Split('\0'))
            if (key.StartsWith("TargetName=", StringComparison.Ordinal)) count++;
        return count;
    }
}
