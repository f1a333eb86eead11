namespace Lunaria.Volumes.Tests.Engine;

/// <summary>Writes that begin or end inside a block.</summary>
[TestClass]
public sealed class UnalignedWriteTests
{
    /// <summary>A killed process must not leave the half of a command: all of it is one record of the log.</summary>
    [TestMethod]
    [DataRow(512, 512, 1)]
    [DataRow(512, 4096, 2)]
    [DataRow(0, 4608, 2)]
    [DataRow(3584, 1024, 2)]
    [DataRow(512, 16896, 5)]
    [DataRow(4096, 12800, 4)]
    public async Task An_unaligned_write_is_one_record(int offsetBytes, int lengthBytes, int blocks)
    {
        // Nothing leaves the log while its bytes are counted.
        await using EngineBed bed = await EngineBed.OpenAsync(EngineBed.Tiny with { DestageThresholdBytes = 1L << 40, DestageIdleAge = TimeSpan.FromHours(1) });
        Volume volume = await bed.CreateAsync();
        byte[] model = new byte[64 * EngineBed.Block], content = new byte[lengthBytes], read = new byte[model.Length];
        Array.Fill(model, (byte)7);
        Array.Fill(content, (byte)9);
        Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync(0, model, false));
        long before = bed.Manager.GetStatistics().LogUsedBytes;

        Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync(offsetBytes, content, false));

        Assert.AreEqual((1L + blocks) * EngineBed.Block, bed.Manager.GetStatistics().LogUsedBytes - before, "one header and the blocks");
        content.CopyTo(model, offsetBytes);
        Assert.AreEqual(VolumeStatus.Ok, await volume.ReadAsync(0, read));
        CollectionAssert.AreEqual(model, read);
    }
}
