using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Catalog;
using Lunaria.Volumes.Check;
using Lunaria.Volumes.Journal;
using Lunaria.Volumes.Tests.Engine;
using Lunaria.Volumes.Tests.Model;

namespace Lunaria.Volumes.Tests.Catalog;

/// <content>One of the files is older than the others, or than the store.</content>
public sealed partial class RebuildTests
{
    /// <summary>Garbage collection made a segment, no catalog has it, and the journal shares a block of it.</summary>
    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public async Task A_map_older_than_a_round_of_collection_knows_the_copies_that_were_shared(bool published)
    {
        Random random = new(Seed.One());
        await using EngineBed bed = await EngineBed.OpenAsync(Quiet);
        ModelVolume v = await CreateAsync(bed, "v", random), w = await CreateAsync(bed, "w", random);
        await bed.SaveAsync();
        for (int i = 0; i < 3; i++)
        {
            await WriteAsync(bed, "v", v, random);
            await bed.Manager.DestageAsync();
        }
        bed.Store.BeforeOperation = FailCatalog;
        await Assert.ThrowsExactlyAsync<ObjectStoreException>(() => bed.Manager.CollectGarbageAsync());
        Assert.IsGreaterThan(0L, bed.Manager.CollectedBytes);
        Assert.AreEqual(VolumeStatus.Ok, await bed.Manager.CloneRangeAsync(bed.Manager.Find("v")!, 0, bed.Manager.Find("w")!, 0, Bytes));
        w.Write(0, v.Bytes);
        if (published)
            await bed.Manager.DestageAsync();
        await bed.LoseAsync(random, "map.db");
        Assert.IsNotNull(bed.Manager.Rebuilt);
        await CheckAsync(bed, ("v", v), ("w", w));
    }

    /// <summary>The journal shares blocks of a line that no file knows of any more.</summary>
    [TestMethod]
    public async Task A_map_older_than_a_volume_that_came_and_went_keeps_what_was_shared_of_it_for_good()
    {
        Random random = new(Seed.One());
        await using EngineBed bed = await EngineBed.OpenAsync(Quiet);
        ModelVolume w = await CreateAsync(bed, "w", random);
        await bed.SaveAsync();
        ModelVolume late = await CreateAsync(bed, "late", random);
        await bed.Manager.DestageAsync();
        Assert.AreEqual(VolumeStatus.Ok, await bed.Manager.CloneRangeAsync(bed.Manager.Find("late")!, 0, bed.Manager.Find("w")!, 0, Bytes / 2));
        w.Write(0, late.Bytes[..(Bytes / 2)]);
        await bed.Manager.DestageAsync();
        bed.Store.BeforeOperation = FailCatalog;
        await bed.Manager.DeleteVolumeAsync(bed.Manager.Find("late")!);
        await bed.Manager.DestageAsync(checkpoint: true);
        Assert.HasCount(1, bed.Manager.Metadata.ReadLines());
        await bed.LoseAsync(random, "map.db");
        await CheckAsync(bed, ("w", w));
        await bed.Manager.DestageAsync(checkpoint: true);
        await bed.KillAsync(random);
        await CheckAsync(bed, ("w", w));
        Assert.IsNotEmpty((await bed.Manager.Checks.AuditAsync(null, CancellationToken.None)).Orphans, "what was not shared is nobody's");
        await bed.Manager.Checks.AuditAsync(TimeSpan.Zero, CancellationToken.None);
        Books.Check(bed);
        await CheckAsync(bed, ("w", w));
    }

    [TestMethod]
    public async Task What_was_deleted_flattened_and_pruned_since_the_catalog_is_so_again()
    {
        Random random = new(Seed.One());
        await using EngineBed bed = await EngineBed.OpenAsync(Quiet);
        ModelVolume v = await CreateAsync(bed, "v", random), c = Copy(v.Bytes), young = Copy(v.Bytes);
        await CreateAsync(bed, "gone", random);
        Volume volume = bed.Manager.Find("v")!;
        Snapshot first = await bed.Manager.CreateSnapshotAsync(volume, "first");
        await bed.Manager.CloneAsync(first, "c");
        await WriteAsync(bed, "v", v, random);
        Snapshot second = await bed.Manager.CreateSnapshotAsync(volume, "second");
        await WriteAsync(bed, "v", v, random);
        await bed.SaveAsync();
        await bed.Manager.CloneAsync(first, "young");
        await WriteAsync(bed, "young", young, random);
        await bed.Manager.FlattenAsync(bed.Manager.Find("c")!);
        await bed.Manager.FlattenAsync(bed.Manager.Find("young")!);
        bed.Store.BeforeOperation = FailCatalog;
        await bed.Manager.DeleteSnapshotAsync(first);
        await bed.Manager.DeleteSnapshotAsync(second);
        await bed.Manager.DeleteVolumeAsync(bed.Manager.Find("gone")!);
        await bed.Manager.DestageAsync(checkpoint: true);
        await WriteAsync(bed, "v", v, random);
        await bed.Manager.DestageAsync(checkpoint: true);
        Assert.HasCount(3, bed.Manager.Metadata.ReadLines(), "lines of v, c and young");
        await bed.LoseAsync(random, "map.db");
        await CheckAsync(bed, ("v", v), ("c", c), ("young", young));
        Assert.HasCount(3, bed.Manager.Metadata.ReadLines());
    }

    [TestMethod]
    public async Task A_map_older_than_its_journal_is_rebuilt()
    {
        Random random = new(Seed.One());
        await using EngineBed bed = await EngineBed.OpenAsync(Quiet);
        ModelVolume v = await CreateAsync(bed, "v", random);
        await bed.Manager.DestageAsync(checkpoint: true);
        await bed.RestartAsync();
        await bed.DieAsync(random);
        byte[] old = File.ReadAllBytes(Path.Combine(bed.SqliteDirectory, "map.db"));
        await bed.StartAsync();
        for (int i = 0; i < 3; i++)
        {
            await WriteAsync(bed, "v", v, random);
            await bed.Manager.DestageAsync(checkpoint: true);
            await bed.SaveAsync();
        }
        await bed.DieAsync(random);
        foreach (string file in Directory.GetFiles(bed.SqliteDirectory, "map.db*"))
            File.Delete(file);
        File.WriteAllBytes(Path.Combine(bed.SqliteDirectory, "map.db"), old);
        await bed.StartAsync();
        StringAssert.Contains(bed.Manager.Rebuilt!, "older than its journal");
        await CheckAsync(bed, ("v", v));
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public async Task A_copy_that_is_older_than_the_store_is_refused(bool withoutMap)
    {
        Random random = new(Seed.One());
        await using EngineBed bed = await EngineBed.OpenAsync(Quiet);
        ModelVolume v = await CreateAsync(bed, "v", random);
        await bed.SaveAsync();
        await bed.DieAsync(random);
        SimDisk old = bed.Disk.Clone();
        Dictionary<string, byte[]> oldFiles = Directory.GetFiles(bed.SqliteDirectory).ToDictionary(path => Path.GetFileName(path), File.ReadAllBytes);
        await bed.StartAsync();
        await WriteAsync(bed, "v", v, random);
        await bed.SaveAsync();
        await bed.DieAsync(random);
        Dictionary<string, byte[]> newFiles = Directory.GetFiles(bed.SqliteDirectory).ToDictionary(path => Path.GetFileName(path), File.ReadAllBytes);
        SimDisk newest = bed.Disk;
        bed.Disk = old;
        Replace(bed, oldFiles);
        if (withoutMap)
            File.Delete(Path.Combine(bed.SqliteDirectory, "map.db"));
        StringAssert.Contains((await Assert.ThrowsExactlyAsync<InvalidDataException>(bed.StartAsync)).Message, "is older than the object store");
        bed.Disk = newest;
        Replace(bed, newFiles);
        await bed.StartAsync();
        await CheckAsync(bed, ("v", v));
    }

    private static void Replace(EngineBed bed, Dictionary<string, byte[]> files)
    {
        foreach (string path in Directory.GetFiles(bed.SqliteDirectory))
            File.Delete(path);
        foreach ((string name, byte[] content) in files)
            File.WriteAllBytes(Path.Combine(bed.SqliteDirectory, name), content);
    }
}
