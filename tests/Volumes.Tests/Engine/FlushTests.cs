namespace Lunaria.Volumes.Tests.Engine;

/// <summary>What a FLUSH that was answered promises.</summary>
[TestClass]
public sealed class FlushTests
{
    /// <summary>The process is killed, or the power fails, right behind the answer.</summary>
    [TestMethod]
    [DataRow(false, false)]
    [DataRow(false, true)]
    [DataRow(true, false)]
    [DataRow(true, true)]
    public async Task An_acknowledged_flush_survives_whatever_comes_right_after_it(bool powerCut, bool forceUnitAccess)
    {
        Random random = new(Seed.One());
        await using EngineBed bed = await EngineBed.OpenAsync(EngineBed.Tiny with { DestageIdleAge = TimeSpan.FromHours(1) });
        Volume volume = await bed.CreateAsync(sizeBytes: 1 << 20);
        byte[] content = new byte[1 << 20], read = new byte[1 << 20];
        for (int round = 0; round < 8; round++)
        {
            byte[] written = new byte[random.Next(1, 12) * EngineBed.Block];
            random.NextBytes(written);
            int offset = random.Next((content.Length - written.Length) / 512) * 512;
            written.CopyTo(content, offset);
            Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync(offset, written, durable: forceUnitAccess));
            if (!forceUnitAccess)
                Assert.AreEqual(VolumeStatus.Ok, await volume.FlushAsync());
            await bed.KillAsync(random, powerCut);
            volume = bed.Manager.Find("v")!;
            Assert.AreEqual(VolumeStatus.Ok, await volume.ReadAsync(0, read));
            CollectionAssert.AreEqual(content, read, $"round {round}");
        }
    }
}
