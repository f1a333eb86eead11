using Lunaria.Volumes.Io;

namespace Lunaria.Volumes.Tests.Io;

/// <summary>The simulated disk is trusted by many tests, so it is tested itself.</summary>
[TestClass]
public sealed class SimDiskTests
{
    private const int Page = 4096, Sector = 512;

    [TestMethod]
    public async Task Flushed_bytes_survive_and_each_unflushed_sector_is_a_version_that_was_there()
    {
        int seed = Seed.One();
        Random random = new(seed);
        bool kept = false, lost = false, mixed = false;
        for (int round = 0; round < 200; round++)
        {
            SimDisk disk = await DiskWithAsync("file", Filled(1, 4 * Page));
            using IDiskFile file = disk.Open("file", create: false);
            for (byte version = 2; version < 5; version++)
                file.Write(Page, Filled(version, 2 * Page));
            byte[] left = Read(disk.PowerCut(random), "file", 4 * Page);
            CollectionAssert.AreEqual(Filled(1, Page), left[..Page], $"seed {seed}");
            CollectionAssert.AreEqual(Filled(1, Page), left[(3 * Page)..], $"seed {seed}");
            byte[] touched = left[Page..(3 * Page)];
            Assert.IsTrue(touched.All(value => value is >= 1 and <= 4), $"seed {seed}");
            kept |= touched.All(value => value == 4);
            lost |= touched.All(value => value == 1);
            mixed |= touched.Chunk(Sector).Any(sector => sector.Distinct().Count() > 1);
        }
        Assert.IsTrue(kept && lost && mixed, $"seed {seed}: kept {kept}, lost {lost}, torn {mixed}");
    }

    [TestMethod]
    public async Task A_flush_covers_what_was_written_before_it_began()
    {
        SimDisk disk = await DiskWithAsync("file", Filled(1, Page));
        using IDiskFile file = disk.Open("file", create: false);
        file.Write(0, Filled(2, Page));
        disk.Faults.FlushGate.Close();
        Task flush = file.FlushAsync().AsTask();
        file.Write(0, Filled(3, Page));
        Assert.IsFalse(flush.IsCompleted);
        disk.Faults.FlushGate.Open();
        await flush;
        HashSet<byte> seen = [];
        for (int i = 0; i < 100; i++)
            seen.UnionWith(Read(disk.PowerCut(new(i)), "file", Page));
        CollectionAssert.AreEquivalent((byte[])[2, 3], seen.ToArray());
        disk.Faults.FailFlush(1);
        await Assert.ThrowsAsync<IOException>(async () => await file.FlushAsync());
        await file.FlushAsync();
        Assert.AreEqual(3, Read(disk.PowerCut(new(1)), "file", Page)[0]);
    }

    [TestMethod]
    public async Task Names_change_durably_only_in_order_and_after_a_flush_of_the_directory()
    {
        SimDisk disk = await DiskWithAsync("a", Filled(1, Page));
        using (IDiskFile made = disk.Open("b", create: true))
        {
            made.Write(0, Filled(2, Page));
            await made.FlushAsync();
        }
        disk.Rename("b", "a");
        disk.Open("d/c", create: true).Dispose();
        HashSet<string> seen = [];
        for (int i = 0; i < 100; i++)
        {
            SimDisk left = disk.PowerCut(new(i));
            seen.Add($"{string.Join(',', left.List(""))}{Read(left, "a", Page)[0]}{(left.Exists("d/c") ? "c" : "")}");
        }
        CollectionAssert.AreEquivalent((string[])["a1", "a1c", "a,b1", "a,b1c", "a2", "a2c"], seen.ToArray());
        await disk.FlushDirectoryAsync("");
        disk.Delete("a");
        Assert.IsFalse(disk.Exists("a"));
        Assert.IsTrue(Enumerable.Range(0, 50).Any(i => disk.PowerCut(new(i)).Exists("a")));
        Assert.IsFalse(Enumerable.Range(0, 50).Any(i => disk.PowerCut(new(i)).Exists("b")));
        await disk.FlushDirectoryAsync("");
        Assert.IsFalse(Enumerable.Range(0, 50).Any(i => disk.PowerCut(new(i)).Exists("a")));
    }

    [TestMethod]
    public async Task A_clone_is_another_disk_with_the_same_past()
    {
        SimDisk disk = await DiskWithAsync("file", Filled(1, Page));
        using IDiskFile file = disk.Open("file", create: false);
        file.Write(0, Filled(2, Page));
        SimDisk clone = disk.Clone();
        file.Write(0, Filled(3, Page));
        Assert.AreEqual(2, Read(clone, "file", Page)[0]);
        HashSet<byte> seen = [];
        for (int i = 0; i < 100; i++)
            seen.UnionWith(Read(clone.PowerCut(new(i)), "file", Page));
        CollectionAssert.AreEquivalent((byte[])[1, 2], seen.ToArray());
        for (int i = 0; i < 20; i++)
            CollectionAssert.AreEqual(Read(clone.PowerCut(new(i)), "file", Page), Read(clone.PowerCut(new(i)), "file", Page), "the same seed");
    }

    [TestMethod]
    public async Task Lengths_holes_and_cuts_read_as_zeros()
    {
        SimDisk disk = await DiskWithAsync("file", Filled(1, 3 * Page));
        using IDiskFile file = disk.Open("file", create: false);
        file.SetLength(Page + 100);
        Assert.IsFalse(file.TryRead(Page, new byte[101]));
        await Assert.ThrowsAsync<EndOfStreamException>(async () => await file.ReadAsync(Page, new byte[101]));
        file.SetLength(3 * Page);
        Assert.IsTrue(file.PunchHole(0, 10));
        byte[] expected = new byte[3 * Page];
        expected.AsSpan(10..(Page + 100)).Fill(1);
        CollectionAssert.AreEqual(expected, Read(disk, "file", expected.Length));
        await file.FlushAsync();
        CollectionAssert.AreEqual(expected, Read(disk.PowerCut(new(1)), "file", expected.Length));
    }

    [TestMethod]
    public async Task Faults_come_when_they_are_told_to()
    {
        SimDisk disk = new();
        using IDiskFile file = disk.Open("x/file", create: true);
        disk.Faults.FailWrite(2, path: "x/", partialBytes: 3);
        file.Write(0, [1, 1, 1, 1, 1]);
        Assert.Throws<IOException>(() => file.Write(0, [2, 2, 2, 2, 2]));
        file.Write(4, [3]);
        CollectionAssert.AreEqual((byte[])[2, 2, 2, 1, 3], Read(disk, "x/file", 5));
        disk.Faults.FailRead(1, forever: true);
        Assert.IsFalse(file.TryRead(0, new byte[1]));
        await Assert.ThrowsAsync<IOException>(async () => await file.ReadAsync(0, new byte[1]));
        disk.Faults.FailRead(0);
        disk.Faults.ReadGate.Close();
        Task read = file.ReadAsync(0, new byte[1]).AsTask();
        await disk.Faults.ReadGate.WaitForArrivalAsync();
        Assert.IsFalse(read.IsCompleted);
        disk.Faults.ReadGate.Open();
        await read;
        disk.Faults.CapacityBytes = 2 * Page;
        file.Write(Page, [1]);
        Assert.Throws<DiskFullException>(() => file.Write(2 * Page, [1]));
        Assert.Throws<DiskFullException>(() => file.Reserve(0, 3 * Page));
        file.PunchHole(0, Page);
        file.Write(2 * Page, [1]);
    }

    private static async Task<SimDisk> DiskWithAsync(string path, byte[] content)
    {
        SimDisk disk = new();
        using IDiskFile file = disk.Open(path, create: true);
        file.Write(0, content);
        await file.FlushAsync();
        await disk.FlushDirectoryAsync("");
        return disk;
    }

    private static byte[] Filled(byte value, int count) => [.. Enumerable.Repeat(value, count)];

    private static byte[] Read(SimDisk disk, string path, int count)
    {
        using IDiskFile file = disk.Open(path, create: false);
        byte[] bytes = new byte[count];
        Assert.IsTrue(file.TryRead(0, bytes));
        return bytes;
    }
}
