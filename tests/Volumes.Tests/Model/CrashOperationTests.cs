using Lunaria.Volumes.Tests.Engine;

namespace Lunaria.Volumes.Tests.Model;

/// <summary>
/// The power fails, or the process dies, at the first, second, third ... change of disk or store within an operation: what is found is the state before or the one after it, and
/// the books are right.
/// </summary>
[TestClass]
public sealed class CrashOperationTests
{
    private const int Blocks = 64;

    public static IEnumerable<object[]> Operations { get; } =
    [
        ["snapshot", (VolumeManager manager) => manager.CreateSnapshotsAsync([manager.Find("v")!, manager.Find("w")!], "new").AsTask()],
        ["delete snapshot", (VolumeManager manager) => manager.DeleteSnapshotAsync(Snapshot(manager)).AsTask()],
        ["clone", (VolumeManager manager) => manager.CloneAsync(Snapshot(manager), "clone").AsTask()],
        ["clone of what the store has", (VolumeManager manager) => SettledAsync(manager, () => manager.CloneAsync(Snapshot(manager), "clone").AsTask())],
        ["clone of a clone", (VolumeManager manager) => manager.CloneAsync(manager.FindSnapshot(manager.Find("c")!, "of clone")!, "clone").AsTask()],
        ["promote", (VolumeManager manager) => manager.PromoteAsync(manager.Find("c")!).AsTask()],
        ["rollback to what the store has", (VolumeManager manager) => SettledAsync(manager, () => manager.RollBackAsync(Snapshot(manager)).AsTask())],
        ["limits", (VolumeManager manager) => manager.SetLimitsAsync(manager.Find("v")!, new() { OperationsPerSecond = 1000 }).AsTask()],
        ["rollback", (VolumeManager manager) => manager.RollBackAsync(Snapshot(manager)).AsTask()],
        ["rollback that drops", (VolumeManager manager) => manager.RollBackAsync(manager.FindSnapshot(manager.Find("v")!, "first")!, dropYounger: true).AsTask()],
        ["grow", (VolumeManager manager) => manager.ResizeVolumeAsync(manager.Find("v")!, 2 * Blocks * EngineBed.Block).AsTask()],
        ["shrink", (VolumeManager manager) => manager.ResizeVolumeAsync(manager.Find("v")!, Blocks / 2 * EngineBed.Block, discardTail: true).AsTask()],
        ["rename", (VolumeManager manager) => manager.RenameVolumeAsync(manager.Find("v")!, "u").AsTask()],
        ["delete", (VolumeManager manager) => manager.DeleteVolumeAsync(manager.Find("v")!, withSnapshots: true).AsTask()],
        ["flatten", (VolumeManager manager) => manager.FlattenAsync(manager.Find("c")!).AsTask()],
        ["copy by reference", (VolumeManager manager) => ShareAsync(manager)],
        ["erase", (VolumeManager manager) => manager.EraseAsync(manager.Find("w")!, _ => { })],
        ["collection", (VolumeManager manager) => manager.CollectGarbageAsync()],
    ];

    public static string NameOf(System.Reflection.MethodInfo method, object[] data) => $"{data[0]}";

    [TestMethod]
    [DynamicData(nameof(Operations), DynamicDataDisplayName = nameof(NameOf))]
    public async Task Old_or_new_whenever_it_is_cut_short(string name, Func<VolumeManager, Task> operation)
    {
        Random random = new(Seed.One());
        Dictionary<string, byte[]> before = [], after = [];
        await using (EngineBed whole = await PrepareAsync())
        {
            before = await ReadAsync(whole.Manager);
            await operation(whole.Manager);
            await whole.Manager.DestageAsync(checkpoint: true);
            after = await ReadAsync(whole.Manager);
        }
        bool passed = false;
        for (int cut = 1; !passed; cut++)
        {
            Assert.IsLessThan(400, cut, $"{name} never ends");
            await using EngineBed bed = await PrepareAsync();
            int changes = 0;
            bed.Changing = () =>
            {
                if (++changes >= cut)
                    throw new IOException("the power fails");
            };
            try
            {
                await operation(bed.Manager).WaitAsync(TimeSpan.FromSeconds(20));
                await bed.Manager.DestageAsync(checkpoint: true).WaitAsync(TimeSpan.FromSeconds(20));
                passed = changes < cut;
            }
            catch (Exception e) when (e is IOException or InvalidOperationException or OperationCanceledException or InvalidDataException or Backend.ObjectStoreException)
            {
                // What the operation says when its disk fails; what counts is what is found afterwards.
            }
            bed.Changing = null;
            await bed.KillAsync(random, powerCut: random.Next(2) == 0);
            await CheckAsync(bed, before, after, $"{name}, cut {cut}");
            await bed.Manager.DestageAsync(checkpoint: true);
            await CheckAsync(bed, before, after, $"{name}, cut {cut}, then destaged");
            Books.Check(bed);
        }
    }

    /// <summary>Of what no log holds, since each of its blocks would be a write of its own.</summary>
    private static async Task ShareAsync(VolumeManager manager)
    {
        await manager.DestageAsync();
        await manager.CloneRangeAsync(manager.Find("v")!, 0, manager.Find("w")!, Blocks / 2 * EngineBed.Block, Blocks / 2 * EngineBed.Block);
    }

    private static async Task SettledAsync(VolumeManager manager, Func<Task> operation)
    {
        await manager.DestageAsync(checkpoint: true);
        await operation();
    }

    private static Snapshot Snapshot(VolumeManager manager) => manager.FindSnapshot(manager.Find("v")!, "second")!;

    /// <summary>Two volumes, two snapshots of one, a clone of it, data in the store and in the log.</summary>
    private static async Task<EngineBed> PrepareAsync()
    {
        EngineBed bed = await EngineBed.OpenAsync(EngineBed.Tiny with { GarbageShare = 1 }, prepare: bed => bed.WatchDisk = bed.Store.HasKeys = true);
        Random random = new(7);
        Volume v = await bed.CreateAsync("v", Blocks * EngineBed.Block), w = await bed.CreateAsync("w", Blocks * EngineBed.Block);
        await WriteAsync(v, random);
        await WriteAsync(w, random);
        await bed.Manager.CreateSnapshotAsync(v, "first");
        await WriteAsync(v, random);
        await bed.Manager.DestageAsync(checkpoint: true);
        await bed.Manager.CloneAsync(await bed.Manager.CreateSnapshotAsync(v, "second"), "c");
        await WriteAsync(bed.Manager.Find("c")!, random);
        await bed.Manager.CreateSnapshotAsync(bed.Manager.Find("c")!, "of clone");
        await WriteAsync(v, random);
        Assert.AreEqual(VolumeStatus.Ok, await v.FlushAsync());
        return bed;
    }

    private static async Task WriteAsync(Volume volume, Random random)
    {
        for (int i = 0; i < 40; i++)
        {
            byte[] content = new byte[EngineBed.Block * random.Next(1, 4)];
            random.NextBytes(content);
            Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync(random.Next(Blocks - 4) * EngineBed.Block, content, durable: false));
        }
    }

    private static async Task<Dictionary<string, byte[]>> ReadAsync(VolumeManager manager)
    {
        Dictionary<string, byte[]> all = [];
        foreach (Volume volume in manager.Volumes)
        {
            all.Add(volume.Name, await ReadAsync(volume));
            foreach (Snapshot snapshot in manager.ListSnapshots(volume))
            {
                Volume view = await manager.OpenSnapshotAsync(snapshot);
                all.Add(view.Name, await ReadAsync(view));
                await manager.CloseSnapshotAsync(view);
            }
        }
        return all;
    }

    private static async Task<byte[]> ReadAsync(Volume volume)
    {
        byte[] content = new byte[volume.SizeBytes];
        Assert.AreEqual(VolumeStatus.Ok, await volume.ReadAsync(0, content), volume.Name);
        return content;
    }

    private static async Task CheckAsync(EngineBed bed, Dictionary<string, byte[]> before, Dictionary<string, byte[]> after, string where)
    {
        Dictionary<string, byte[]> found = await ReadAsync(bed.Manager);
        Assert.IsTrue(AreSame(found, before) || AreSame(found, after), $"{where}: neither old nor new: {string.Join(", ", found.Keys)}");
    }

    private static bool AreSame(Dictionary<string, byte[]> a, Dictionary<string, byte[]> b) =>
        a.Count == b.Count && a.All(entry => b.TryGetValue(entry.Key, out byte[]? other) && entry.Value.AsSpan().SequenceEqual(other));
}
