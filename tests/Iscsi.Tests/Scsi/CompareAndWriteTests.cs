using System.Buffers.Binary;
using Lunaria.Iscsi.Scsi;
using Lunaria.Iscsi.Scsi.Units;
using Lunaria.Testing;
using static Lunaria.Iscsi.Tests.Scsi.ReadWriteTests;

namespace Lunaria.Iscsi.Tests.Scsi;

/// <summary>COMPARE AND WRITE and the gate that keeps it apart from every other write.</summary>
[TestClass]
public class CompareAndWriteTests
{
    private readonly RamDevice medium = new(1 << 20);

    [TestMethod]
    public void Writes_only_where_all_is_equal()
    {
        ScsiHost host = ScsiHost.Over(medium);
        byte[] old = Pattern(3, 1);
        byte[] next = Pattern(3, 2);
        host.Send(Cdb(0x2A, 4, 3), old).Good();
        host.Send(Caw(4, 3), [.. old, .. next]).Good();
        CollectionAssert.AreEqual(next, host.Send(Cdb(0x28, 4, 3)).Good().Data);
        byte[] wrong = [.. next];
        wrong[1000] ^= 4;
        Assert.AreEqual(1000UL, host.Send(Caw(4, 3), [.. wrong, .. old]).Refused("E/1D/00").Sense.Information);
        CollectionAssert.AreEqual(next, host.Send(Cdb(0x28, 4, 3)).Good().Data);
        host.Send(Caw(4, 3, 0x18), [.. next, .. old]).Good();
        Assert.AreEqual(1, medium.ForcedWrites);
    }

    [TestMethod]
    public void A_payload_of_the_wrong_size_touches_nothing()
    {
        ScsiHost host = ScsiHost.Over(medium);
        foreach (int size in new[] { 0, 512, 1023, 1536, 2048 })
            host.Send(Caw(0, 1), [.. Enumerable.Repeat((byte)0, Math.Max(size, 0))]).Refused("5/24/00", "cdb 13");
        host.Send(Caw(0, 0), []).Good();
        host.Send(Caw(2048, 1), new byte[1024]).Refused("5/21/00", "cdb 2");
    }

    /// <summary>Hosts count in one block with COMPARE AND WRITE on several paths, others write beside it: no step may be lost.</summary>
    [TestMethod]
    public async Task Concurrent_increments_lose_nothing()
    {
        DeviceServer server = ScsiHost.ServerOver(medium);
        const int paths = 4;
        const int steps = 300;
        int seed = Seed.One();
        var running = new List<Task>();
        for (int path = 0; path < paths; path++)
        {
            var host = new ScsiHost(server, isid: (ulong)path + 1);
            running.Add(Task.Run(() => IncrementAsync(host, steps)));
            running.Add(Task.Run(() => DisturbAsync(host, new Random(seed + path))));
        }

        await Task.WhenAll(running);
        Assert.AreEqual(paths * steps, BinaryPrimitives.ReadInt32LittleEndian(medium.Raw(0, 4)), $"seed {seed}");

        async Task IncrementAsync(ScsiHost host, int count)
        {
            while (count > 0)
            {
                byte[] old = (await host.SendAsync(Cdb(0x28, 0, 1))).Good().Data;
                byte[] next = [.. old];
                BinaryPrimitives.WriteInt32LittleEndian(next, BinaryPrimitives.ReadInt32LittleEndian(old) + 1);
                Answer answer = await host.SendAsync(Caw(0, 1), [.. old, .. next]);
                if (answer.Status == ScsiStatus.Good) count--;
                else answer.Refused("E/1D/00");
            }
        }

        async Task DisturbAsync(ScsiHost host, Random random)
        {
            for (int run = 0; run < steps; run++)
            {
                (await host.SendAsync(Cdb(0x2A, 8 + random.Next(100), 1), new byte[512])).Good();
                (await host.SendAsync(Cdb(0x8B, 0, 1), new byte[512])).Good();
            }
        }
    }

    [TestMethod]
    public async Task A_short_cut_write_is_refused_while_the_unit_is_taken_and_waits_then()
    {
        DeviceServer server = ScsiHost.ServerOver(medium);
        var host = new ScsiHost(server);
        var other = new ScsiHost(server, isid: 2);
        medium.Hold();
        ValueTask<Answer> exclusive = host.SendAsync(Caw(0, 1), new byte[1024]);
        Assert.IsFalse(exclusive.IsCompleted);
        var task = new ScsiTask { Nexus = other.Nexus };
        task.Cdb.Set(Convert.FromHexString("2A000000000000000100"));
        Assert.IsTrue(server.Prepare(task));
        Assert.IsFalse(server.TryEnterShared(task));
        ValueTask<Answer> write = other.SendAsync(Cdb(0x2A, 0, 1), new byte[512]);
        Assert.IsFalse(write.IsCompleted);
        medium.Release();
        (await exclusive).Good();
        (await write).Good();
        Assert.IsTrue(server.TryEnterShared(task));
        server.ExitShared(task);
    }

    [TestMethod]
    public async Task The_gate_never_lets_both_in()
    {
        var gate = new UnitGate();
        int shared = 0;
        int exclusive = 0;
        int violations = 0;
        Task[] running =
        [
            .. Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
            {
                for (int run = 0; run < 20_000; run++)
                {
                    if (!gate.TryEnterShared()) await gate.EnterSharedAsync();
                    Interlocked.Increment(ref shared);
                    if (Volatile.Read(ref exclusive) != 0) Interlocked.Increment(ref violations);
                    Interlocked.Decrement(ref shared);
                    gate.ExitShared();
                }
            })),
            .. Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
            {
                for (int run = 0; run < 5_000; run++)
                {
                    await gate.EnterExclusiveAsync();
                    if (Interlocked.Increment(ref exclusive) != 1 || Volatile.Read(ref shared) != 0) Interlocked.Increment(ref violations);
                    Interlocked.Decrement(ref exclusive);
                    gate.ExitExclusive();
                }
            })),
        ];
        await Task.WhenAll(running);
        Assert.AreEqual(0, violations);
        Assert.IsTrue(gate.TryEnterShared());
    }

    private static string Caw(long lba, int blocks, int flags = 0) => $"89 {flags:X2} {lba:X16} 00 00 00 {blocks:X2} 00 00";
}
