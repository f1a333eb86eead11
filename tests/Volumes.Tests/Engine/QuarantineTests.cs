using Lunaria.Volumes.Check;
using Lunaria.Volumes.Tests.Model;
using Microsoft.Data.Sqlite;

namespace Lunaria.Volumes.Tests.Engine;

/// <summary>What is broken about one volume concerns that one alone, is kept for whoever looks into it, and is put right by one call without a lost write.</summary>
[TestClass]
public sealed class QuarantineTests
{
    private const int Blocks = 400;

    private static readonly VolumesOptions OnlyWhenAsked = EngineBed.Tiny with
    {
        Log = new() { FileBytes = 1 << 20, SizeBytes = 16 << 20 },
        DestageThresholdBytes = 64 << 20,
        DestageIdleAge = TimeSpan.FromHours(1),
    };

    private const string DamageLeaf = "UPDATE leaves SET content = CAST(substr(content, 1, 4) || x'55' || substr(content, 6) AS BLOB) WHERE volume = 1";
    private const string DamagePresence = "UPDATE presence SET content = CAST(x'55' || substr(content, 2) AS BLOB) WHERE volume = 1";

    [TestMethod]
    [DataRow(DamageLeaf)]
    [DataRow(DamagePresence)]
    public async Task A_damaged_map_faults_its_volume_alone_and_recovery_loses_nothing(string damage)
    {
        await using EngineBed bed = await EngineBed.OpenAsync(OnlyWhenAsked);
        Random random = new(17);
        ModelVolume v = new(Blocks * EngineBed.Block), w = new(Blocks * EngineBed.Block);
        await bed.CreateAsync("v", Blocks * EngineBed.Block);
        await bed.CreateAsync("w", Blocks * EngineBed.Block);
        await WriteAsync(bed, v, w, random, 20);
        await bed.Manager.DestageAsync(checkpoint: true);
        await bed.Manager.DisposeAsync();
        Sql(bed, damage);
        await bed.StartAsync();
        if (damage == DamageLeaf)
        {
            await WriteAsync(bed, v, w, random, 20);
            byte[] atSnapshot = v.Snapshot();
            await bed.Manager.CreateSnapshotAsync(bed.Manager.Find("v")!, "s");
            await WriteAsync(bed, v, w, random, 20);
            await bed.Manager.DestageAsync(checkpoint: true);
            AssertFaulted(bed);
            AssertEvidence(bed);
            await WriteOneAsync(bed, w, random, 10);
            await bed.Manager.DestageAsync(checkpoint: true);
            await bed.KillAsync(random);
            await bed.Manager.DestageAsync(checkpoint: true);
            AssertFaulted(bed);
            await RecoverAsync(bed, v, w, random);
            Volume view = await bed.Manager.OpenSnapshotAsync(bed.Manager.ListSnapshots(bed.Manager.Find("v")!).Single());
            byte[] content = new byte[atSnapshot.Length];
            Assert.AreEqual(VolumeStatus.Ok, await view.ReadAsync(0, content));
            ModelSteps.AssertSame(atSnapshot, content, 0);
        }
        else
        {
            AssertFaulted(bed);
            await WriteOneAsync(bed, w, random, 10);
            await RecoverAsync(bed, v, w, random);
        }
    }

    [TestMethod]
    public async Task What_cannot_be_proven_stays_in_quarantine_and_can_be_deleted()
    {
        await using EngineBed bed = await EngineBed.OpenAsync(OnlyWhenAsked);
        Random random = new(18);
        ModelVolume v = new(Blocks * EngineBed.Block), w = new(Blocks * EngineBed.Block);
        await bed.CreateAsync("v", Blocks * EngineBed.Block);
        await bed.CreateAsync("w", Blocks * EngineBed.Block);
        await WriteAsync(bed, v, w, random, 20);
        await bed.Manager.DestageAsync(checkpoint: true);
        await bed.Manager.DisposeAsync();
        Sql(bed, DamageLeaf);
        Sql(bed, "UPDATE segments SET refs = refs + 1 WHERE volume = 1");
        await bed.StartAsync();
        Volume volume = bed.Manager.Find("v")!;
        await WriteAsync(bed, v, w, random, 5);
        await bed.Manager.DestageAsync();
        AssertFaulted(bed);
        InvalidDataException left = await Assert.ThrowsExactlyAsync<InvalidDataException>(() => bed.Manager.RecoverVolumeAsync(volume, CancellationToken.None).AsTask());
        StringAssert.Contains(left.Message, CheckKinds.MapLeafDamaged);
        AssertFaulted(bed);
        await bed.Manager.RecoverVolumeAsync(bed.Manager.Find("w")!, CancellationToken.None);
        await bed.Manager.DeleteVolumeAsync(volume);
        await WriteOneAsync(bed, w, random, 10);
        await bed.Manager.DestageAsync(checkpoint: true);
        await bed.RestartAsync();
        await CheckAsync(bed, "w", w);
    }

    private static async Task RecoverAsync(EngineBed bed, ModelVolume v, ModelVolume w, Random random)
    {
        await bed.Manager.RecoverVolumeAsync(bed.Manager.Find("v")!, CancellationToken.None);
        await CheckAsync(bed, "v", v);
        await CheckAsync(bed, "w", w);
        await WriteAsync(bed, v, w, random, 20);
        bed.Manager.IsCollectionPaused = true;
        await bed.Manager.DestageAsync(checkpoint: true);
        Books.Check(bed);
        CheckReport report = await bed.Manager.Checks.RunAsync(new() { ReadBlocks = true }, null, CancellationToken.None);
        Assert.IsEmpty(report.Findings.Where(finding => finding.Kind != CheckKinds.SuperblockMissing), string.Join('\n', report.Findings));
        await bed.KillAsync(random);
        await CheckAsync(bed, "v", v);
        await CheckAsync(bed, "w", w);
    }

    private static void AssertFaulted(EngineBed bed)
    {
        Volume volume = bed.Manager.Find("v")!;
        Assert.AreEqual(HealthState.Faulted, volume.Health.State);
        StringAssert.Contains(volume.Health.Cause, "lunaria volume recover v");
        Assert.IsFalse(volume.TryRead(0, new byte[EngineBed.Block]));
        Assert.AreEqual(VolumeStatus.Faulted, volume.WriteAsync(0, new byte[EngineBed.Block], durable: false).AsTask().Result);
        Assert.ThrowsExactlyAsync<InvalidOperationException>(() => bed.Manager.CreateSnapshotAsync(volume, "no").AsTask()).Wait();
        Assert.ThrowsExactlyAsync<InvalidOperationException>(() => bed.Manager.OpenVolumeAsync(volume).AsTask()).Wait();
        Assert.AreEqual(HealthState.Online, bed.Manager.Find("w")!.Health.State);
        Assert.AreEqual(HealthState.Online, bed.Manager.GetStatistics().Health.State);
    }

    private static void AssertEvidence(EngineBed bed)
    {
        string evidence = Directory.GetDirectories(Directory.GetParent(bed.SqliteDirectory)!.FullName, "*-line-1", SearchOption.AllDirectories).First();
        Assert.IsTrue(File.ReadAllText(Path.Combine(evidence, "cause.txt")).Contains("map.db", StringComparison.Ordinal));
        Assert.IsTrue(File.Exists(Path.Combine(evidence, "leaves.txt")) && File.Exists(Path.Combine(evidence, "segments.txt")));
    }

    private static async Task WriteAsync(EngineBed bed, ModelVolume v, ModelVolume w, Random random, int count)
    {
        for (int i = 0; i < count; i++)
        {
            // Whole blocks: a part of one would have to be read first.
            byte[] content = new byte[EngineBed.Block * random.Next(1, 4)];
            random.NextBytes(content);
            int offset = random.Next(Blocks - 4) * EngineBed.Block;
            Assert.AreEqual(VolumeStatus.Ok, await bed.Manager.Find("v")!.WriteAsync(offset, content, durable: false));
            v.Write(offset, content);
            await ModelSteps.WriteAsync(bed.Manager.Find("w")!, w, random);
        }
        Assert.AreEqual(VolumeStatus.Ok, await bed.Manager.Find("v")!.UnmapAsync(0, 8 * EngineBed.Block));
        v.Unmap(0, 8 * EngineBed.Block);
    }

    private static async Task WriteOneAsync(EngineBed bed, ModelVolume w, Random random, int count)
    {
        for (int i = 0; i < count; i++)
            await ModelSteps.WriteAsync(bed.Manager.Find("w")!, w, random);
    }

    private static async Task CheckAsync(EngineBed bed, string name, ModelVolume model)
    {
        byte[] content = new byte[model.SizeBytes];
        Assert.AreEqual(VolumeStatus.Ok, await bed.Manager.Find(name)!.ReadAsync(0, content));
        ModelSteps.AssertSame(model.Bytes, content, 0);
    }

    private static void Sql(EngineBed bed, string sql)
    {
        using SqliteConnection connection = new($"Data Source={Path.Combine(bed.SqliteDirectory, "map.db")};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        Assert.IsGreaterThan(0, command.ExecuteNonQuery());
    }
}
