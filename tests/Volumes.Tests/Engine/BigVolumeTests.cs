using System.Diagnostics;

namespace Lunaria.Volumes.Tests.Engine;

/// <summary>What a volume promises costs nothing.</summary>
[TestClass]
public sealed class BigVolumeTests
{
    private const long Size = 64L << 40;

    [TestMethod]
    public async Task Ten_volumes_of_64_TiB_open_at_once_and_serve_their_ends()
    {
        await using EngineBed bed = await EngineBed.OpenAsync();
        for (int i = 0; i < 10; i++)
        {
            Stopwatch watch = Stopwatch.StartNew();
            Volume volume = await bed.CreateAsync($"v{i}", Size);
            Assert.IsTrue(watch.Elapsed < TimeSpan.FromSeconds(10), $"created in {watch.Elapsed}");
            Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync(0, Content(i), false));
            Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync(Size - EngineBed.Block, Content(i + 100), false));
        }
        await bed.Manager.DestageAsync(checkpoint: true);
        Stopwatch open = Stopwatch.StartNew();
        await bed.RestartAsync();
        Assert.IsTrue(open.Elapsed < TimeSpan.FromSeconds(10), $"opened in {open.Elapsed}");
        byte[] content = new byte[EngineBed.Block];
        for (int i = 0; i < 10; i++)
        {
            Volume volume = bed.Manager.Find($"v{i}")!;
            Assert.AreEqual(VolumeStatus.Ok, await volume.ReadAsync(0, content));
            CollectionAssert.AreEqual(Content(i), content);
            Assert.AreEqual(VolumeStatus.Ok, await volume.ReadAsync(Size - EngineBed.Block, content));
            CollectionAssert.AreEqual(Content(i + 100), content);
            Assert.AreEqual(VolumeStatus.Ok, await volume.ReadAsync(Size / 2, content));
            CollectionAssert.AreEqual(new byte[EngineBed.Block], content);
        }
        Assert.AreEqual(20L * EngineBed.Block, bed.Manager.GetStatistics().MappedBytes);
    }

    [TestMethod]
    public async Task A_trim_of_everything_leaves_nothing()
    {
        await using EngineBed bed = await EngineBed.OpenAsync();
        Volume volume = await bed.CreateAsync(sizeBytes: Size);
        for (int round = 0; round < 2; round++)
        {
            for (long at = 0; at < Size; at += Size / 16)
                Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync(at + (512 * round), Content(round), false));
            if (round == 0)
                await bed.Manager.DestageAsync(checkpoint: true);
        }
        Assert.AreEqual(VolumeStatus.Ok, await volume.UnmapAsync(0, Size));
        byte[] content = new byte[EngineBed.Block];
        Assert.AreEqual(VolumeStatus.Ok, await volume.ReadAsync(Size / 16, content));
        CollectionAssert.AreEqual(new byte[EngineBed.Block], content);
        (VolumeStatus status, bool mapped, long length) = await volume.GetExtentAsync(0, Size);
        Assert.AreEqual((VolumeStatus.Ok, false), (status, mapped));
        Assert.IsTrue(length >= 256 << 10);
        await bed.Manager.DestageAsync(checkpoint: true);
        Assert.AreEqual(default, volume.GetStatistics());
        Assert.AreEqual(0, bed.Manager.GetStatistics().StoredBytes);
        Assert.AreEqual(0, bed.Store.UsedBytes);
    }

    [TestMethod]
    public async Task Names_and_sizes_are_checked_and_creating_again_gives_the_same_volume()
    {
        await using EngineBed bed = await EngineBed.OpenAsync();
        Volume volume = await bed.CreateAsync("one", 1 << 20);
        Assert.AreSame(volume, await bed.CreateAsync("one", 1 << 20));
        await Assert.ThrowsAsync<InvalidOperationException>(() => bed.CreateAsync("one", 2 << 20));
        foreach (string name in (string[])["", " ", " a", "a\n", new('x', 129)])
            await Assert.ThrowsAsync<ArgumentException>(() => bed.CreateAsync(name));
        foreach (long size in (long[])[0, -4096, 512, 4097, Size + 4096])
            await Assert.ThrowsAsync<ArgumentException>(() => bed.CreateAsync("two", size));
        foreach ((long offset, int length) in ((long, int)[])[(-512, 512), (1, 512), (0, 100), (1 << 20, 512), ((1 << 20) - 512, 1024), (long.MaxValue - 511, 512)])
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => volume.TryRead(offset, new byte[length]), $"{offset} {length}");
        await bed.RestartAsync();
        Assert.AreEqual(volume.Uuid, bed.Manager.Volumes.Single().Uuid);
        Assert.AreEqual(1 << 20, bed.Manager.Find("one")!.SizeBytes);
        Assert.IsNull(bed.Manager.Find("two"));
    }

    private static byte[] Content(int seed)
    {
        byte[] content = new byte[EngineBed.Block];
        new Random(seed).NextBytes(content);
        return content;
    }
}
