using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Catalog;
using Lunaria.Volumes.Tests.Engine;
using Lunaria.Volumes.Tests.Model;

namespace Lunaria.Volumes.Tests.Catalog;

/// <summary>The catalog is saved, whatever fails, and nothing is deleted that it names.</summary>
[TestClass]
public sealed class SaverTests
{
    private static readonly VolumesOptions Quiet = EngineBed.Tiny with { GarbageShare = 1 };

    /// <summary>Fails the first, second, third ... operation of a save: each time the old or the new catalog is there, and everything can be rebuilt from it.</summary>
    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public async Task Whichever_operation_of_a_save_fails_a_catalog_is_there(bool isFatal)
    {
        Random random = new(Seed.One());
        bool passed = false;
        for (int cut = 1; !passed; cut++)
        {
            Assert.IsLessThan(200, cut);
            await using EngineBed bed = await EngineBed.OpenAsync(Quiet);
            ModelVolume v = await RebuildTests.CreateAsync(bed, "v", random);
            await bed.SaveAsync();
            byte[] old = v.Bytes.ToArray();
            await RebuildTests.WriteAsync(bed, "v", v, random);
            await bed.Manager.DestageAsync(checkpoint: true);
            int operations = 0;
            bed.Store.BeforeOperation = key =>
            {
                if (key.StartsWith("catalog/", StringComparison.Ordinal) && ++operations >= cut)
                    throw new ObjectStoreException(isFatal ? ObjectStoreError.Fatal : ObjectStoreError.Retry, "the process dies here");
            };
            try
            {
                await bed.Manager.SaveCatalogAsync().WaitAsync(TimeSpan.FromSeconds(20));
                passed = operations < cut;
            }
            catch (ObjectStoreException)
            {
                // What the save says when its store fails; what counts is what is found afterwards.
            }
            bed.Store.BeforeOperation = null;
            await bed.LoseMachineAsync(random);
            byte[] content = new byte[v.Bytes.Length];
            Assert.AreEqual(VolumeStatus.Ok, await bed.Manager.Find("v")!.ReadAsync(0, content));
            Assert.IsTrue(content.AsSpan().SequenceEqual(v.Bytes) || content.AsSpan().SequenceEqual(old), $"cut {cut}");
            await bed.SaveAsync();
            Assert.AreEqual(await CountNamedAsync(bed), bed.Store.CatalogKeys.Count - 1, "nothing is left over");
        }
    }

    [TestMethod]
    public async Task No_segment_is_deleted_that_the_catalog_may_name()
    {
        Random random = new(Seed.One());
        await using EngineBed bed = await EngineBed.OpenAsync(Quiet);
        ModelVolume v = await RebuildTests.CreateAsync(bed, "v", random);
        await bed.Manager.DestageAsync(checkpoint: true);
        await bed.SaveAsync();
        string[] before = [.. bed.Store.Keys];
        bed.Store.BeforeOperation = FailManifest;
        byte[] old = v.Bytes.ToArray();
        Assert.AreEqual(VolumeStatus.Ok, await bed.Manager.Find("v")!.UnmapAsync(0, v.Bytes.Length));
        await bed.Manager.DestageAsync(checkpoint: true);
        Assert.IsEmpty(before.Except(bed.Store.Keys), "segments of the catalog");
        await bed.LoseMachineAsync(random);
        await RebuildTests.CheckAsync(bed, ("v", RebuildTests.Copy(old)));
    }

    [TestMethod]
    public async Task Once_the_store_takes_the_catalog_segments_go()
    {
        Random random = new(Seed.One());
        await using EngineBed bed = await EngineBed.OpenAsync(Quiet);
        ModelVolume v = await RebuildTests.CreateAsync(bed, "v", random);
        await bed.SaveAsync();
        bed.Store.BeforeOperation = FailManifest;
        Assert.AreEqual(VolumeStatus.Ok, await bed.Manager.Find("v")!.UnmapAsync(0, v.Bytes.Length));
        await bed.Manager.DestageAsync(checkpoint: true);
        Assert.IsGreaterThan(0L, bed.Store.UsedBytes);
        Assert.IsNotNull(bed.Manager.GetCatalog().Failure);
        Assert.IsGreaterThan(0L, bed.Manager.GetCatalog().Failures);
        bed.Store.BeforeOperation = null;
        await bed.Manager.DestageAsync(checkpoint: true);
        Assert.AreEqual(0L, bed.Store.UsedBytes);
        Assert.IsNull(bed.Manager.GetCatalog().Failure);
    }

    /// <summary>Deletes need a save, and a save needs space: the catalog makes way.</summary>
    [TestMethod]
    public async Task A_full_store_does_not_keep_what_could_be_deleted()
    {
        Random random = new(Seed.One());
        await using EngineBed bed = await EngineBed.OpenAsync(Quiet with { SpaceWait = TimeSpan.FromSeconds(60) });
        ModelVolume v = await RebuildTests.CreateAsync(bed, "v", random);
        await bed.SaveAsync();
        string[] before = [.. bed.Store.Keys];
        (bed.Store.CapacityBytes, bed.Store.CatalogCapacityBytes) = (bed.Store.UsedBytes, bed.Store.CatalogBytes);
        Volume volume = bed.Manager.Find("v")!;
        Assert.AreEqual(VolumeStatus.Ok, await volume.UnmapAsync(0, v.Bytes.Length));
        v.Unmap(0, v.Bytes.Length);
        await bed.Manager.DestageAsync(checkpoint: true).WaitAsync(TimeSpan.FromSeconds(60));
        for (int i = 0; i < 20; i++)
        {
            byte[] block = new byte[EngineBed.Block];
            random.NextBytes(block);
            Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync(i * EngineBed.Block, block, durable: false));
            v.Write(i * EngineBed.Block, block);
        }
        await bed.Manager.DestageAsync(checkpoint: true).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.IsEmpty(before.Intersect(bed.Store.Keys), "what was deleted, although no save has space");
        bed.Store.CapacityBytes = bed.Store.CatalogCapacityBytes = long.MaxValue;
        await bed.SaveAsync();
        await bed.LoseMachineAsync(random);
        await RebuildTests.CheckAsync(bed, ("v", v));
    }

    [TestMethod]
    public async Task Rows_that_have_changed_are_saved_and_a_new_base_now_and_then()
    {
        Random random = new(Seed.One());
        await using EngineBed bed = await EngineBed.OpenAsync(Quiet);
        ModelVolume v = await RebuildTests.CreateAsync(bed, "v", random);
        await bed.SaveAsync();
        List<int> increments = [];
        for (int i = 0; i < 60; i++)
        {
            await ModelSteps.WriteAsync(bed.Manager.Find("v")!, v, random);
            await bed.Manager.DestageAsync(checkpoint: true);
            await bed.SaveAsync();
            increments.Add((await ManifestAsync(bed)).Increments.Count);
        }
        Assert.IsGreaterThan(10, increments.Max());
        Assert.IsTrue(increments.Zip(increments.Skip(1)).Any(pair => pair.Second < pair.First), "a new base");
        await bed.RestartAsync();
        await ModelSteps.WriteAsync(bed.Manager.Find("v")!, v, random);
        await bed.SaveAsync();
        Assert.IsGreaterThan(0, (await ManifestAsync(bed)).Increments.Count, "a start goes on with the base");
        await bed.LoseMachineAsync(random);
        await RebuildTests.CheckAsync(bed, ("v", v));
    }

    [TestMethod]
    public async Task History_is_not_saved_and_everything_else_is()
    {
        Random random = new(Seed.One());
        await using EngineBed bed = await EngineBed.OpenAsync(Quiet);
        await bed.CreateAsync();
        bed.Manager.Metadata.AddEvent(Lunaria.Volumes.Metadata.EventSeverity.Error, "v", "no secret of anybody");
        bed.Manager.Metadata.WriteSetting("kept", "yes");
        await bed.SaveAsync();
        ulong saves = bed.Manager.GetCatalog().Saves;
        await bed.LoseMachineAsync(random);
        Assert.IsEmpty(bed.Manager.Metadata.ReadEvents(long.MaxValue, 10));
        Assert.AreEqual("yes", bed.Manager.Metadata.ReadSetting("kept"));
        await bed.SaveAsync();
        Assert.IsGreaterThan(saves, bed.Manager.GetCatalog().Saves);
    }

    [TestMethod]
    public async Task Who_waits_for_a_save_that_has_begun_hears_of_the_end()
    {
        Random random = new(Seed.One());
        await using EngineBed bed = await EngineBed.OpenAsync(Quiet);
        await RebuildTests.CreateAsync(bed, "v", random);
        bed.Store.HoldPuts();
        Task save = bed.Manager.SaveCatalogAsync();
        await bed.Store.PutHeldAsync();
        await bed.KillAsync(random);
        await Assert.ThrowsAsync<OperationCanceledException>(() => save.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    private static void FailManifest(string key)
    {
        if (key == CatalogObject.ManifestKey)
            throw new ObjectStoreException(ObjectStoreError.Retry, "not now");
    }

    private static async Task<CatalogManifest> ManifestAsync(EngineBed bed) => (await new CatalogReader(bed.Store).ReadManifestAsync(CancellationToken.None))!.Value.Manifest;

    private static async Task<int> CountNamedAsync(EngineBed bed) => (await ManifestAsync(bed)).All.Count();
}
