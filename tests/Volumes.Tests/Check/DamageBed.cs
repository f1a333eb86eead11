using Lunaria.Volumes.Check;
using Lunaria.Volumes.Recovery;
using Lunaria.Volumes.Tests.Engine;

namespace Lunaria.Volumes.Tests.Check;

/// <summary>What a stopped engine has left that has everything: snapshots, a clone, copies of garbage collection, publishes behind the checkpoint, durable records in the log.</summary>
internal static class DamageBed
{
    private const int Blocks = 1200;

    /// <summary>A block that only the log has.</summary>
    public static readonly byte[] InLog = Content(new(4711), EngineBed.Block);

    private static readonly VolumesOptions Options = EngineBed.Tiny with { GarbageShare = 1, CheckpointJournalBytes = 4 << 20, DestageIdleAge = TimeSpan.FromHours(1) };

    /// <summary>Makes it, and gives what its volumes show.</summary>
    public static async Task<(EngineBed Bed, Dictionary<string, byte[]> Volumes)> PrepareAsync()
    {
        EngineBed bed = await EngineBed.OpenAsync(Options);
        await Superblock.CheckAsync(bed.Store, bed.Manager.Metadata);
        Random random = new(11);
        Volume v = await bed.CreateAsync("v", Blocks * EngineBed.Block), w = await bed.CreateAsync("w", Blocks * EngineBed.Block);
        await WriteAsync(v, random, 60);
        await WriteAsync(w, random, 60);
        await bed.Manager.DestageAsync(checkpoint: true);
        await bed.Manager.CloneAsync(await bed.Manager.CreateSnapshotAsync(v, "first"), "c");
        await WriteAsync(v, random, 60);
        await WriteAsync(bed.Manager.Find("c")!, random, 20);
        await bed.Manager.CollectGarbageAsync();
        await bed.Manager.DestageAsync(checkpoint: true);
        await WriteAsync(v, random, 5);
        await bed.Manager.DestageAsync();
        await WriteAsync(w, random, 5);
        await bed.Manager.DestageAsync();
        Assert.AreEqual(VolumeStatus.Ok, await v.WriteAsync(600 * EngineBed.Block, InLog, durable: true));
        Assert.AreEqual(VolumeStatus.Ok, await v.WriteAsync(601 * EngineBed.Block, Content(random, EngineBed.Block), durable: true));
        Assert.AreEqual(VolumeStatus.Ok, await v.WriteAsync(602 * EngineBed.Block, Content(random, EngineBed.Block), durable: true));
        Dictionary<string, byte[]> shown = await ReadAsync(bed);
        await bed.Manager.DisposeAsync();
        return (bed, shown);
    }

    /// <summary>What all volumes show.</summary>
    public static async Task<Dictionary<string, byte[]>> ReadAsync(EngineBed bed)
    {
        Dictionary<string, byte[]> shown = [];
        foreach (Volume volume in bed.Manager.Volumes)
        {
            byte[] content = new byte[volume.SizeBytes];
            Assert.AreEqual(VolumeStatus.Ok, await volume.ReadAsync(0, content), volume.Name);
            shown.Add(volume.Name, content);
        }
        return shown;
    }

    public static Task<CheckReport> CheckAsync(EngineBed bed, bool repair = false) => OfflineCheck.RunAsync(
        bed.Disk, bed.SqliteDirectory, bed.Store, new() { ReadBlocks = true, Repair = repair }, TimeProvider.System, CancellationToken.None);

    private static async Task WriteAsync(Volume volume, Random random, int count)
    {
        for (int i = 0; i < count; i++)
            Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync(random.Next(540) * EngineBed.Block, Content(random, EngineBed.Block * random.Next(1, 5)), durable: false));
    }

    private static byte[] Content(Random random, int length)
    {
        byte[] content = new byte[length];
        random.NextBytes(content);
        return content;
    }
}
