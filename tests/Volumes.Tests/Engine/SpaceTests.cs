using Lunaria.Volumes.Tests.Model;

namespace Lunaria.Volumes.Tests.Engine;

/// <summary>What volumes and snapshots say they take is what is there.</summary>
[TestClass]
public sealed class SpaceTests
{
    [TestMethod]
    public async Task What_all_volumes_hold_with_their_snapshots_adds_up_to_what_is_alive_in_the_store()
    {
        int seed = Seed.One();
        Random random = new(seed);
        await using EngineBed bed = await EngineBed.OpenAsync();
        List<Volume> volumes = [await bed.CreateAsync("v0", 2 << 20), await bed.CreateAsync("v1", 2 << 20)];
        for (int round = 0; round < 12; round++)
        {
            foreach (Volume volume in volumes)
                for (int i = 0; i < 6; i++)
                    await ModelSteps.WriteAsync(volume, new((int)volume.SizeBytes), random);
            Volume one = volumes[random.Next(volumes.Count)];
            Snapshot snapshot = await bed.Manager.CreateSnapshotAsync(one, $"s{round}");
            if (round % 3 == 0)
                volumes.Add(await bed.Manager.CloneAsync(snapshot, $"clone{round}"));
            else if (round % 4 == 1)
                await bed.Manager.RollBackAsync(bed.Manager.ListSnapshots(one)[0]);
        }
        bed.Manager.IsCollectionPaused = true;
        await bed.Manager.DestageAsync(checkpoint: true);
        long own = 0;
        foreach (Volume volume in volumes)
        {
            VolumeSpace space = await bed.Manager.Comparison.MeasureVolumeAsync(volume);
            Assert.AreEqual(volume.GetStatistics().MappedBytes, space.ShownBytes);
            own += space.OwnBytes;
            foreach (Snapshot snapshot in bed.Manager.ListSnapshots(volume))
                if (await bed.Manager.Comparison.MeasureSnapshotAsync(snapshot) is var of)
                    Assert.AreEqual(of.TotalBytes, of.ExclusiveBytes + of.SharedBytes);
        }
        await bed.Manager.DestageAsync(checkpoint: true);
        Assert.AreEqual(Books.CountLive(bed) * EngineBed.Block, own, $"seed {seed}");
        Books.Check(bed);
    }
}
