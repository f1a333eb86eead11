using System.Diagnostics;
using Lunaria.Backends.Pool;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Io;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lunaria.Backends.Tests.Pool;

/// <summary>A block device (a loop device over a file) as a component: junk on it is respected, then never readable; it is blank when it leaves.</summary>
[TestClass]
public sealed class BlockDeviceTests : IDisposable
{
    private const int Size = 16 << 20;

    private readonly string directory = Directory.CreateTempSubdirectory("lunaria-device-").FullName;
    private readonly List<IDisposable> disks = [];
    private string? device;

    public void Dispose()
    {
        foreach (IDisposable disk in disks)
            disk.Dispose();
        if (device is not null)
            Run("losetup", "-d", device);
        Directory.Delete(directory, recursive: true);
    }

    [TestMethod]
    public async Task A_device_joins_is_known_by_label_and_leaves_blank()
    {
        byte[] junk = new byte[Size];
        new Random(1).NextBytes(junk);
        Attach(junk);
        var files = new FileSystemDisk(directory);
        disks.Add(files);
        LocalPoolOptions options = TestPool.Options with
        {
            Components = [new PoolComponentSource(files, "c0", Path.Combine(directory, "c0"), 4 << 20)],
            Locate = path => path == device ? Source() : null,
        };
        await using (LocalPool pool = await LocalPool.OpenAsync(options, NullLogger.Instance))
        {
            ObjectStoreException refused = await Assert.ThrowsExactlyAsync<ObjectStoreException>(async () => await pool.AddAsync(Source(), CancellationToken.None));
            StringAssert.Contains(refused.Message, "no label");
            CollectionAssert.AreEqual(junk, await ReadDeviceAsync(Size), "what is there is left alone");

            // Junk remains where nobody looks for marks of others: between the first and the last MiB.
            Write(0, new byte[1 << 20]);
            Write(Size - (1 << 20), new byte[1 << 20]);
            await pool.AddAsync(Source(), CancellationToken.None);
            await pool.PutIfAbsentAsync("short", new byte[100], CancellationToken.None);
            await pool.EvacuateAsync(Path.Combine(directory, "c0"), (_, _) => { }, CancellationToken.None);
            await pool.RemoveAsync(Path.Combine(directory, "c0"), CancellationToken.None);
            for (int i = 0; i < 50; i++)
                await pool.PutIfAbsentAsync($"o/{i}", Content.Of($"o/{i}", 30_000), CancellationToken.None);
            Assert.IsFalse(pool.TryGet("short", 0, new byte[101]));
            await Assert.ThrowsExactlyAsync<ObjectStoreException>(async () => await pool.GetAsync("short", 0, new byte[1024], CancellationToken.None));
            Assert.ThrowsExactly<IOException>(() => Source().Disk.Lock("x"), "nobody else gets it");
        }

        await using (LocalPool again = await LocalPool.OpenAsync(options with { Components = [Source()], MayCreate = false }, NullLogger.Instance))
        {
            Assert.AreEqual(0, again.Findings.Count);
            for (int i = 0; i < 50; i++)
                CollectionAssert.AreEqual(Content.Of($"o/{i}", 30_000), await again.ReadAllAsync($"o/{i}"));
            await again.AddAsync(new PoolComponentSource(files, "c1", Path.Combine(directory, "c1"), 8 << 20), CancellationToken.None);
            await again.EvacuateAsync(device!, (_, _) => { }, CancellationToken.None);
            await again.RemoveAsync(device!, CancellationToken.None);
        }

        Assert.IsTrue(ZeroTest.IsZero(await ReadDeviceAsync(1 << 20)), "a device that left is blank");
        using var probe = ComponentProbe.Take(Source());
        await probe.ReadAsync();
        Assert.IsNull(probe.File, "and can be added again");
    }

    [TestMethod]
    [DataRow(2, PoolComponentState.SetAside)]
    [DataRow(1, PoolComponentState.Failed)]
    public async Task A_device_that_is_pulled_out_fails_and_the_pool_goes_on(int copies, PoolComponentState state)
    {
        Attach(new byte[Size]);
        var files = new FileSystemDisk(directory);
        disks.Add(files);
        LocalPoolOptions options = TestPool.Options with { Components = [new PoolComponentSource(files, "c0", Path.Combine(directory, "c0"), Size), Source()], Copies = copies };
        LocalPool pool = await LocalPool.OpenAsync(options, NullLogger.Instance);
        for (int i = 0; i < 20; i++)
            await pool.PutIfAbsentAsync($"o/{i}", Content.Of($"o/{i}", 30_000), CancellationToken.None);

        // What a disk that is pulled out looks like: a device without length.
        using (FileStream image = File.OpenWrite(Path.Combine(directory, "image")))
            image.SetLength(0);
        Run("losetup", "-c", device!);
        for (int i = 0; i < 20; i++)
        {
            await pool.PutIfAbsentAsync($"n/{i}", Content.Of($"n/{i}", 30_000), CancellationToken.None);
            if (copies == 2)
                CollectionAssert.AreEqual(Content.Of($"o/{i}", 30_000), await pool.ReadAllAsync($"o/{i}"));
        }

        await pool.WhenMendedAsync();
        Assert.AreEqual(state, pool.GetStatus().Components[1].State);
        for (int i = 0; i < 20; i++)
            CollectionAssert.AreEqual(Content.Of($"n/{i}", 30_000), await pool.ReadAllAsync($"n/{i}"));
        Assert.AreEqual(copies == 2 ? 0 : 10, pool.GetKeysOnlyOn(pool.GetStatus().Components[1].Id).Count, "each second object went there");
        await pool.DisposeAsync();
        LocalPoolOptions gone = options with { Components = [options.Components[0], Source()] };
        if (copies == 1)
        {
            ObjectStoreException refused = await Assert.ThrowsExactlyAsync<ObjectStoreException>(async () => await LocalPool.OpenAsync(gone, NullLogger.Instance));
            StringAssert.Contains(refused.Message, $"--without {device}");
            gone = gone with { Without = [device!] };
        }

        await using LocalPool again = await LocalPool.OpenAsync(gone, NullLogger.Instance);
        Assert.AreEqual(PoolFindingKind.SetAside, again.Findings.Single().Kind);
        for (int i = 0; i < 20; i++)
            CollectionAssert.AreEqual(Content.Of($"n/{i}", 30_000), await again.ReadAllAsync($"n/{i}"));
    }

    private PoolComponentSource Source()
    {
        var disk = new BlockDeviceDisk(device!);
        disks.Add(disk);
        return new PoolComponentSource(disk, disk.Name, device!, disk.ReadLength()) { IsDevice = true };
    }

    private void Attach(byte[] content)
    {
        string image = Path.Combine(directory, "image");
        File.WriteAllBytes(image, content);
        if (!OperatingSystem.IsLinux() || !File.Exists("/dev/loop-control") || Run("losetup", "-f", "--show", image) is not { Length: > 0 } attached)
        {
            Assert.Inconclusive("Loop devices (losetup, /dev/loop-control, root) are not there: block devices as components are not tested.");
            return;
        }

        device = attached.Trim();
        Assert.IsTrue(BlockDeviceDisk.IsDevice(device));
        Assert.AreEqual(content.Length, Source().SizeBytes);
    }

    private void Write(long offset, byte[] bytes)
    {
        using var disk = new BlockDeviceDisk(device!);
        using IDiskFile file = disk.Open(disk.Name, create: false);
        file.Write(offset, bytes);
    }

    private async Task<byte[]> ReadDeviceAsync(int length)
    {
        using var disk = new BlockDeviceDisk(device!);
        using IDiskFile file = disk.Open(disk.Name, create: false);
        byte[] bytes = new byte[length];
        await file.ReadAsync(0, bytes);
        return bytes;
    }

    private static string Run(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? output : "";
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "";
        }
    }
}
