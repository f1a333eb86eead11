using Lunaria.Volumes.Tests.Engine;

namespace Lunaria.Volumes.Tests.Model;

/// <summary>The engine does what plain memory would do, whatever is asked of it and whenever it dies.</summary>
[TestClass]
public sealed class EngineModelTests
{
    private const int VolumeBytes = 3 << 20;
    private const int OperationsPerSeed = 3500;

    [TestMethod]
    public Task Any_operations_give_what_memory_would_give() => RunSeedsAsync(EngineBed.Tiny, cold: false);

    [TestMethod]
    public Task Any_operations_with_a_cold_store_and_a_cold_page_cache() => RunSeedsAsync(EngineBed.Tiny, cold: true);

    [TestMethod]
    public Task Any_operations_with_room_for_everything() =>
        RunSeedsAsync(new() { Log = new() { FileBytes = 1 << 20, SizeBytes = 8 << 20 }, SegmentBytes = 256 << 10, MapMemoryBytes = 4 << 20 }, cold: false);

    private static async Task RunSeedsAsync(VolumesOptions options, bool cold)
    {
        foreach (int seed in Seed.Many(2))
            try
            {
                await RunAsync(options, seed, cold);
            }
            catch (Exception e)
            {
                throw new AssertFailedException($"LUNARIA_SEED={seed}: {e.Message}", e);
            }
    }

    private static async Task RunAsync(VolumesOptions options, int seed, bool cold)
    {
        Random random = new(seed);
        await using EngineBed bed = await EngineBed.OpenAsync(options, prepare: bed =>
        {
            bed.Store.Cold = cold;
            bed.Disk.Faults.PageCache = !cold;
        });
        ModelVolume[] models = [new(VolumeBytes), new(VolumeBytes), new(VolumeBytes)];
        for (int i = 0; i < models.Length; i++)
            await bed.CreateAsync($"v{i}", VolumeBytes);
        for (int operation = 0; operation < OperationsPerSeed; operation++)
        {
            int at = random.Next(models.Length);
            Volume volume = bed.Manager.Find($"v{at}")!;
            switch (random.Next(1000))
            {
                case < 450:
                    await ModelSteps.WriteAsync(volume, models[at], random);
                    break;
                case < 550:
                    ModelSteps.WriteBatch(volume, models[at], random);
                    break;
                case < 850:
                    await ModelSteps.ReadAsync(volume, models[at], random);
                    break;
                case < 930:
                    (int offset, int length) = ModelSteps.Range(random, VolumeBytes);
                    Assert.AreEqual(VolumeStatus.Ok, await volume.UnmapAsync(offset, length));
                    models[at].Unmap(offset, length);
                    break;
                case < 960:
                    Assert.AreEqual(VolumeStatus.Ok, await volume.FlushAsync());
                    break;
                case < 975:
                    await bed.Manager.DestageAsync(checkpoint: random.Next(3) == 0);
                    break;
                case < 985:
                    await ModelSteps.CheckExtentsAsync(volume, models[at]);
                    break;
                case < 992:
                    await bed.RestartAsync();
                    break;
                default:
                    await bed.KillAsync(random);
                    bed.Disk.Faults.PageCache = !cold;
                    break;
            }
        }
        await CheckAccountingAsync(bed, models);
        await bed.RestartAsync();
        await CheckAccountingAsync(bed, models);
    }

    private static async Task CheckAccountingAsync(EngineBed bed, ModelVolume[] models)
    {
        // A round of garbage collection has copies in the store that no checkpoint knows yet.
        bed.Manager.IsCollectionPaused = true;
        await bed.Manager.DestageAsync(checkpoint: true);
        for (int i = 0; i < models.Length; i++)
        {
            Volume volume = bed.Manager.Find($"v{i}")!;
            byte[] content = new byte[VolumeBytes];
            Assert.AreEqual(VolumeStatus.Ok, await volume.ReadAsync(0, content));
            ModelSteps.AssertSame(models[i].Bytes, content, 0);
            Assert.AreEqual(new((long)models[i].MappedBlocks * EngineBed.Block, 0), volume.GetStatistics(), $"v{i}");
        }
        EngineStatistics engine = bed.Manager.GetStatistics();
        Assert.AreEqual(models.Sum(model => (long)model.MappedBlocks) * EngineBed.Block, engine.MappedBytes);
        Assert.AreEqual(bed.Store.UsedBytes, engine.StoredBytes);
        Assert.AreEqual(0, engine.LogUsedBytes);
    }
}
