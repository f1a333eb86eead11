using System.Globalization;
using System.Net;
using Lunaria.Testing;

namespace Lunaria.Iscsi.Tests.Bench;

/// <summary>
/// What digests, several connections and a greedy neighbour cost, as ratios of runs that alternate (A B A B). Judges nothing: a machine at
/// work says nothing by one number. LUNARIA_BENCH_SECONDS makes the runs long enough to mean something (tests/bench/sessions.sh).
/// </summary>
[TestClass]
[DoNotParallelize]
public class SessionBench
{
    private static readonly (string, string)[] Plain = [("MaxRecvDataSegmentLength", "262144"), ("FirstBurstLength", "262144"), ("MaxConnections", "8")];
    private static readonly (string, string)[] Digests = [.. Plain, ("HeaderDigest", "CRC32C"), ("DataDigest", "CRC32C")];

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    [DataRow(false, DisplayName = "digests, 4 KiB reads, QD32")]
    [DataRow(true, DisplayName = "digests, 4 KiB writes, QD32")]
    public async Task Digests_cost(bool write)
    {
        await using TestServer server = await StartAsync();
        Print(write ? "digests-write-4k-qd32" : "digests-read-4k-qd32", ">= 0.7", Alternate(
            () => Throughput(server, Digests, 1, 4096, 32, write), () => Throughput(server, Plain, 1, 4096, 32, write)));
    }

    [TestMethod]
    [DataRow(false, DisplayName = "four connections, 256 KiB reads, QD8")]
    [DataRow(true, DisplayName = "four connections, 256 KiB writes, QD8")]
    public async Task Four_connections_in_one_session_give(bool write)
    {
        await using TestServer server = await StartAsync();
        Print(write ? "four-connections-write-256k-qd8" : "four-connections-read-256k-qd8", ">= 0.9, 1.2 with a free core", Alternate(
            () => Throughput(server, Plain, 4, 262144, 8, write), () => Throughput(server, Plain, 1, 262144, 8, write)));
    }

    [TestMethod]
    public async Task A_greedy_session_slows_a_quiet_one()
    {
        await using TestServer server = await StartAsync();
        Print("quiet-p99-beside-greedy", "<= 3", Alternate(() => QuietP99Us(server, greedy: true), () => QuietP99Us(server, greedy: false)));
    }

    /// <summary>On the port of LUNARIA_BENCH_PORT where somebody listens to it (tests/conformance/decode.sh).</summary>
    private static Task<TestServer> StartAsync() => TestServer.StartAsync(options => options with
    {
        Portals = [new(IPAddress.Loopback, int.TryParse(Environment.GetEnvironmentVariable("LUNARIA_BENCH_PORT"), CultureInfo.InvariantCulture, out int port) ? port : 0)],
    });

    /// <summary>Seconds of one run.</summary>
    private static double Seconds => double.TryParse(
        Environment.GetEnvironmentVariable("LUNARIA_BENCH_SECONDS"), CultureInfo.InvariantCulture, out double seconds) ? seconds : 0.1;

    private static List<Figures> Alternate(Func<Figures> first, Func<Figures> second)
    {
        int rounds = Seconds < 0.15 ? 1 : 15;
        List<Figures> ratios = [];
        second();
        for (int i = 0; i < rounds; i++)
        {
            Figures a = first(), b = second();
            ratios.Add(new(a.Result / b.Result, b.CpuPerCommand / a.CpuPerCommand));
        }
        return ratios;
    }

    private void Print(string name, string goal, List<Figures> ratios)
    {
        double[] results = [.. ratios.Select(one => one.Result).Order()], cpu = [.. ratios.Select(one => one.CpuPerCommand).Order()];
        TestContext.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"RATIO {name,-34} {results[^(1 + (results.Length / 2))]:0.00} ({results[0]:0.00} to {results[^1]:0.00}), by processor time {cpu[cpu.Length / 2]:0.00}, goal {goal}"));
    }

    /// <summary>Commands per second.</summary>
    private static Figures Throughput(TestServer server, (string, string)[] keys, int connections, int lengthBytes, int depth, bool write)
    {
        using Load load = new(server, keys, connections, lengthBytes, depth / connections, write);
        TimeSpan before = Environment.CpuUsage.TotalTime;
        double done = load.Run(Seconds).Sum(connection => connection.Done);
        return new(done / Seconds, (Environment.CpuUsage.TotalTime - before).TotalMicroseconds / done);
    }

    private static Figures QuietP99Us(TestServer server, bool greedy)
    {
        using Load quiet = new(server, Plain, 1, 4096, 1, write: false);
        using Load? other = greedy ? new(server, Plain, 1, 262144, 32, write: false) : null;
        Task? beside = other is null ? null : Task.Factory.StartNew(() => other.Run(Seconds + 0.2), TaskCreationOptions.LongRunning);
        List<float> latencies = quiet.Run(Seconds)[0].LatenciesUs;
        beside?.Wait();
        latencies.Sort();
        return new(latencies[latencies.Count * 99 / 100], 1);
    }

    /// <summary>What a run gave, and the processor time of both sides for one command, microseconds; or the ratios of two of them.</summary>
    private readonly record struct Figures(double Result, double CpuPerCommand);

    /// <summary>One session under load.</summary>
    private sealed class Load : IDisposable
    {
        private static int isids;

        private readonly List<ScriptedInitiator> initiators = [];
        private readonly LoadConnection[] connections;
        private uint cmdSN;

        public Load(TestServer server, (string, string)[] keys, int count, int lengthBytes, int depth, bool write)
        {
            ScriptedInitiator first = server.LogIn((ulong)(0x5000 + Interlocked.Increment(ref isids)), keys);
            initiators.Add(first);
            for (ushort cid = 2; cid <= count; cid++) initiators.Add(server.Join(first, cid, ("MaxRecvDataSegmentLength", "262144")));
            cmdSN = first.CmdSN - 1;
            connections = [.. initiators.Select((one, index) => new LoadConnection(one, lengthBytes, depth, write, () => Interlocked.Increment(ref cmdSN), index))];
        }

        public LoadConnection[] Run(double seconds)
        {
            long until = Environment.TickCount64 + (long)(seconds * 1000);
            Thread[] threads = [.. connections.Select(connection => new Thread(() => connection.Run(() => Environment.TickCount64 >= until)))];
            foreach (Thread thread in threads) thread.Start();
            foreach (Thread thread in threads) thread.Join();
            return connections;
        }

        public void Dispose()
        {
            foreach (ScriptedInitiator one in initiators) one.Dispose();
        }
    }
}
