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
                    await WriteAsync(volume, models[at], random);
                    break;
                case < 550:
                    WriteBatch(volume, models[at], random);
                    break;
                case < 850:
                    await ReadAsync(volume, models[at], random);
                    break;
                case < 930:
                    (int offset, int length) = Range(random);
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
                    await CheckExtentsAsync(volume, models[at]);
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

    private static async Task WriteAsync(Volume volume, ModelVolume model, Random random)
    {
        (int offset, int length) = Range(random);
        byte[] content = Content(random, length);
        Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync(offset, content, durable: random.Next(8) == 0));
        model.Write(offset, content);
    }

    private static void WriteBatch(Volume volume, ModelVolume model, Random random)
    {
        int count = random.Next(1, 12);
        long[] offsets = new long[count];
        ReadOnlyMemory<byte>[] sources = new ReadOnlyMemory<byte>[count];
        for (int i = 0; i < count; i++)
        {
            offsets[i] = (long)random.Next(VolumeBytes / EngineBed.Block - 4) * EngineBed.Block;
            sources[i] = Content(random, random.Next(1, 4) * EngineBed.Block);
        }
        if (!volume.TryWriteBatch(offsets, sources))
            return;
        for (int i = 0; i < count; i++)
            model.Write((int)offsets[i], sources[i].Span);
    }

    private static async Task ReadAsync(Volume volume, ModelVolume model, Random random)
    {
        (int offset, int length) = Range(random);
        byte[] content = new byte[length];
        random.NextBytes(content);
        if (!volume.TryRead(offset, content))
            Assert.AreEqual(VolumeStatus.Ok, await volume.ReadAsync(offset, content));
        AssertSame(model.Bytes.Slice(offset, length), content, offset);
    }

    private static async Task CheckExtentsAsync(Volume volume, ModelVolume model)
    {
        for (long at = 0; at < VolumeBytes;)
        {
            (VolumeStatus status, bool mapped, long length) = await volume.GetExtentAsync(at, VolumeBytes - at);
            Assert.AreEqual(VolumeStatus.Ok, status);
            Assert.IsTrue(length > 0 && length <= VolumeBytes - at);
            for (long block = at; block < at + length; block += EngineBed.Block)
                Assert.AreEqual(model.Bytes.Slice((int)block, EngineBed.Block).ContainsAnyExcept((byte)0), mapped, $"block at {block}");
            at += length;
        }
    }

    private static async Task CheckAccountingAsync(EngineBed bed, ModelVolume[] models)
    {
        await bed.Manager.DestageAsync(checkpoint: true);
        for (int i = 0; i < models.Length; i++)
        {
            Volume volume = bed.Manager.Find($"v{i}")!;
            byte[] content = new byte[VolumeBytes];
            Assert.AreEqual(VolumeStatus.Ok, await volume.ReadAsync(0, content));
            AssertSame(models[i].Bytes, content, 0);
            Assert.AreEqual(new((long)models[i].MappedBlocks * EngineBed.Block, 0), volume.GetStatistics(), $"v{i}");
        }
        EngineStatistics engine = bed.Manager.GetStatistics();
        Assert.AreEqual(models.Sum(model => (long)model.MappedBlocks) * EngineBed.Block, engine.MappedBytes);
        Assert.AreEqual(bed.Store.UsedBytes, engine.StoredBytes);
        Assert.AreEqual(0, engine.LogUsedBytes);
    }

    private static (int Offset, int Length) Range(Random random)
    {
        int unit = random.Next(3) == 0 ? 512 : EngineBed.Block;
        int length = unit * (random.Next(20) == 0 ? random.Next(1, 300) : random.Next(1, 12));
        return (random.Next((VolumeBytes - length) / unit + 1) * unit, length);
    }

    /// <summary>Random bytes, with blocks of zeros among them now and then.</summary>
    private static byte[] Content(Random random, int length)
    {
        byte[] content = new byte[length];
        random.NextBytes(content);
        if (random.Next(4) == 0)
            for (int at = 0; at < length; at += EngineBed.Block)
                if (random.Next(2) == 0)
                    content.AsSpan(at, Math.Min(EngineBed.Block, length - at)).Clear();
        return content;
    }

    private static void AssertSame(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual, int offset)
    {
        int difference = expected.CommonPrefixLength(actual);
        if (difference < expected.Length)
            Assert.Fail($"The byte at {offset + difference} is {actual[difference]} and not {expected[difference]}.");
    }
}
