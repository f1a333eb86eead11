using Lunaria.Backends.Pool;
using Lunaria.Backends.Pool.Format;
using Lunaria.Testing;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Io;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lunaria.Backends.Tests.Pool;

/// <summary>A pool opens with exactly its own components; what it refuses it leaves as it was, and says why.</summary>
[TestClass]
public sealed class AssemblyTests
{
    private const long Size = 1200 << 10;
    private const int LabelBytes = ComponentLayout.LabelAreaBytes;

    [TestMethod]
    public async Task Components_are_known_by_label_whatever_their_order()
    {
        SimDisk disk = await MakeAsync(Size, 2 * Size, 3 * Size);
        PoolComponentSource[] sources = [.. Sources(disk, 3).Reverse()];
        await using LocalPool pool = await OpenAsync(sources);
        CollectionAssert.AreEqual(new[] { "/pool/c0", "/pool/c1", "/pool/c2" }, pool.Components.Select(component => component.DisplayPath).ToArray());
        Assert.AreEqual(0, pool.Findings.Count);
        await AssertContentAsync(pool);
    }

    [TestMethod]
    public async Task A_missing_component_is_named_with_its_last_path()
    {
        SimDisk disk = await MakeAsync(Size, Size, Size);
        await RefusesAsync(Sources(disk, 3).Where(source => source.Path != "c1"), "component 1 of 3", "last at /pool/c1");

        disk.Rename("c1", "elsewhere");
        await RefusesAsync(Sources(disk, 3), "component 1 of 3", "last at /pool/c1");
        await using LocalPool pool = await OpenAsync(Sources(disk, 3).Select(source => source.Path != "c1" ? source
            : source with { Path = "elsewhere", DisplayPath = "/pool/elsewhere" }));
        await AssertContentAsync(pool);
        Assert.IsTrue(pool.Components.All(component => component.Label.Members[1].LastPath == "/pool/elsewhere"));
    }

    [TestMethod]
    public async Task A_component_of_another_pool_is_refused()
    {
        SimDisk disk = await MakeAsync(Size, Size), other = await MakeAsync(Size);
        await RefusesAsync([.. Sources(disk, 2), new PoolComponentSource(other, "c0", "/other/c0", Size)], "/other/c0", "belongs to pool");
    }

    [TestMethod]
    public async Task A_copy_of_a_component_is_refused()
    {
        SimDisk disk = await MakeAsync(Size, Size), copy = disk.Clone();
        await RefusesAsync([.. Sources(disk, 2), new PoolComponentSource(copy, "c0", "/copy/c0", Size)], "/pool/c0 and /copy/c0", "copy");
    }

    [TestMethod]
    public async Task A_path_without_a_file_is_not_added_to_a_whole_pool()
    {
        SimDisk disk = await MakeAsync(Size);
        await using LocalPool pool = await OpenAsync(Sources(disk, 2));
        Assert.AreEqual(PoolFindingKind.NotOfThePool, pool.Findings.Single().Kind);
        StringAssert.Contains(pool.Findings[0].Message, "/pool/c1");
        Assert.IsFalse(disk.Exists("c1"));
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(5000)]
    [DataRow(3 << 20)]
    public async Task A_file_without_a_label_is_never_overwritten(int lengthBytes)
    {
        var disk = new SimDisk();
        byte[] foreign = Content.Of("foreign", lengthBytes);
        using (IDiskFile file = disk.Open("c1", create: true))
            file.Write(0, foreign);
        await RefusesAsync(Sources(disk, 2), "/pool/c1", "no label", "Nothing was changed");

        Assert.IsFalse(disk.Exists("c0"), "nothing else is made either");
        using IDiskFile after = disk.Open("c1", create: false);
        byte[] left = new byte[lengthBytes];
        Assert.AreEqual(lengthBytes, after.LengthBytes);
        await after.ReadAsync(0, left);
        CollectionAssert.AreEqual(foreign, left);
    }

    [TestMethod]
    public async Task An_empty_file_becomes_a_component()
    {
        var disk = new SimDisk();
        disk.Open("c0", create: true).Dispose();
        await using LocalPool pool = await OpenAsync(Sources(disk, 1));
        Assert.AreEqual(Size, pool.Components.Single().Layout.SizeBytes);
    }

    [TestMethod]
    [DataRow(Size - 4096)]
    [DataRow(200_000)]
    [DataRow(4096)]
    public async Task A_truncated_component_is_refused(long lengthBytes)
    {
        SimDisk disk = await MakeAsync(Size);
        using (IDiskFile file = disk.Open("c0", create: false))
            file.SetLength(lengthBytes);
        await RefusesAsync(Sources(disk, 1), "/pool/c0", "truncated", $"{lengthBytes}", $"{Size}");
    }

    [TestMethod]
    [DataRow(0L, "start")]
    [DataRow(Size - LabelBytes, "end")]
    public async Task One_damaged_label_is_repaired_and_reported(long offsetBytes, string end)
    {
        SimDisk disk = await MakeAsync(Size);
        disk.Corrupt("c0", offsetBytes + 300, 0x10);
        await using (LocalPool pool = await OpenAsync(Sources(disk, 1)))
        {
            Assert.AreEqual(PoolFindingKind.LabelRepaired, pool.Findings.Single().Kind);
            StringAssert.Contains(pool.Findings[0].Message, end);
            await AssertContentAsync(pool);
            PoolInvariants.Check(disk, pool, end);
        }

        await using LocalPool again = await OpenAsync(Sources(disk, 1));
        Assert.AreEqual(0, again.Findings.Count);
    }

    [TestMethod]
    public async Task A_label_of_zeros_is_repaired_from_the_other()
    {
        SimDisk disk = await MakeAsync(Size);
        using (IDiskFile file = disk.Open("c0", create: false))
            file.Write(0, new byte[LabelBytes]);
        await using LocalPool pool = await OpenAsync(Sources(disk, 1));
        Assert.AreEqual(PoolFindingKind.LabelRepaired, pool.Findings.Single().Kind);
        await AssertContentAsync(pool);
    }

    [TestMethod]
    public async Task Two_damaged_labels_are_refused()
    {
        SimDisk disk = await MakeAsync(Size);
        disk.Corrupt("c0", 30, 0x01);
        disk.Corrupt("c0", Size - LabelBytes + 30, 0x01);
        await RefusesAsync(Sources(disk, 1), "/pool/c0", "Both labels", "Restore");
    }

    [TestMethod]
    [DataRow(8, 4u, DisplayName = "version")]
    [DataRow(136, 1u, DisplayName = "feature")]
    public async Task A_label_of_a_later_program_is_refused(int at, uint value)
    {
        SimDisk disk = await MakeAsync(Size);
        using (IDiskFile file = disk.Open("c0", create: false))
        {
            byte[] label = new byte[512];
            await file.ReadAsync(0, label);
            BitConverter.TryWriteBytes(label.AsSpan(at), value);
            label.AsSpan(16, 4).Clear();
            BitConverter.TryWriteBytes(label.AsSpan(16), Crc32C.Compute(label));
            file.Write(0, label);
        }

        await RefusesAsync(Sources(disk, 1), "/pool/c0", "later version", "nothing was changed");
    }

    [TestMethod]
    public async Task A_damaged_copy_of_a_record_is_repaired_from_the_other()
    {
        SimDisk disk = await MakeAsync(Size);
        ComponentLayout layout = ComponentLayout.Create(Size, TestPool.Options.ChunkBytes);
        disk.Corrupt("c0", layout.FrontTableOffset + 60, 0x80);
        disk.Corrupt("c0", layout.BackTableOffset + TableRecord.Bytes + 8, 0x01);
        await using LocalPool pool = await OpenAsync(Sources(disk, 1));
        Assert.AreEqual(PoolFindingKind.RecordRepaired, pool.Findings.Single().Kind);
        StringAssert.Contains(pool.Findings[0].Message, "2 table records");
        await AssertContentAsync(pool);
        PoolInvariants.Check(disk, pool, "repaired");
    }

    [TestMethod]
    public async Task A_record_damaged_in_both_copies_is_reported_and_the_others_stay()
    {
        SimDisk disk = await MakeAsync(Size);
        ComponentLayout layout = ComponentLayout.Create(Size, TestPool.Options.ChunkBytes);
        disk.Corrupt("c0", layout.FrontTableOffset + 60, 0x80);
        disk.Corrupt("c0", layout.BackTableOffset + 60, 0x80);
        await using LocalPool pool = await OpenAsync(Sources(disk, 1));
        Assert.AreEqual(PoolFindingKind.RecordLost, pool.Findings.Single().Kind);
        Assert.AreEqual(ObjectCount - 1, (await pool.ListAllAsync("")).Count);
        foreach (ObjectInfo info in await pool.ListAllAsync(""))
            CollectionAssert.AreEqual(Content.Of(info.Key, (int)info.LengthBytes), await pool.ReadAllAsync(info.Key));
    }

    [TestMethod]
    public async Task A_page_of_the_table_that_cannot_be_read_is_repaired_from_the_other_copy()
    {
        SimDisk disk = await MakeAsync(Size);
        for (int n = 1; n < 20; n++)
        {
            disk.Faults.FailRead(n);
            await using LocalPool pool = await OpenAsync(Sources(disk, 1));
            disk.Faults.FailRead(int.MaxValue);
            await AssertContentAsync(pool);
        }
    }

    [TestMethod]
    public async Task Damaged_bytes_of_an_object_are_never_returned_as_the_object()
    {
        SimDisk disk = await MakeAsync(Size);
        await using LocalPool pool = await OpenAsync(Sources(disk, 1));
        ObjectEntry entry = pool.Objects.First(entry => entry.Record.Key == "o/1");
        disk.Corrupt("c0", entry.First.OffsetBytes + 500, 0x04);
        ObjectStoreException e = await Assert.ThrowsExactlyAsync<ObjectStoreException>(
            () => pool.GetAsync("o/1", 0, new byte[entry.LengthBytes], CancellationToken.None).AsTask());
        Assert.AreEqual(ObjectStoreError.Fatal, e.Error);
        StringAssert.Contains(e.Message, "o/1");
        StringAssert.Contains(e.Message, "/pool/c0");
    }

    [TestMethod]
    public async Task A_component_in_use_is_refused_and_free_after_the_pool_is_closed()
    {
        string directory = Directory.CreateTempSubdirectory("lunaria-pool-").FullName;
        try
        {
            using var disk = new FileSystemDisk(directory);
            using var other = new FileSystemDisk(directory);
            var source = new PoolComponentSource(disk, "pool", Path.Combine(directory, "pool"), Size);
            await using (LocalPool pool = await OpenAsync([source]))
                await RefusesAsync([source with { Disk = other }], source.DisplayPath, "another process");
            await using LocalPool again = await OpenAsync([source with { Disk = other }]);
            await RefusesAsync([source], "another process");
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [TestMethod]
    public async Task A_pool_that_must_exist_is_not_made()
    {
        var disk = new SimDisk();
        LocalPoolOptions options = TestPool.On(disk, TestPool.Options, Size) with { MayCreate = false };
        ObjectStoreException e = await Assert.ThrowsExactlyAsync<ObjectStoreException>(() => LocalPool.OpenAsync(options, NullLogger.Instance).AsTask());
        StringAssert.Contains(e.Message, "does not exist at /pool/c0");
        Assert.AreEqual(0, disk.List("").Count);

        await (await TestPool.OpenAsync(disk, TestPool.Options, Size)).DisposeAsync();
        await (await LocalPool.OpenAsync(options, NullLogger.Instance)).DisposeAsync();
    }

    [TestMethod]
    [DataRow(1L << 10, 64 << 10, "too small")]
    [DataRow(Size, 100_000, "power of two")]
    [DataRow(Size, 32 << 10, "power of two")]
    public async Task Settings_that_cannot_work_are_refused(long sizeBytes, int chunkBytes, string message)
    {
        ObjectStoreException e = await Assert.ThrowsExactlyAsync<ObjectStoreException>(
            () => TestPool.OpenAsync(new SimDisk(), TestPool.Options with { ChunkBytes = chunkBytes }, sizeBytes).AsTask());
        StringAssert.Contains(e.Message, message);
    }

    [TestMethod]
    public async Task Marks_and_reserve_that_cannot_work_are_refused_with_the_numbers()
    {
        foreach (LocalPoolOptions options in new[]
        {
            TestPool.Options with { ReserveBytes = Size },
            TestPool.Options with { Watermarks = new() { LowFreePercent = 5, FullFreePercent = 10 } },
            TestPool.Options with { Watermarks = new() { LowFreeBytes = 2 * Size } },
        })
        {
            ObjectStoreException e = await Assert.ThrowsExactlyAsync<ObjectStoreException>(() => TestPool.OpenAsync(new SimDisk(), options, Size).AsTask());
            StringAssert.Contains(e.Message, "cannot work");
            StringAssert.Contains(e.Message, $"{ComponentLayout.Create(Size, options.ChunkBytes).DataBytes}");
        }
    }

    private const int ObjectCount = 6;

    private static async Task<SimDisk> MakeAsync(params long[] sizes)
    {
        var disk = new SimDisk();
        await using LocalPool pool = await TestPool.OpenAsync(disk, TestPool.Options, sizes);
        for (int i = 0; i < ObjectCount; i++)
            await pool.PutIfAbsentAsync($"o/{i}", Content.Of($"o/{i}", 20_000), CancellationToken.None);
        return disk;
    }

    private static async Task AssertContentAsync(LocalPool pool)
    {
        for (int i = 0; i < ObjectCount; i++)
            CollectionAssert.AreEqual(Content.Of($"o/{i}", 20_000), await pool.ReadAllAsync($"o/{i}"));
    }

    private static IEnumerable<PoolComponentSource> Sources(SimDisk disk, int count) =>
        Enumerable.Range(0, count).Select(i => new PoolComponentSource(disk, $"c{i}", $"/pool/c{i}", Size));

    private static ValueTask<LocalPool> OpenAsync(IEnumerable<PoolComponentSource> sources) =>
        LocalPool.OpenAsync(TestPool.Options with { Components = [.. sources] }, NullLogger.Instance);

    private static async Task RefusesAsync(IEnumerable<PoolComponentSource> sources, params string[] parts)
    {
        ObjectStoreException e = await Assert.ThrowsExactlyAsync<ObjectStoreException>(() => OpenAsync(sources).AsTask());
        Assert.AreEqual(ObjectStoreError.Fatal, e.Error);
        foreach (string part in parts)
            StringAssert.Contains(e.Message, part);
    }
}
