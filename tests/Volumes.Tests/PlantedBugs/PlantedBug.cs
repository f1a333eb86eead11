using Lunaria.Volumes.Io;
using Lunaria.Volumes.Segments;
using Lunaria.Volumes.Tests.Engine;
using Lunaria.Volumes.Tests.MediaFaults;
using Lunaria.Volumes.Tests.Model;
using Lunaria.Volumes.Tests.PowerCut;

namespace Lunaria.Volumes.Tests.PlantedBugs;

/// <summary>
/// A way in which an engine could be wrong, planted below it or beside it, since the engine has no switch for being wrong. <paramref name="Simulate"/> runs the simulation that has to find it with one
/// seed, and throws what it found.
/// </summary>
internal sealed record PlantedBug(string Name, Action<int> Simulate)
{
    private const int Operations = 300;
    private const double CutProbability = 0.02;

    /// <summary>All of them.</summary>
    public static IReadOnlyList<PlantedBug> All { get; } =
    [
        new("a FLUSH is answered without the log being flushed", seed => CutPower(seed, faults => faults.SkippedFlushes = "log-")),
        new("the log is given back without the journal being flushed", seed => CutPower(seed, faults => faults.SkippedFlushes = "journal")),
        new("the log is given back, and objects deleted, before the checkpoint is durable", seed => CutPower(seed, losesCheckpoints: true)),
        new("segments are published before their puts are durable", seed => Model(seed, bed => bed.Store.PutsLostOnDeath = 3)),
        new("dead segments are forgotten and not deleted", seed => Model(seed, bed => bed.Store.KeepsDeleted = true)),
        new("a block is served although its checksum is wrong", seed => Serve(seed, static (block, random) => block[random.Next(block.Length)] ^= 1)),
        new("another block is served than the one that was written", seed => Serve(seed, static (block, random) => block.Fill((byte)random.Next()))),
    ];

    private delegate void ChangeBlock(Span<byte> block, Random random);

    private static void CutPower(int seed, Action<SimFaults>? plant = null, bool losesCheckpoints = false)
    {
        string root = Directory.CreateDirectory(Path.Combine(Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"lunaria-planted-{Guid.NewGuid():n}")).FullName;
        try
        {
            int cuts = 0;
            PowerCutRun? run = null;
            run = new(seed, Directory.CreateDirectory(Path.Combine(root, "run")).FullName, new(), point =>
            {
                string after = Directory.CreateDirectory(Path.Combine(root, $"cut-{++cuts}")).FullName;
                if (PowerCutTests.CheckApart(run!, point, after, seed + cuts) is { } failure)
                    throw failure;
            })
            {
                LosesCheckpoints = losesCheckpoints,
                Plant = plant,
            };
            SimScheduler.Run(seed, async scheduler =>
            {
                try
                {
                    await run.RunAsync(scheduler.Time, Operations, CutProbability);
                }
                catch (Exception) when (run.Failure is not null)
                {
                    // The engine under it took it for a failure of its disk.
                    throw run.Failure;
                }
            });
        }
        finally
        {
            Directory.Delete(root, true);
        }
    }

    private static void Model(int seed, Action<EngineBed> plant) => SimScheduler.Run(
        seed, scheduler => GenerationModel.RunAsync(EngineBed.Tiny, new Random(seed), cold: true, Operations, dataOnly: 1, scheduler, plant: plant));

    /// <summary>Changes blocks of a segment, and its checksums with them: what an engine would serve that does not look at checksums.</summary>
    private static void Serve(int seed, ChangeBlock change)
    {
        MediaFault fault = new("forged object", (bed, random) => MediaFault.TryChange(bed, random, (content, random) => Forge(content, random, change)));
        SimScheduler.Run(seed, new MediaFaultRun(fault, new(seed)).RunAsync);
    }

    private static byte[] Forge(byte[] content, Random random, ChangeBlock change)
    {
        byte[] forged = [.. content];
        Assert.IsTrue(SegmentHeader.TryParse(forged, out SegmentHeader? header, out string? problem), problem);
        for (int block = 0; block < header.BlockCount; block++)
        {
            Span<byte> bytes = forged.AsSpan(header.HeaderBytes + (block * EngineBed.Block), EngineBed.Block);
            change(bytes, random);
            header.BlockCrcs[block] = Crc32C.Compute(bytes);
        }
        SegmentCodec.Write(header, forged.AsSpan(0, header.HeaderBytes));
        return forged;
    }
}
