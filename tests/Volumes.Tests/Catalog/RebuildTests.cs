using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Catalog;
using Lunaria.Volumes.Check;
using Lunaria.Volumes.Journal;
using Lunaria.Volumes.Tests.Engine;
using Lunaria.Volumes.Tests.Model;

namespace Lunaria.Volumes.Tests.Catalog;

/// <summary>What is lost of the data directory comes back from the store's catalog, the journal and the log.</summary>
[TestClass]
public sealed partial class RebuildTests
{
    private const int Bytes = 2 << 20;
    private static readonly VolumesOptions Quiet = EngineBed.Tiny with { GarbageShare = 1 };

    [TestMethod]
    public async Task A_lost_map_comes_back_with_what_was_written_since()
    {
        Random random = new(Seed.One());
        await using EngineBed bed = await EngineBed.OpenAsync(Quiet);
        ModelVolume model = await CreateAsync(bed, "v", random);
        await bed.SaveAsync();
        await WriteAsync(bed, "v", model, random);
        await bed.Manager.DestageAsync(checkpoint: true);
        await WriteAsync(bed, "v", model, random);
        await bed.LoseAsync(random, "map.db");
        Assert.IsNotNull(bed.Manager.Rebuilt);
        StringAssert.Contains(bed.Manager.Rebuilt, "map.db was missing");
        await CheckAsync(bed, ("v", model));
        await bed.RestartAsync();
        Assert.IsNull(bed.Manager.Rebuilt, "it is told once");
        await CheckAsync(bed, ("v", model));
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(100)]
    [DataRow(40_000)]
    public async Task A_damaged_map_is_rebuilt_and_kept_aside(int at)
    {
        Random random = new(Seed.One());
        await using EngineBed bed = await EngineBed.OpenAsync(Quiet);
        ModelVolume model = await CreateAsync(bed, "v", random);
        await bed.Manager.DestageAsync(checkpoint: true);
        await bed.SaveAsync();
        await bed.Manager.DisposeAsync();
        using (FileStream file = new(Path.Combine(bed.SqliteDirectory, "map.db"), FileMode.Open))
        {
            file.Position = at;
            file.Write(new byte[20_000]);
        }
        await bed.StartAsync();
        Assert.IsNotNull(bed.Manager.Rebuilt);
        Assert.HasCount(1, Directory.GetFiles(bed.SqliteDirectory, "map.db.damaged-*").Where(path => !path.EndsWith("-wal", StringComparison.Ordinal) && !path.EndsWith("-shm", StringComparison.Ordinal)));
        await CheckAsync(bed, ("v", model));
    }

    [TestMethod]
    public async Task A_damaged_lunaria_db_is_restored_with_the_map_that_belongs_to_it()
    {
        Random random = new(Seed.One());
        await using EngineBed bed = await EngineBed.OpenAsync(Quiet);
        ModelVolume model = await CreateAsync(bed, "v", random), gone = await CreateAsync(bed, "gone", random);
        bed.Manager.Metadata.WriteReservations("unit", [1, 2, 3]);
        await bed.SaveAsync();
        // The catalog knows nothing of these two.
        await CreateAsync(bed, "late", random);
        await bed.Manager.DeleteVolumeAsync(bed.Manager.Find("gone")!);
        await WriteAsync(bed, "v", model, random);
        await bed.DieAsync(random);
        File.WriteAllBytes(Path.Combine(bed.SqliteDirectory, "lunaria.db"), new byte[8192]);
        await bed.StartAsync();
        StringAssert.Contains(bed.Manager.Rebuilt!, "lunaria.db was damaged");
        CollectionAssert.AreEqual(new[] { "v", "gone" }, bed.Manager.Volumes.Select(volume => volume.Name).ToArray());
        CollectionAssert.AreEqual(new byte[] { 1, 2, 3 }, bed.Manager.Metadata.ReadReservations("unit"));
        await CheckAsync(bed, ("v", model), ("gone", gone));
        Volume next = await bed.CreateAsync("next", Bytes);
        Assert.IsGreaterThan(100U, next.Record.Number, "numbers of lines that are not known of are not given again");
    }

    [TestMethod]
    public async Task An_import_is_what_was_flushed_and_gives_no_name_of_a_segment_again()
    {
        Random random = new(Seed.One());
        await using EngineBed bed = await EngineBed.OpenAsync(Quiet);
        ModelVolume v = await CreateAsync(bed, "v", random);
        byte[] first = v.Bytes.ToArray();
        Snapshot snapshot = await bed.Manager.CreateSnapshotAsync(bed.Manager.Find("v")!, "s");
        await bed.Manager.CloneAsync(snapshot, "c");
        ModelVolume c = Copy(first);
        await WriteAsync(bed, "v", v, random);
        await WriteAsync(bed, "c", c, random);
        await bed.SaveAsync();
        byte[] flushed = v.Bytes.ToArray();
        // Published, but not in any catalog: lost with the machine, and so are their names.
        await WriteAsync(bed, "v", v, random);
        await bed.Manager.DestageAsync();
        string[] before = [.. bed.Store.Keys];
        ImportReport report = await bed.LoseMachineAsync(random);
        Assert.IsFalse(report.HasLog);
        CollectionAssert.AreEqual(new[] { "v", "c" }, report.Volumes.ToArray());
        v = Copy(flushed);
        await CheckAsync(bed, ("v", v), ("c", c));
        Volume view = await bed.Manager.OpenSnapshotAsync(bed.Manager.FindSnapshot(bed.Manager.Find("v")!, "s")!);
        byte[] content = new byte[Bytes];
        Assert.AreEqual(VolumeStatus.Ok, await view.ReadAsync(0, content));
        ModelSteps.AssertSame(first, content, 0);
        await bed.Manager.CloseSnapshotAsync(view);
        await WriteAsync(bed, "v", v, random);
        await bed.Manager.DestageAsync();
        foreach (string key in bed.Store.Keys.Except(before))
            Assert.IsGreaterThan(1UL << 32, ulong.Parse(key[^16..], System.Globalization.NumberStyles.HexNumber, null), key);
        await CheckAsync(bed, ("v", v), ("c", c));
    }

    [TestMethod]
    public async Task What_is_newer_than_an_import_stays_until_an_audit_clears_it_and_then_nothing_is_left_of_it()
    {
        Random random = new(Seed.One());
        await using EngineBed bed = await EngineBed.OpenAsync(Quiet);
        ModelVolume v = await CreateAsync(bed, "v", random);
        await bed.SaveAsync();
        byte[] flushed = v.Bytes.ToArray();
        string[] saved = [.. bed.Store.Keys];
        await WriteAsync(bed, "v", v, random);
        // The catalog does not even know this one.
        await CreateAsync(bed, "late", random);
        await bed.Manager.DestageAsync();
        string[] newer = [.. bed.Store.Keys.Except(saved)];
        Assert.HasCount(2, newer.Select(key => key.Split('/')[1]).Distinct());
        await bed.LoseMachineAsync(random);
        await CheckAsync(bed, ("v", Copy(flushed)));
        AuditReport first = await bed.Manager.Checks.AuditAsync(TimeSpan.Zero, CancellationToken.None);
        CollectionAssert.AreEquivalent(newer, first.Orphans.Select(orphan => orphan.Key).ToArray());
        Assert.AreEqual((long)newer.Length, (await bed.Manager.Checks.AuditAsync(TimeSpan.Zero, CancellationToken.None)).Cleared);
        Assert.IsEmpty(bed.Store.Keys.Intersect(newer));
        Assert.IsEmpty((await bed.Manager.Checks.AuditAsync(null, CancellationToken.None)).Orphans);
        await CheckAsync(bed, ("v", Copy(flushed)));
    }

    [TestMethod]
    public async Task An_import_beside_the_log_loses_nothing()
    {
        Random random = new(Seed.One());
        await using EngineBed bed = await EngineBed.OpenAsync(Quiet);
        ModelVolume v = await CreateAsync(bed, "v", random);
        await bed.SaveAsync();
        await WriteAsync(bed, "v", v, random);
        await bed.Manager.DestageAsync(checkpoint: true);
        await WriteAsync(bed, "v", v, random);
        Assert.IsTrue((await bed.LoseMachineAsync(random, keepDisk: true)).HasLog);
        await CheckAsync(bed, ("v", v));
    }

    [TestMethod]
    public async Task Nothing_is_begun_anew_over_a_store_that_has_a_catalog()
    {
        Random random = new(Seed.One());
        await using EngineBed bed = await EngineBed.OpenAsync(Quiet);
        ModelVolume v = await CreateAsync(bed, "v", random);
        await bed.SaveAsync();
        await bed.DieAsync(random);
        Directory.Delete(bed.SqliteDirectory, true);
        Directory.CreateDirectory(bed.SqliteDirectory);
        bed.Disk = new();
        InvalidDataException refused = await Assert.ThrowsExactlyAsync<InvalidDataException>(bed.StartAsync);
        StringAssert.Contains(refused.Message, "lunaria import");
        Assert.IsEmpty(Directory.GetFiles(bed.SqliteDirectory));
        await bed.Recovery().ImportAsync(EngineBed.Tiny.Log, null, CancellationToken.None);
        await Assert.ThrowsExactlyAsync<InvalidDataException>(() => bed.Recovery().ImportAsync(EngineBed.Tiny.Log, null, CancellationToken.None), "a directory in use is no place for an import");
        await bed.StartAsync();
        await CheckAsync(bed, ("v", v));
    }

    [TestMethod]
    public async Task Trims_that_never_reach_a_segment_are_in_the_catalog()
    {
        Random random = new(Seed.One());
        await using EngineBed bed = await EngineBed.OpenAsync(Quiet);
        ModelVolume v = await CreateAsync(bed, "v", random);
        await bed.SaveAsync();
        Assert.AreEqual(VolumeStatus.Ok, await bed.Manager.Find("v")!.UnmapAsync(0, Bytes / 2));
        v.Unmap(0, Bytes / 2);
        await bed.SaveAsync();
        await bed.LoseMachineAsync(random);
        await CheckAsync(bed, ("v", v));
    }

    /// <summary>What a line in quarantine misses is in the catalog, too, and so is that it is there.</summary>
    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public async Task A_line_in_quarantine_stays_so_and_can_be_recovered(bool machine)
    {
        Random random = new(Seed.One());
        await using EngineBed bed = await EngineBed.OpenAsync(Quiet);
        ModelVolume v = await CreateAsync(bed, "v", random), w = await CreateAsync(bed, "w", random);
        await bed.Manager.DestageAsync(checkpoint: true);
        uint line = bed.Manager.Find("v")!.Record.Number;
        await bed.DieAsync(random);
        using (Microsoft.Data.Sqlite.SqliteConnection map = new($"Data Source={Path.Combine(bed.SqliteDirectory, "map.db")};Pooling=False"))
        {
            map.Open();
            Lunaria.Volumes.Metadata.SqliteFile.Execute(map, $"UPDATE presence SET content = zeroblob(68) WHERE volume = {line}");
        }
        await bed.StartAsync();
        Assert.AreEqual(HealthState.Faulted, bed.Manager.Find("v")!.Health.State);
        await WriteAsync(bed, "w", w, random);
        await bed.Manager.DestageAsync(checkpoint: true);
        await bed.SaveAsync();
        if (machine)
            await bed.LoseMachineAsync(random);
        else
            await bed.LoseAsync(random, "map.db");
        Assert.AreEqual(HealthState.Faulted, bed.Manager.Find("v")!.Health.State);
        await bed.Manager.RecoverVolumeAsync(bed.Manager.Find("v")!, CancellationToken.None);
        await CheckAsync(bed, ("v", v), ("w", w));
    }

    [TestMethod]
    public async Task Without_a_catalog_a_lost_map_is_refused_as_before()
    {
        Random random = new(Seed.One());
        await using EngineBed bed = await EngineBed.OpenAsync(Quiet);
        bed.Store.BeforeOperation = FailCatalog;
        await Assert.ThrowsExactlyAsync<ObjectStoreException>(bed.Manager.SaveCatalogAsync);
        await CreateAsync(bed, "v", random);
        await bed.Manager.DestageAsync(checkpoint: true);
        await Assert.ThrowsExactlyAsync<JournalDamagedException>(() => bed.LoseAsync(random, "map.db"));
        await bed.Manager.DisposeAsync();
    }

    private static void FailCatalog(string key)
    {
        if (key.StartsWith("catalog/", StringComparison.Ordinal))
            throw new ObjectStoreException(ObjectStoreError.Fatal, "no catalog today");
    }

    internal static async Task<ModelVolume> CreateAsync(EngineBed bed, string name, Random random)
    {
        await bed.CreateAsync(name, Bytes);
        ModelVolume model = new(Bytes);
        await WriteAsync(bed, name, model, random);
        return model;
    }

    internal static async Task WriteAsync(EngineBed bed, string name, ModelVolume model, Random random)
    {
        for (int i = 0; i < 60; i++)
            await ModelSteps.WriteAsync(bed.Manager.Find(name)!, model, random);
    }

    internal static ModelVolume Copy(ReadOnlySpan<byte> content)
    {
        ModelVolume model = new(content.Length);
        model.Write(0, content);
        return model;
    }

    /// <summary>Volumes are what memory says, and the books are right.</summary>
    internal static async Task CheckAsync(EngineBed bed, params (string Name, ModelVolume Model)[] expected)
    {
        await bed.Manager.DestageAsync(checkpoint: true);
        foreach ((string name, ModelVolume model) in expected)
        {
            byte[] content = new byte[model.Bytes.Length];
            Assert.AreEqual(VolumeStatus.Ok, await bed.Manager.Find(name)!.ReadAsync(0, content), name);
            ModelSteps.AssertSame(model.Bytes, content, 0);
        }
        await bed.Manager.DestageAsync(checkpoint: true);
        CheckReport report = await bed.Manager.Checks.RunAsync(new() { ReadBlocks = true }, null, CancellationToken.None);
        Assert.IsEmpty(report.Findings.Where(finding => finding.Kind is not (CheckKinds.SuperblockMissing or CheckKinds.ObjectOrphan)), string.Join('\n', report.Findings));
    }
}
