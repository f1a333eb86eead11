using Lunaria.Volumes.Catalog;
using Lunaria.Volumes.Tests.Engine;
using Lunaria.Volumes.Tests.PowerCut;

namespace Lunaria.Volumes.Tests.Catalog;

/// <summary>What the store's catalog shows is a disk that was: everything written up to one moment, of all volumes, and nothing that came later.</summary>
[TestClass]
public sealed class PointTests
{
    private const int VolumeBlocks = 96, HotBlocks = 12;
    private static readonly VolumesOptions Quiet = EngineBed.Tiny with { GarbageShare = 1 };

    /// <summary>Hosts write the same blocks again and again, so that each cut leaves out what a later record replaces; the catalog is saved while they do.</summary>
    [TestMethod]
    public async Task A_lost_machine_leaves_a_prefix_of_what_was_written_over_all_volumes()
    {
        Random random = new(Seed.One());
        for (int run = 0; run < 12; run++)
        {
            await using EngineBed bed = await EngineBed.OpenAsync(Quiet);
            Volume[] volumes = [await bed.CreateAsync("a", VolumeBlocks * EngineBed.Block), await bed.CreateAsync("b", VolumeBlocks * EngineBed.Block)];
            StampHistory history = new();
            await WriteAsync(volumes, history, random, 50);
            await bed.SaveAsync();
            int saved = history.Count;
            Task save = Task.CompletedTask;
            for (int i = 0; i < 30; i++)
            {
                await WriteAsync(volumes, history, random, random.Next(1, 60));
                if (save.IsCompleted)
                {
                    await save;
                    save = bed.Manager.SaveCatalogAsync();
                }
            }
            ImportReport report = await bed.LoseMachineAsync(random);
            Assert.IsTrue(report.IsPoint);
            byte[][] found = [new byte[VolumeBlocks * EngineBed.Block], new byte[VolumeBlocks * EngineBed.Block]];
            for (int v = 0; v < found.Length; v++)
                Assert.AreEqual(VolumeStatus.Ok, await bed.Manager.Find(volumes[v].Name)!.ReadAsync(0, found[v]));
            int prefix = history.FindPrefix(found, saved, history.Count);
            Assert.IsGreaterThanOrEqualTo(saved, prefix, $"run {run}: a mixture, after {history.Count} steps of which {saved} were saved");
        }
    }

    /// <summary>Mostly the same few blocks, written over or made holes.</summary>
    private static async Task WriteAsync(Volume[] volumes, StampHistory history, Random random, int count)
    {
        for (int i = 0; i < count; i++)
        {
            int volume = random.Next(volumes.Length), block = random.Next(4) == 0 ? random.Next(VolumeBlocks) : random.Next(HotBlocks);
            int blocks = Math.Min(random.Next(1, 5), VolumeBlocks - block);
            if (random.Next(10) == 0)
            {
                history.Zero(volume, block * StampHistory.BlockSectors, blocks * StampHistory.BlockSectors);
                Assert.AreEqual(VolumeStatus.Ok, await volumes[volume].UnmapAsync((long)block * EngineBed.Block, (long)blocks * EngineBed.Block));
            }
            else
            {
                byte[] content = history.Write(volume, block * StampHistory.BlockSectors, blocks * StampHistory.BlockSectors);
                Assert.AreEqual(VolumeStatus.Ok, await volumes[volume].WriteAsync((long)block * EngineBed.Block, content, durable: false));
            }
        }
    }
}
