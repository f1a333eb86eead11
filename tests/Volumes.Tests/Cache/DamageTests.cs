using System.Globalization;
using Lunaria.Volumes.Cache;
using Lunaria.Volumes.Io;

namespace Lunaria.Volumes.Tests.Cache;

/// <summary>The cache may lose what it holds, and never changes what is read.</summary>
[TestClass]
public sealed class DamageTests
{
    private const int Blocks = 2048, UsualOperations = 30_000;

    public required TestContext TestContext { get; set; }

    /// <summary>LUNARIA_CACHE_OPERATIONS = how many; CI takes a million in a step of its own.</summary>
    [TestMethod]
    public async Task No_read_is_wrong_whatever_becomes_of_the_cache_file()
    {
        int operations = int.Parse(Environment.GetEnvironmentVariable("LUNARIA_CACHE_OPERATIONS") ?? $"{UsualOperations}", CultureInfo.InvariantCulture);
        int seed = Seed.One();
        Random random = new(seed);
        await using CacheBed bed = await CacheBed.OpenAsync(6 << 20);
        (Volume Volume, byte[] Content)[] volumes =
        [
            await bed.FillAsync("location", Blocks, seed, new(CacheBehaviour.OnWrite)),
            await bed.FillAsync("content", Blocks, seed, new(Mode: CacheMode.Content)),
        ];
        long flips = 0, dropped = 0;
        for (int i = 0; i < operations; i++)
        {
            (Volume volume, byte[] content) = volumes[random.Next(2)];
            int block = random.Next(2) == 0 ? random.Next(Blocks) : random.Next(Blocks / 8), blocks = Math.Min(random.Next(8) == 0 ? random.Next(1, 64) : 1, Blocks - block);
            if (random.Next(200) == 0)
            {
                random.NextBytes(content.AsSpan(block * CacheBed.Block, blocks * CacheBed.Block));
                Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync((long)block * CacheBed.Block, content.AsMemory(block * CacheBed.Block, blocks * CacheBed.Block), false));
                if (random.Next(10) == 0)
                    await bed.Engine.Manager.DestageAsync(checkpoint: random.Next(2) == 0);
            }
            else
            {
                await CacheBed.ReadAsync(volume, content, block, blocks);
            }
            if (random.Next(20) == 0)
            {
                Flip(bed.DevicePath(), random);
                flips++;
            }
            if (random.Next(10_000) == 0)
            {
                dropped += bed.Cache.GetStatus().DroppedSlots;
                await bed.KillAsync(random.Next());
                volumes = [(bed.Engine.Manager.Find("location")!, volumes[0].Content), (bed.Engine.Manager.Find("content")!, volumes[1].Content)];
            }
        }
        dropped += bed.Cache.GetStatus().DroppedSlots;
        TestContext.WriteLine($"{operations} operations, {flips} flips, {dropped} entries dropped, 0 wrong reads");
        Assert.IsGreaterThan(0L, dropped);
    }

    [TestMethod]
    public async Task A_device_that_fails_is_left_alone_and_reads_go_on()
    {
        FaultyDisk? faulty = null;
        await using CacheBed bed = await CacheBed.OpenAsync(8 << 20, openDisk: directory => faulty = new FaultyDisk(new FileSystemDisk(directory)));
        (Volume volume, byte[] content) = await bed.FillAsync("v", Blocks / 2, 5);
        await bed.WarmAsync(volume, content, Blocks / 2);
        faulty!.Fails = true;
        for (int round = 0; round < 2; round++)
            for (int block = 0; block < Blocks / 2; block++)
                await CacheBed.ReadAsync(volume, content, block);
        await bed.SettleAsync();
        CacheDeviceStatus device = bed.Cache.GetStatus().Devices.Single();
        StringAssert.Contains(device.Failure, "pulled");
        await bed.Cache.RemoveDeviceAsync(device.Path);
        faulty.Fails = false;
        await bed.Cache.AddDeviceAsync(bed.DevicePath(1), 8 << 20);
        await bed.WarmAsync(volume, content, Blocks / 2);
        int gets = bed.Gets;
        await CacheBed.ReadAsync(volume, content, 0, Blocks / 2);
        Assert.IsLessThan(10, bed.Gets - gets, "the new device serves what was not in memory when it came");
    }

    [TestMethod]
    public async Task A_hit_allocates_nothing()
    {
        await using CacheBed bed = await CacheBed.OpenAsync(16 << 20);
        (Volume volume, byte[] content) = await bed.FillAsync("v", Blocks, 6);
        await bed.WarmAsync(volume, content, Blocks);
        byte[] read = new byte[CacheBed.Block];
        int misses = 0;
        Assert.AreEqual(0, Allocations.Least(() =>
        {
            // Far enough apart that nobody takes it for a stream.
            for (int i = 0; i < 2000; i++)
                if (!volume.TryRead(i * 787L % Blocks * CacheBed.Block, read))
                    misses++;
        }));
        Assert.AreEqual(0, misses, "reads that would have waited, though the page cache has the device");
    }

    private static void Flip(string path, Random random)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        // Half of them where the records are.
        long at = CacheLabel.Bytes + random.NextInt64((random.Next(2) == 0 ? 192 << 10 : file.Length) - CacheLabel.Bytes);
        file.Position = at;
        int value = file.ReadByte();
        file.Position = at;
        file.WriteByte((byte)(value ^ (1 << random.Next(8))));
    }
}
