using System.Globalization;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Check;
using Lunaria.Volumes.Tests.Engine;

namespace Lunaria.Volumes.Tests.Model;

/// <summary>
/// Volumes and snapshots as memory has them, and random operations on them and on the engine that has to be like it. One run, one thread.
/// </summary>
internal sealed class GenerationModel
{
    private const int MaxVolumes = 6, MaxSnapshots = 8;

    // Choices below it are what hosts do.
    private const int DataChoices = 745;

    private readonly Dictionary<string, ModelVolume> _volumes = [];
    private readonly Dictionary<(string Volume, string Snapshot), byte[]> _snapshots = [];
    private int _names;
    private bool _hasForgotten;

    /// <summary>
    /// Does so many operations, then checks all over a restart, deletes all, and nothing is left. Of <paramref name="dataOnly"/> operations all but one are reads, writes, unmaps and
    /// flushes. On a <paramref name="scheduler"/> disk and store are late and fail now and then, in ways that no host may see; <paramref name="plant"/> does before each start what no engine survives unseen.
    /// </summary>
    public static async Task RunAsync(VolumesOptions options, Random random, bool cold, int operations, int dataOnly, SimScheduler? scheduler = null, SimTrace? trace = null, Action<EngineBed>? plant = null)
    {
        GenerationModel model = new();
        await using EngineBed bed = await EngineBed.OpenAsync(options, scheduler?.Time, bed =>
        {
            bed.Store.Cold = cold;
            bed.Disk.Faults.PageCache = !cold;
            if (scheduler is not null)
                bed.Starting = () =>
                {
                    Simulate(bed, scheduler, trace);
                    plant?.Invoke(bed);
                };
        });
        await bed.SaveAsync();
        for (int operation = 0; operation < operations; operation++)
            try
            {
                if (scheduler is not null)
                    Fail(bed, random);
                int choice = random.Next(dataOnly) == 0 ? random.Next(1000) : random.Next(DataChoices);
                trace?.Add("operation", choice.ToString(CultureInfo.InvariantCulture), operation);
                await model.StepAsync(bed, random, choice);
                bed.Disk.Faults.PageCache = !cold;
            }
            catch (Exception e) when (e is not AssertFailedException)
            {
                throw new AssertFailedException($"operation {operation}: {e.Message}", e);
            }
        await model.EndAsync(bed);
    }

    private static void Simulate(EngineBed bed, SimScheduler scheduler, SimTrace? trace)
    {
        (bed.Disk.Faults.Late, bed.Store.Late) = (scheduler.BeLateAsync, scheduler.BeLateAsync);
        (bed.Disk.Faults.Trace, bed.Store.Trace) = (trace, trace);
    }

    private static void Fail(EngineBed bed, Random random)
    {
        switch (random.Next(100))
        {
            case 0:
                bed.Store.FailPuts(Backend.ObjectStoreError.Retry, random.Next(1, 4));
                break;
            case 1:
                bed.Store.FailGets(Backend.ObjectStoreError.Retry, random.Next(1, 4));
                break;
            case 2:
                bed.Store.SpoilGets(random.Next(1, 3));
                break;
            case 3:
                bed.Disk.Faults.SpoilRead(random.Next(1, 4), path: "log-");
                break;
        }
    }

    private async Task EndAsync(EngineBed bed)
    {
        await CheckAllAsync(bed);
        await bed.RestartAsync();
        await CheckAllAsync(bed);
        bed.Manager.IsCollectionPaused = true;
        foreach (Volume volume in bed.Manager.Volumes.ToList())
            await bed.Manager.DeleteVolumeAsync(volume, withSnapshots: true);
        await bed.Manager.DestageAsync(checkpoint: true);
        await bed.Manager.DestageAsync(checkpoint: true);
        Assert.AreEqual((0L, 0L), (bed.Manager.GetStatistics().StoredBytes, bed.Store.UsedBytes), "all is deleted");
        Assert.IsEmpty(bed.Manager.Metadata.ReadLines());
        Assert.IsEmpty(bed.Manager.Metadata.ReadPrunes());
    }

    private async Task StepAsync(EngineBed bed, Random random, int choice)
    {
        if (_volumes.Count == 0 || (choice < 8 && _volumes.Count < MaxVolumes))
        {
            string created = $"v{_names++}";
            int size = random.Next(310, 800) * EngineBed.Block;
            await bed.CreateAsync(created, size);
            _volumes.Add(created, new(size));
            return;
        }
        string name = _volumes.Keys.ElementAt(random.Next(_volumes.Count));
        Volume volume = bed.Manager.Find(name)!;
        ModelVolume model = _volumes[name];
        switch (choice)
        {
            case < 500:
                await ModelSteps.WriteAsync(volume, model, random);
                break;
            case < 700:
                await ModelSteps.ReadAsync(volume, model, random);
                break;
            case < 715:
                await ModelSteps.CloneRangeAsync(bed, volume, model, bed.Manager.Find(_volumes.Keys.ElementAt(random.Next(_volumes.Count)))!, _volumes, random);
                break;
            case < 740:
                (int offset, int length) = ModelSteps.Range(random, model.Bytes.Length);
                Assert.AreEqual(VolumeStatus.Ok, await volume.UnmapAsync(offset, length));
                model.Unmap(offset, length);
                break;
            case < DataChoices:
                Assert.AreEqual(VolumeStatus.Ok, await volume.FlushAsync());
                break;
            case < 770:
                if (random.Next(4) == 0)
                    await CollectAsync(bed);
                else
                    await bed.Manager.DestageAsync(checkpoint: random.Next(3) == 0);
                break;
            case < 820:
                await SnapshotAsync(bed, random, name);
                break;
            case < 850:
                await DeleteSnapshotAsync(bed, random);
                break;
            case < 870:
                await CloneAsync(bed, random);
                break;
            case < 890:
                await RollBackAsync(bed, random, volume, name);
                break;
            case < 905:
                await ResizeAsync(bed, random, volume, model);
                break;
            case < 912:
                await bed.Manager.DeleteVolumeAsync(volume, withSnapshots: true);
                _volumes.Remove(name);
                foreach ((string, string) key in _snapshots.Keys.Where(key => key.Volume == name).ToList())
                    _snapshots.Remove(key);
                break;
            case < 918:
                await bed.Manager.FlattenAsync(volume);
                break;
            case < 925:
                string renamed = $"v{_names++}";
                await bed.Manager.RenameVolumeAsync(volume, renamed);
                _volumes.Remove(name);
                _volumes.Add(renamed, model);
                foreach ((string Volume, string Snapshot) key in _snapshots.Keys.Where(key => key.Volume == name).ToList())
                {
                    _snapshots.Remove(key, out byte[]? content);
                    _snapshots.Add((renamed, key.Snapshot), content!);
                }
                break;
            case < 965:
                await CheckSnapshotAsync(bed, random);
                break;
            case < 975:
                await ModelSteps.CheckExtentsAsync(volume, model);
                break;
            case < 980:
                await CheckAllAsync(bed);
                break;
            case < 985:
                await bed.RestartAsync();
                break;
            case < 989:
                await LoseAsync(bed, random, volume, model);
                break;
            default:
                await bed.KillAsync(random);
                break;
        }
    }

    /// <summary>Files are lost with the process, or the whole machine: what the store's catalog, journal and log have together is everything.</summary>
    private async Task LoseAsync(EngineBed bed, Random random, Volume volume, ModelVolume model)
    {
        int lost = random.Next(4);
        bool collects = random.Next(2) == 0;
        // Volumes that came and went since the catalog, and copies that a round was putting: what the store still has of them only an audit finds.
        _hasForgotten |= lost == 0 || collects;
        bed.Manager.IsCollectionPaused = !collects;
        // map.db is rebuilt from a catalog of any age; lunaria.db is as old as the catalog is.
        if (lost > 0)
            await RetryAsync(bed.SaveAsync);
        for (int i = random.Next(20); i > 0 && lost < 3; i--)
            await ModelSteps.WriteAsync(volume, model, random);
        if (lost < 3 && random.Next(2) == 0)
            await bed.Manager.DestageAsync(checkpoint: random.Next(2) == 0);
        if (lost == 3)
            await bed.LoseMachineAsync(random);
        else
            await bed.LoseAsync(random, lost == 0 ? ["map.db"] : lost == 1 ? ["lunaria.db"] : ["lunaria.db", "map.db"]);
    }

    private static async Task RetryAsync(Func<Task> work)
    {
        for (int attempt = 0; ; attempt++)
            try
            {
                await work();
                return;
            }
            catch (ObjectStoreException e) when (e.Error == ObjectStoreError.Retry && attempt < 5)
            {
            }
    }

    /// <summary>A round ends where the store fails; what was gained stays.</summary>
    private static async Task CollectAsync(EngineBed bed)
    {
        try
        {
            await bed.Manager.CollectGarbageAsync();
        }
        catch (ObjectStoreException e) when (e.Error == ObjectStoreError.Retry)
        {
        }
    }

    private async Task SnapshotAsync(EngineBed bed, Random random, string first)
    {
        string[] group = random.Next(3) == 0 ? [.. _volumes.Keys.Where(name => name == first || random.Next(2) == 0)] : [first];
        if (group.Any(name => _snapshots.Keys.Count(key => key.Volume == name) >= MaxSnapshots))
            return;
        string snapshot = $"s{_names++}";
        Volume[] volumes = [.. group.Select(name => bed.Manager.Find(name)!)];
        await bed.Manager.CreateSnapshotsAsync(volumes, snapshot, new() { Labels = new Dictionary<string, string> { ["of"] = first } });
        foreach (string name in group)
            _snapshots.Add((name, snapshot), _volumes[name].Bytes.ToArray());
    }

    private async Task DeleteSnapshotAsync(EngineBed bed, Random random)
    {
        if (Any(bed, random) is not { } snapshot)
            return;
        await bed.Manager.DeleteSnapshotAsync(snapshot);
        _snapshots.Remove((snapshot.Volume.Name, snapshot.Name));
    }

    private async Task CloneAsync(EngineBed bed, Random random)
    {
        if (Any(bed, random) is not { } snapshot || _volumes.Count >= MaxVolumes)
            return;
        string name = $"v{_names++}";
        await bed.Manager.CloneAsync(snapshot, name);
        _volumes.Add(name, Copy(_snapshots[(snapshot.Volume.Name, snapshot.Name)]));
    }

    private async Task RollBackAsync(EngineBed bed, Random random, Volume volume, string name)
    {
        if (bed.Manager.ListSnapshots(volume) is not { Count: > 0 } all)
            return;
        Snapshot target = all[random.Next(all.Count)];
        await bed.Manager.RollBackAsync(target, dropYounger: random.Next(2) == 0);
        _volumes[name] = Copy(_snapshots[(name, target.Name)]);
        HashSet<string> left = [.. bed.Manager.ListSnapshots(volume).Select(snapshot => snapshot.Name)];
        Assert.Contains(target.Name, left);
        foreach ((string Volume, string Snapshot) key in _snapshots.Keys.Where(key => key.Volume == name && !left.Contains(key.Snapshot)).ToList())
            _snapshots.Remove(key);
    }

    private async Task ResizeAsync(EngineBed bed, Random random, Volume volume, ModelVolume model)
    {
        int size = random.Next(310, 800) * EngineBed.Block;
        if (size < model.Bytes.Length)
            await Assert.ThrowsExactlyAsync<InvalidOperationException>(() => bed.Manager.ResizeVolumeAsync(volume, size).AsTask());
        await bed.Manager.ResizeVolumeAsync(volume, size, discardTail: true);
        byte[] content = new byte[size];
        model.Bytes[..Math.Min(size, model.Bytes.Length)].CopyTo(content);
        _volumes[volume.Name] = Copy(content);
    }

    private async Task CheckSnapshotAsync(EngineBed bed, Random random)
    {
        if (Any(bed, random) is { } snapshot)
            await CheckAsync(bed, snapshot, random);
    }

    private async Task CheckAsync(EngineBed bed, Snapshot snapshot, Random? random)
    {
        byte[] expected = _snapshots[(snapshot.Volume.Name, snapshot.Name)];
        Volume view = await bed.Manager.OpenSnapshotAsync(snapshot);
        Assert.AreEqual(expected.Length, view.SizeBytes);
        Assert.AreEqual(VolumeStatus.ReadOnly, await view.WriteAsync(0, new byte[EngineBed.Block], durable: false));
        Assert.IsFalse(view.TryWriteBatch([0L], [new byte[EngineBed.Block]]));
        byte[] content = new byte[expected.Length];
        Assert.AreEqual(VolumeStatus.Ok, await view.ReadAsync(0, content));
        ModelSteps.AssertSame(expected, content, 0);
        // Until then it may show what the log holds, and the map counts something else.
        if (random == null || random.Next(2) == 0)
            await bed.Manager.DestageAsync();
        if (view.IsSettled)
            Assert.AreEqual((long)EngineBed.CountMapped(expected) * EngineBed.Block, view.GetStatistics().MappedBytes, $"mapped bytes of {view.Name}");
        if (random != null && random.Next(3) == 0)
        {
            // It stays what it is while the volume goes on, and even when the snapshot is deleted.
            await bed.Manager.DeleteSnapshotAsync(snapshot);
            _snapshots.Remove((snapshot.Volume.Name, snapshot.Name));
            await ModelSteps.WriteAsync(snapshot.Volume, _volumes[snapshot.Volume.Name], random);
            await bed.Manager.DestageAsync(checkpoint: true);
            Assert.AreEqual(VolumeStatus.Ok, await view.ReadAsync(0, content));
            ModelSteps.AssertSame(expected, content, 0);
        }
        await bed.Manager.CloseSnapshotAsync(view);
        Assert.AreEqual(VolumeStatus.Unavailable, await view.ReadAsync(0, content));
    }

    private async Task CheckAllAsync(EngineBed bed)
    {
        // A round of garbage collection has copies in the store that no checkpoint knows yet.
        bed.Manager.IsCollectionPaused = true;
        await bed.Manager.DestageAsync(checkpoint: true);
        CollectionAssert.AreEquivalent(_volumes.Keys.ToArray(), bed.Manager.Volumes.Select(volume => volume.Name).ToArray());
        foreach ((string name, ModelVolume model) in _volumes)
        {
            Volume volume = bed.Manager.Find(name)!;
            byte[] content = new byte[model.Bytes.Length];
            Assert.AreEqual(content.Length, volume.SizeBytes);
            Assert.AreEqual(VolumeStatus.Ok, await volume.ReadAsync(0, content));
            ModelSteps.AssertSame(model.Bytes, content, 0);
            Assert.AreEqual(new((long)model.MappedBlocks * EngineBed.Block, 0), volume.GetStatistics(), name);
            CollectionAssert.AreEquivalent(
                _snapshots.Keys.Where(key => key.Volume == name).Select(key => key.Snapshot).ToArray(),
                bed.Manager.ListSnapshots(volume).Select(snapshot => snapshot.Name).ToArray());
            foreach (Snapshot snapshot in bed.Manager.ListSnapshots(volume))
                await CheckAsync(bed, snapshot, null);
        }
        await bed.Manager.DestageAsync(checkpoint: true);
        if (_hasForgotten)
        {
            await RetryAsync(() => bed.Manager.Checks.AuditAsync(null, CancellationToken.None));
            await RetryAsync(() => bed.Manager.Checks.AuditAsync(TimeSpan.Zero, CancellationToken.None));
            _hasForgotten = false;
        }
        Books.Check(bed);
        CheckReport report = await bed.Manager.Checks.RunAsync(new() { ReadBlocks = true }, null, CancellationToken.None);
        Assert.IsEmpty(report.Findings.Where(finding => finding.Kind != CheckKinds.SuperblockMissing), string.Join('\n', report.Findings));
        AuditReport audit = await bed.Manager.Checks.AuditAsync(null, CancellationToken.None);
        Assert.AreEqual((0, 0), (audit.Orphans.Count, audit.Missing.Count), "orphan and missing objects");
        bed.Manager.IsCollectionPaused = false;
    }

    private static Snapshot? Any(EngineBed bed, Random random)
    {
        Snapshot[] all = [.. bed.Manager.Volumes.SelectMany(bed.Manager.ListSnapshots)];
        return all.Length == 0 ? null : all[random.Next(all.Length)];
    }

    private static ModelVolume Copy(byte[] content)
    {
        ModelVolume model = new(content.Length);
        model.Write(0, content);
        return model;
    }
}
