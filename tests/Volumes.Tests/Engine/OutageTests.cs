using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Log;

namespace Lunaria.Volumes.Tests.Engine;

/// <summary>A store that is gone for an hour: what hosts may expect meanwhile, and afterwards.</summary>
[TestClass]
public sealed class OutageTests
{
    private const int Piece = 7 * EngineBed.Block, Before = 40, Cached = 4;

    // What an initiator waits for a command before it aborts it: Linux 30 s.
    private static readonly TimeSpan InitiatorTimeout = TimeSpan.FromSeconds(30);

    private static readonly VolumesOptions Options = EngineBed.Tiny with { Log = new WriteLogOptions { FileBytes = 1 << 20, SizeBytes = 8 << 20 } };

    [TestMethod]
    public void Cached_reads_and_writes_go_on_other_reads_are_busy_in_time_and_all_is_stored_afterwards() => SimScheduler.Run(async scheduler =>
    {
        ManualTime time = scheduler.Time;
        await using EngineBed bed = await EngineBed.OpenAsync(Options, time, bed => bed.Store = new MemoryObjectStore(isShared: true) { Cold = true });
        Volume volume = await bed.CreateAsync();
        for (int i = 0; i < Before; i++)
            Assert.AreEqual(VolumeStatus.Ok, await WriteAsync(volume, i));
        await bed.Manager.DestageAsync(checkpoint: true);
        for (int i = 0; i < Cached; i++)
            await CheckAsync(volume, i);

        bed.Store.BeforeOperation = _ => throw new ObjectStoreException(ObjectStoreError.Retry, "The simulated store is gone.");
        int written = Before;
        for (TimeSpan end = time.Now + TimeSpan.FromHours(1); time.Now < end;)
        {
            TimeSpan began = time.Now;
            Assert.AreEqual(VolumeStatus.Ok, await WriteAsync(volume, written++), "the log has room");
            await CheckAsync(volume, written - 1);
            await CheckAsync(volume, written % Cached);
            Assert.IsLessThan(TimeSpan.FromSeconds(1), time.Now - began, "what needs no store does not wait for it");

            began = time.Now;
            Assert.AreEqual(VolumeStatus.Unavailable, await volume.ReadAsync((Before - 1L) * Piece, new byte[Piece]), "slowness is no medium error");
            Assert.IsLessThan(InitiatorTimeout, time.Now - began);
            Assert.AreEqual(HealthState.StoreFailing, volume.Health.State);
            await Task.Delay(TimeSpan.FromMinutes(1), time);
        }
        Assert.IsGreaterThan(Before + 30, written);

        bed.Store.BeforeOperation = null;
        TimeSpan back = time.Now;
        await bed.Manager.DestageAsync(checkpoint: true);
        Assert.IsLessThan(TimeSpan.FromMinutes(2), time.Now - back, "the store is asked often enough");
        Assert.AreEqual(HealthState.Online, volume.Health.State);
        for (int i = 0; i < written; i++)
            await CheckAsync(volume, i);
        await bed.RestartAsync();
        for (int i = 0; i < written; i++)
            await CheckAsync(bed.Manager.Find("v")!, i);
        Assert.AreEqual(bed.Store.UsedBytes, bed.Manager.GetStatistics().StoredBytes, "nothing is left over");
    });

    [TestMethod]
    public void A_log_that_an_outage_fills_makes_writes_busy_and_costs_none_that_was_acknowledged() => SimScheduler.Run(async scheduler =>
    {
        ManualTime time = scheduler.Time;
        await using EngineBed bed = await EngineBed.OpenAsync(time: time);
        Volume volume = await bed.CreateAsync();
        bed.Store.BeforeOperation = _ => throw new ObjectStoreException(ObjectStoreError.Retry, "The simulated store is gone.");
        HashSet<int> acknowledged = [];
        TimeSpan end = time.Now + TimeSpan.FromHours(1);
        for (int i = 0; time.Now < end; i++)
        {
            TimeSpan began = time.Now;
            VolumeStatus status = await WriteAsync(volume, i);
            Assert.IsLessThan(InitiatorTimeout, time.Now - began);
            if (status == VolumeStatus.Ok)
                acknowledged.Add(i);
            else
                Assert.AreEqual(VolumeStatus.Unavailable, status);
        }
        Assert.IsGreaterThan(20, acknowledged.Count);
        bed.Store.BeforeOperation = null;
        await bed.Manager.DestageAsync(checkpoint: true);
        foreach (int i in acknowledged)
            await CheckAsync(volume, i);
        Assert.AreEqual(VolumeStatus.Ok, await WriteAsync(volume, 0));
    });

    private static async ValueTask<VolumeStatus> WriteAsync(Volume volume, int piece) => await volume.WriteAsync((long)piece * Piece, Content(piece), false);

    private static async Task CheckAsync(Volume volume, int piece)
    {
        byte[] content = new byte[Piece];
        Assert.AreEqual(VolumeStatus.Ok, await volume.ReadAsync((long)piece * Piece, content), $"piece {piece}");
        CollectionAssert.AreEqual(Content(piece), content, $"piece {piece}");
    }

    private static byte[] Content(int piece)
    {
        byte[] content = new byte[Piece];
        new Random(piece).NextBytes(content);
        return content;
    }
}
