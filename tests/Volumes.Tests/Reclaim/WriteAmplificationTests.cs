using System.Diagnostics;
using System.Globalization;
using Lunaria.Volumes.Tests.Engine;

namespace Lunaria.Volumes.Tests.Reclaim;

/// <summary>
/// Blocks written to the store per block that a host writes, in the second half of so many overwrites, in a store of which three quarters live: writers never pause, so that it is always full.
/// Once they do, garbage goes down to a fifth.
/// LUNARIA_AMPLIFICATION_MIB sets the size of the volume. Headers are counted; beside it stands what a simulation of the same policy without them gives.
/// </summary>
[TestClass]
public sealed class WriteAmplificationTests
{
    private const int Overwrites = 6;

    // A segment here has so many, of which the header takes these where its blocks are scattered.
    private const int SegmentPages = 64, HeaderPages = 2;

    /// <summary>So much of what is stored may be garbage once writers pause.</summary>
    private const double Quiet = 0.2;

    private static readonly int Blocks =
        256 * (int.TryParse(Environment.GetEnvironmentVariable("LUNARIA_AMPLIFICATION_MIB"), CultureInfo.InvariantCulture, out int sizeMiB) ? sizeMiB : 64);

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    [DataRow("uniform", 2.4, 2.19)]
    [DataRow("zipf", 1.4, 1.17)]
    [DataRow("90:10", 1.8, 1.46)]
    public async Task Stays_below(string kind, double limit, double simulated)
    {
        VolumesOptions options = new()
        {
            Log = new() { FileBytes = 1 << 20, SizeBytes = 8 << 20 },
            SegmentBytes = 256 << 10,
            CutBytes = 1 << 20,
            DestageThresholdBytes = 2 << 20,
            MapMemoryBytes = 64 << 20,
            CollectionRoundBytes = 2 << 20,
        };
        await using EngineBed bed = await EngineBed.OpenAsync(options);
        // What is on its way, a cut and the copies of a round, is small against a store of a usual size, and not against this.
        bed.Store.CapacityBytes = ((long)Blocks * EngineBed.Block * 4 / 3 * SegmentPages / (SegmentPages - HeaderPages)) + options.CutBytes + options.CollectionRoundBytes;
        bed.Store.ReserveBytes = 8 * options.SegmentBytes;
        Volume volume = await bed.CreateAsync(sizeBytes: (long)Blocks * EngineBed.Block);
        int seed = Seed.One();
        Random random = new(seed);
        byte[] block = new byte[EngineBed.Block];
        int[] places = [.. Enumerable.Range(0, Blocks)];
        random.Shuffle(places);
        double harmonic = Enumerable.Range(1, Blocks).Sum(rank => Math.Pow(rank, -0.99));
        double[] cumulative = new double[Blocks];
        for (int rank = 0; rank < Blocks; rank++)
            cumulative[rank] = (rank == 0 ? 0 : cumulative[rank - 1]) + (Math.Pow(rank + 1, -0.99) / harmonic);
        long half = 0, putBefore = 0;
        for (long i = 0; i < (long)(1 + Overwrites) * Blocks; i++)
        {
            int at = i < Blocks ? (int)i : kind switch
            {
                "uniform" => random.Next(Blocks),
                "zipf" => places[Math.Min(Blocks - 1, Array.BinarySearch(cumulative, random.NextDouble()) is var found && found < 0 ? ~found : found)],
                _ => places[random.Next(10) > 0 ? random.Next(Blocks / 10) : (Blocks / 10) + random.Next(Blocks - (Blocks / 10))],
            };
            BitConverter.TryWriteBytes(block, i + 1);
            Assert.AreEqual(VolumeStatus.Ok, await volume.WriteAsync((long)at * EngineBed.Block, block, durable: false));
            if (i == (1 + (Overwrites / 2)) * (long)Blocks)
                (half, putBefore) = (i, bed.Store.PutBytes);
        }
        await bed.Manager.DestageAsync(checkpoint: true);
        long userBytes = (((1 + Overwrites) * (long)Blocks) - half) * EngineBed.Block;
        double amplification = (double)(bed.Store.PutBytes - putBefore) / userBytes;
        double garbage = Garbage();
        TestContext.WriteLine($"{kind}: write amplification {amplification:f2} (limit {limit}, simulated {simulated}), garbage {garbage:p1}, seed {seed}");
        Assert.IsLessThanOrEqualTo(limit, amplification);
        Assert.IsLessThan(0.35, garbage);

        Stopwatch patience = Stopwatch.StartNew();
        while (Garbage() > Quiet)
        {
            Assert.IsLessThan(60, patience.Elapsed.TotalSeconds, $"{Garbage():p1} garbage is left where nobody writes");
            await Task.Yield();
        }

        double Garbage() => 1 - ((double)volume.GetStatistics().MappedBytes / bed.Store.UsedBytes * SegmentPages / (SegmentPages - HeaderPages));
    }
}
