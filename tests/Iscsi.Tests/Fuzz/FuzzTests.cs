using System.Diagnostics;
using System.Globalization;
using System.Threading.Channels;
using Lunaria.Iscsi.Scsi;
using Lunaria.Testing;
using Microsoft.Extensions.Logging;

namespace Lunaria.Iscsi.Tests.Fuzz;

/// <summary>
/// Mutated transcripts and grammar-made PDUs against a server that meanwhile serves others. LUNARIA_SEED repeats a run, LUNARIA_FUZZ_PDUS says
/// how many PDUs it has.
/// </summary>
[TestClass]
[DoNotParallelize]
public class FuzzTests
{
    private const string QuietTarget = "iqn.2026-11.test:quiet";

    /// <summary>So often it is looked whether the others are still served.</summary>
    private const int PdusPerLook = 500;

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    public async Task Garbage_harms_nobody_else()
    {
        long pdus = long.TryParse(Environment.GetEnvironmentVariable("LUNARIA_FUZZ_PDUS"), CultureInfo.InvariantCulture, out long wanted) ? wanted : 40_000;
        Assert.IsNull(await FuzzAsync(pdus, _ => { }, TimeSpan.FromSeconds(60)));
    }

    [TestMethod]
    [DataRow("throws")]
    [DataRow("spoils")]
    [DataRow("hangs")]
    public async Task A_planted_bug_is_found(string kind)
    {
        using ManualResetEventSlim freed = new();
        string? found = await FuzzAsync(1_000_000, Plant, TimeSpan.FromSeconds(3), freed.Set);
        Assert.IsNotNull(found, "the bug was not found");
        TestContext.WriteLine($"{kind}: {found}");

        void Plant((TestServer Server, RamBlockDevice Quiet) parts) => parts.Server.Medium.Reading = (offset, length) =>
        {
            // Rare enough that no ordinary test would meet it.
            if (offset / 512 % 7 != 3 || length <= 8 * 512 || length / 512 % 5 != 2) return;
            if (kind == "throws") throw new InvalidOperationException("planted");
            if (kind == "spoils") parts.Quiet.Bytes[0] ^= 1;
            if (kind == "hangs") freed.Wait();
        };
    }

    /// <summary>Attacks until <paramref name="pdus"/> are sent or something is wrong; returns what.</summary>
    private async Task<string?> FuzzAsync(long pdus, Action<(TestServer, RamBlockDevice)> plant, TimeSpan endWithin, Action? release = null)
    {
        int seed = Seed.One();
        TestContext.WriteLine($"LUNARIA_SEED={seed}");
        string? defect = null;
        LogProbe<IscsiServer> log = new((_, _, text) => Interlocked.CompareExchange(ref defect, text, null), LogLevel.Error);
        TestServer server = await TestServer.StartAsync(
            options => options with { LoginTimeout = TimeSpan.FromSeconds(2), BufferPoolBytes = 96 << 20, MaxConnectionBufferBytes = 8 << 20, DataRequestInterval = TimeSpan.FromSeconds(1) },
            logger: log);
        RamBlockDevice quiet = new(1 << 20);
        server.Server.AddTarget(QuietTarget).Luns.Add(0, new LogicalUnit(quiet, new() { Identity = Guid.NewGuid() }));
        IReadOnlyList<byte[]> transcript = Transcripts.Record(server);
        using ScriptedInitiator untouched = server.Connect(0x77), neighbour = server.LogIn(0x78);
        untouched.Login(QuietTarget);
        untouched.ClearUnitAttention();
        byte[] kept = new byte[4096];
        new Random(seed).NextBytes(kept);
        untouched.Write(0, kept);
        plant((server, quiet));
        long memoryBefore = GC.GetTotalMemory(forceFullCollection: true);
        Stopwatch clock = Stopwatch.StartNew();
        string? wrong = null;
        long sent = 0;
        // How far the attack is; only the last word counts.
        Channel<long> progress = Channel.CreateBounded<long>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
        Attacker[] attackers = [.. Enumerable.Range(0, 2).Select(number => new Attacker(server, transcript, seed, number) { EndWithin = endWithin })];
        Task[] running = [.. attackers.Select(attacker => Task.Factory.StartNew(() =>
        {
            try
            {
                while (Volatile.Read(ref wrong) is null && Interlocked.Read(ref sent) < pdus)
                {
                    long before = attacker.Sent;
                    attacker.Attack();
                    long now = Interlocked.Add(ref sent, attacker.Sent - before);
                    if (now / PdusPerLook != (now - attacker.Sent + before) / PdusPerLook) progress.Writer.TryWrite(now);
                }
            }
            catch (TimeoutException stuck)
            {
                Interlocked.CompareExchange(ref wrong, stuck.Message, null);
                release?.Invoke();
            }
        }, TaskCreationOptions.LongRunning))];
        Task all = Task.WhenAll(running);
        _ = all.ContinueWith(_ => progress.Writer.Complete(), TaskScheduler.Default);
        await foreach (long _ in progress.Reader.ReadAllAsync())
        {
            string? now = Volatile.Read(ref defect) ?? Witness(untouched, neighbour, kept)
                ?? (server.Server.Context.Pool.RentedBytes > 96 << 20 ? "more memory is rented than the limit" : null);
            if (now is not null) Interlocked.CompareExchange(ref wrong, now, null);
        }
        await all;
        release?.Invoke();
        server.Medium.Reading = null;
        wrong ??= Volatile.Read(ref defect) ?? Witness(untouched, neighbour, kept);
        if (wrong is null)
        {
            await server.Server.Context.Connections.WhenAtMostAsync(2).WaitAsync(TimeSpan.FromSeconds(60));
            long grown = GC.GetTotalMemory(forceFullCollection: true) - memoryBefore;
            if (grown > 200L << 20) wrong = $"{grown} bytes more after the attack";
        }
        TestContext.WriteLine($"{sent} PDUs in {attackers.Sum(attacker => attacker.Connections)} connections, {clock.Elapsed.TotalSeconds:0.0} s");
        await server.DisposeAsync();
        return wrong is null ? null : $"seed {seed}, after {sent} PDUs: {wrong}";
    }

    /// <summary>What is wrong with the sessions of others; null = nothing. The one on the target under attack may hear of resets, the other may not.</summary>
    private static string? Witness(ScriptedInitiator untouched, ScriptedInitiator neighbour, byte[] kept)
    {
        try
        {
            CommandResult read = untouched.Read(0, 8);
            if (read.Status != 0 || !read.Data.AsSpan().SequenceEqual(kept)) return $"the quiet session reads status {read.Status}, {read.Data.Length} bytes, other ones";
            neighbour.Read(0, 1);
            return null;
        }
        catch (Exception error) when (error is InvalidOperationException or InvalidDataException or System.Net.Sockets.SocketException)
        {
            return $"a session of somebody else: {error.Message}";
        }
    }
}
