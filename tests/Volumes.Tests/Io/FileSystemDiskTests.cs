using Lunaria.Volumes.Io;

namespace Lunaria.Volumes.Tests.Io;

[TestClass]
public sealed class FileSystemDiskTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("lunaria-disk-").FullName;
    private readonly FileSystemDisk _disk;

    public FileSystemDiskTests() => _disk = new(_directory);

    public void Dispose()
    {
        _disk.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [TestMethod]
    public async Task What_was_gathered_is_read_in_every_way()
    {
        int seed = Seed.One();
        Random random = new(seed);
        using IDiskFile file = _disk.Open("a/b", create: true);
        foreach (int count in (int[])[0, 1, 63, 64, 65, 300])
        {
            ReadOnlyMemory<byte>[] pieces = [.. Enumerable.Range(0, count).Select(i => (ReadOnlyMemory<byte>)Bytes(random, i % 5 == 4 ? 0 : random.Next(1, 5000)))];
            byte[] head = Bytes(random, count % 2 == 0 ? 4096 : 0);
            byte[] whole = [.. head, .. pieces.SelectMany(piece => piece.ToArray())];
            long offset = random.Next(100_000);
            file.WriteGather(offset, head, pieces);
            byte[] read = new byte[whole.Length];
            Assert.IsTrue(file.TryRead(offset, read));
            CollectionAssert.AreEqual(whole, read, $"seed {seed}");
            read.AsSpan().Clear();
            await file.ReadAsync(offset, read);
            CollectionAssert.AreEqual(whole, read, $"seed {seed}");
        }
    }

    [TestMethod]
    public async Task A_read_past_the_end_fails()
    {
        using IDiskFile file = _disk.Open("file", create: true);
        file.SetLength(10_000);
        Assert.IsFalse(file.TryRead(8192, new byte[4096]));
        await Assert.ThrowsAsync<EndOfStreamException>(async () => await file.ReadAsync(8192, new byte[4096]));
        await file.ReadAsync(10_000 - 4096, new byte[4096]);
    }

    [TestMethod]
    public void Reserved_space_is_taken_and_keeps_content_and_a_hole_gives_it_back()
    {
        using IDiskFile file = _disk.Open("file", create: true);
        file.Write(0, [1, 2, 3]);
        file.Reserve(0, 1 << 20);
        Assert.AreEqual(1L << 20, file.LengthBytes);
        file.Write(8192, [4]);
        byte[] read = new byte[3];
        Assert.IsTrue(file.TryRead(0, read));
        CollectionAssert.AreEqual((byte[])[1, 2, 3], read);
        if (!file.PunchHole(0, 8192))
            Assert.Inconclusive("This file system has no holes.");
        Assert.IsTrue(file.TryRead(0, read));
        CollectionAssert.AreEqual(new byte[3], read);
        Assert.AreEqual(1L << 20, file.LengthBytes);
    }

    [TestMethod]
    public async Task Names_are_made_listed_renamed_and_deleted()
    {
        foreach (string name in (string[])["d/b", "d/a", "d/c"])
            _disk.Open(name, create: true).Dispose();
        CollectionAssert.AreEqual((string[])["a", "b", "c"], _disk.List("d").ToArray());
        Assert.IsEmpty(_disk.List(""));
        _disk.Rename("d/a", "d/c");
        _disk.Delete("d/b");
        _disk.Delete("d/b");
        await _disk.FlushDirectoryAsync("d");
        CollectionAssert.AreEqual((string[])["c"], _disk.List("d").ToArray());
        Assert.IsTrue(_disk.Exists("d/c"));
        Assert.Throws<FileNotFoundException>(() => _disk.Open("d/a", create: false));
        await Assert.ThrowsAsync<IOException>(async () => await _disk.FlushDirectoryAsync("none"));
        Assert.Throws<IOException>(() => _disk.Open("../outside", create: true));
    }

    [TestMethod]
    public async Task Many_reads_and_flushes_at_once_are_all_answered()
    {
        using IDiskFile file = _disk.Open("file", create: true);
        byte[] content = Bytes(new Random(1), 1 << 20);
        file.Write(0, content);
        await Parallel.ForAsync(0, 2000, async (i, _) =>
        {
            byte[] read = new byte[4096];
            await file.ReadAsync(i * 512, read);
            Assert.IsTrue(read.AsSpan().SequenceEqual(content.AsSpan(i * 512, 4096)));
            if (i % 100 == 0)
                await file.FlushAsync();
        });
    }

    [TestMethod]
    public async Task A_thread_that_blocks_holds_no_one_else_up()
    {
        using IoThreads threads = new("test", 3);
        using ManualResetEventSlim open = new(), arrived = new();
        await Enqueue(threads, new(() => { }));
        Task[] blocked = [.. Enumerable.Range(0, 2).Select(_ => Enqueue(threads, new(open.Wait)))];
        await Enqueue(threads, new(arrived.Set)).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.IsTrue(arrived.IsSet);
        Assert.IsFalse(blocked.Any(each => each.IsCompleted));
        open.Set();
        await Task.WhenAll(blocked).WaitAsync(TimeSpan.FromSeconds(30));
        await Assert.ThrowsAsync<IOException>(() => Enqueue(threads, new(() => throw new IOException("no"))));

        static Task Enqueue(IoThreads threads, Blocking operation)
        {
            Task task = operation.Begin().AsTask();
            threads.Enqueue(operation);
            return task;
        }
    }

    private sealed class Blocking(Action action) : IoOperation
    {
        public override void Run() => action();
    }

    [TestMethod]
    public void A_full_file_system_says_so()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Inconclusive("/dev/full is on Linux.");
        using FileSystemDisk devices = new("/dev");
        using IDiskFile full = devices.Open("full", create: false);
        Assert.Throws<DiskFullException>(() => full.Write(0, new byte[4096]));
        DiskFullException e = Assert.Throws<DiskFullException>(() => full.WriteGather(0, new byte[4096], [new byte[10]]));
        Assert.Contains("/dev/full", e.Message);
    }

    [TestMethod]
    public void A_closed_file_answers_nobody()
    {
        IDiskFile file = _disk.Open("file", create: true);
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => file.Write(0, [1]));
        Assert.Throws<ObjectDisposedException>(() => file.FlushAsync().AsTask());
        Assert.Throws<ObjectDisposedException>(() => file.TryRead(0, new byte[1]));
    }

    private static byte[] Bytes(Random random, int count)
    {
        byte[] bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }
}
