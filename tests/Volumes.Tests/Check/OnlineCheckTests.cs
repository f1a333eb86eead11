using Lunaria.Volumes.Check;
using Lunaria.Volumes.Segments;
using Lunaria.Volumes.Tests.Engine;

namespace Lunaria.Volumes.Tests.Check;

/// <summary>Checks and audits of an engine that is in use.</summary>
[TestClass]
public sealed class OnlineCheckTests
{
    private static readonly CheckOptions ReadAll = new() { ReadBlocks = true };

    [TestMethod]
    public async Task Nothing_is_found_while_volumes_change_under_the_check()
    {
        await using EngineBed bed = await EngineBed.OpenAsync();
        await Recovery.Superblock.CheckAsync(bed.Store, bed.Manager.Metadata);
        Random random = new(3);
        Volume volume = await bed.CreateAsync(sizeBytes: 2 << 20);
        using CancellationTokenSource stop = new();
        Task writer = Task.Run(async () =>
        {
            for (int i = 0; !stop.IsCancellationRequested; i++)
            {
                await WriteAsync(volume, random, 20);
                if (i % 4 == 0)
                    await bed.Manager.CreateSnapshotAsync(volume, $"s{i}");
                if (i % 4 == 3 && i > 20)
                    await bed.Manager.DeleteSnapshotAsync(bed.Manager.ListSnapshots(volume)[0]);
            }
        });
        for (int i = 0; i < 8; i++)
        {
            CheckReport report = await bed.Manager.Checks.RunAsync(ReadAll, null, CancellationToken.None);
            Assert.IsEmpty(report.Findings, string.Join('\n', report.Findings));
            AuditReport audit = await bed.Manager.Checks.AuditAsync(TimeSpan.Zero, CancellationToken.None);
            Assert.AreEqual((0L, 0), (audit.Cleared, audit.Missing.Count), string.Join('\n', audit.Missing));
        }
        stop.Cancel();
        await writer;
    }

    [TestMethod]
    public async Task A_damaged_block_is_found_and_belongs_to_its_volume()
    {
        await using EngineBed bed = await EngineBed.OpenAsync();
        await Recovery.Superblock.CheckAsync(bed.Store, bed.Manager.Metadata);
        Volume volume = await bed.CreateAsync(sizeBytes: 2 << 20), other = await bed.CreateAsync("other", 2 << 20);
        await WriteAsync(volume, new(5), 10);
        await bed.Manager.DestageAsync(checkpoint: true);
        string segment = bed.Store.Keys.First(key => key.StartsWith("volumes/", StringComparison.Ordinal));
        bed.Store.Corrupt(segment, bed.Store.Content(segment).Length - 7);
        CheckReport report = await bed.Manager.Checks.RunAsync(ReadAll, volume, CancellationToken.None);
        CheckFinding finding = report.Findings.Single();
        Assert.AreEqual(CheckKinds.SegmentBlock, finding.Kind);
        Assert.IsEmpty((await bed.Manager.Checks.RunAsync(ReadAll, other, CancellationToken.None)).Findings);
        Assert.IsEmpty((await bed.Manager.Checks.RunAsync(new(), volume, CancellationToken.None)).Findings, "headers only");
    }

    [TestMethod]
    public async Task An_audit_lists_live_orphan_and_missing_objects_and_clears_orphans_after_a_while()
    {
        ManualTime time = new();
        await using EngineBed bed = await EngineBed.OpenAsync(EngineBed.Tiny with { GarbageShare = 1 }, time);
        Volume volume = await bed.CreateAsync(sizeBytes: 2 << 20);
        await WriteAsync(volume, new(5), 40);
        await bed.Manager.DestageAsync(checkpoint: true);
        int live = bed.Store.Keys.Count;
        string orphan = SegmentKey.Format(volume.Uuid, 0);
        bed.Store.Replace(orphan, new byte[5000]);
        string gone = bed.Store.Keys[^1];
        AuditReport first = await bed.Manager.Checks.AuditAsync(TimeSpan.FromHours(1), CancellationToken.None);
        Assert.AreEqual((live, 1, 5000L, 0L, 0), ((int)first.LiveObjects, first.Orphans.Count, first.OrphanBytes, first.Cleared, first.Missing.Count));
        bed.Store.Replace(gone, null);
        time.Advance(TimeSpan.FromMinutes(59));
        AuditReport early = await bed.Manager.Checks.AuditAsync(TimeSpan.FromHours(1), CancellationToken.None);
        Assert.AreEqual((1, 0L), (early.Orphans.Count, early.Cleared));
        CollectionAssert.AreEqual(new[] { gone }, early.Missing.ToArray());
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.AreEqual(1, (await bed.Manager.Checks.AuditAsync(null, CancellationToken.None)).Orphans.Count, "without a time nothing is cleared");
        AuditReport late = await bed.Manager.Checks.AuditAsync(TimeSpan.FromHours(1), CancellationToken.None);
        Assert.AreEqual((0, 1L), (late.Orphans.Count, late.Cleared));
        Assert.DoesNotContain(orphan, bed.Store.Keys);
    }

    private static async Task WriteAsync(Volume volume, Random random, int count)
    {
        for (int i = 0; i < count; i++)
        {
            byte[] content = new byte[EngineBed.Block * random.Next(1, 5)];
            random.NextBytes(content);
            Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync(random.Next(500) * EngineBed.Block, content, durable: false));
        }
    }
}
