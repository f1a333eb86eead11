using System.Diagnostics;
using Lunaria.Volumes.Check;
using Lunaria.Volumes.Metadata;
using Lunaria.Volumes.Tests.Engine;

namespace Lunaria.Volumes.Tests.Check;

/// <summary>Background verification finds what is damaged at its rate, and goes on where it was.</summary>
[TestClass]
public sealed class ScrubberTests
{
    [TestMethod]
    public async Task It_finds_damage_keeps_to_its_rate_and_goes_on_after_a_restart()
    {
        ManualTime time = new();
        await using EngineBed bed = await EngineBed.OpenAsync(EngineBed.Tiny with { GarbageShare = 1 }, time);
        Volume volume = await bed.CreateAsync(sizeBytes: 4 << 20);
        byte[] content = new byte[EngineBed.Block];
        for (int i = 0; i < 100; i++)
        {
            new Random(i).NextBytes(content);
            Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync(i * EngineBed.Block, content, durable: false));
        }
        await bed.Manager.DestageAsync(checkpoint: true);
        Assert.AreEqual((0L, 0L), (bed.Manager.Checks.GetVerification().BytesPerSecond, bed.Manager.Checks.GetVerification().ReadBytes), "off until it is set");
        string flipped = bed.Store.Keys[1], gone = bed.Store.Keys[^1];
        byte[] whole = bed.Store.Content(flipped);
        bed.Store.Corrupt(flipped, whole.Length - 10);
        bed.Store.Replace(gone, null);
        bed.Manager.Checks.SetVerificationRate(16 << 10);
        TimeSpan start = time.Now;
        await UntilAsync(time, () => bed.Manager.Checks.GetVerification().Position >= 3);
        VerificationStatus half = bed.Manager.Checks.GetVerification();
        Assert.IsLessThan((16 << 10) * ((time.Now - start).TotalSeconds + 3), half.ReadBytes, "bytes read");
        await bed.RestartAsync();
        VerificationStatus after = bed.Manager.Checks.GetVerification();
        Assert.AreEqual(16 << 10, after.BytesPerSecond);
        Assert.IsGreaterThanOrEqualTo(half.Position, after.Position);
        await UntilAsync(time, () => bed.Manager.Checks.GetVerification().Passes >= 2);
        VerificationStatus found = bed.Manager.Checks.GetVerification();
        CollectionAssert.AreEquivalent(
            new[] { (CheckKinds.SegmentBlock, flipped), (CheckKinds.SegmentMissing, gone) }, found.Damages.Select(damage => (damage.Kind, damage.Subject)).ToArray());
        bed.Store.Replace(flipped, whole);
        await UntilAsync(time, () => bed.Manager.Checks.GetVerification().Damages.Count == 1);
        bed.Manager.Checks.SetVerificationRate(0);
    }

    [TestMethod]
    public async Task A_copy_of_the_metadata_is_a_whole_database()
    {
        await using EngineBed bed = await EngineBed.OpenAsync();
        await bed.CreateAsync("v");
        string copy = Path.Combine(bed.SqliteDirectory, "copy.db");
        bed.Manager.Metadata.BackUp(copy);
        await bed.CreateAsync("later");
        using MetadataDatabase read = MetadataDatabase.Open(copy, TimeProvider.System);
        Assert.AreEqual("v", read.ReadVolumes().Single().Name);
        Assert.AreEqual(bed.Manager.Metadata.PoolId, read.PoolId);
    }

    private static async Task UntilAsync(ManualTime time, Func<bool> condition)
    {
        Stopwatch patience = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.IsLessThan(60, patience.Elapsed.TotalSeconds);
            if (!time.AdvanceToNextTimer())
                await Task.Yield();
        }
    }
}
