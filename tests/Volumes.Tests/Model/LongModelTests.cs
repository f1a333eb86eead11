using System.Globalization;
using Lunaria.Volumes.Tests.Engine;

namespace Lunaria.Volumes.Tests.Model;

/// <summary>
/// Very many operations over random settings: mostly what hosts do, with snapshots, clones, rollbacks, sizes, deletes, checkpoints, garbage collection, restarts and kills between.
/// LUNARIA_MODEL_OPERATIONS sets how many; `.ci/run model` asks for a million. LUNARIA_SEED repeats the one run that a failure names.
/// </summary>
[TestClass]
public sealed class LongModelTests(TestContext context)
{
    private const int OperationsOfRun = 25_000, DataOnly = 60;

    private static readonly int Operations =
        int.TryParse(Environment.GetEnvironmentVariable("LUNARIA_MODEL_OPERATIONS"), CultureInfo.InvariantCulture, out int operations) ? operations : 6000;

    [TestMethod]
    public async Task Whatever_the_settings_the_engine_is_what_memory_would_be()
    {
        int runs = Math.Max(2, Operations / OperationsOfRun), left = runs;
        Queue<int> seeds = new(Seed.Many(runs));
        await Task.WhenAll(Enumerable.Range(0, Environment.ProcessorCount).Select(_ => Task.Run(async () =>
        {
            while (TryTake(out int seed))
                await RunAsync(seed, Operations / runs);
        })));

        bool TryTake(out int seed)
        {
            lock (seeds)
                return seeds.TryDequeue(out seed);
        }
    }

    private async Task RunAsync(int seed, int operations)
    {
        Random random = new(seed);
        bool cold = random.Next(2) == 0;
        VolumesOptions options = Settings(random);
        string told = $"LUNARIA_SEED={seed}: {operations} operations, cold {cold}, log {options.Log.SizeBytes >> 10} KiB, segments {options.SegmentBytes >> 10} KiB, cuts {options.CutBytes >> 10} KiB, "
            + $"leaves {options.MapMemoryBytes >> 10} KiB, journal {options.CheckpointJournalBytes >> 10} KiB, garbage {options.GarbageShare}";
        context.WriteLine(told);
        try
        {
            await GenerationModel.RunAsync(options, random, cold, operations, DataOnly);
        }
        catch (Exception e)
        {
            throw new AssertFailedException($"{told}: {e}", e);
        }
    }

    private static VolumesOptions Settings(Random random)
    {
        int fileBytes = Pick(128, 256, 1024);
        return EngineBed.Tiny with
        {
            Log = new() { FileBytes = fileBytes, SizeBytes = (long)fileBytes * random.Next(6, 12) },
            SegmentBytes = Pick(16, 32, 64, 256),
            CutBytes = Pick(64, 128, 512),
            DestageThresholdBytes = Pick(64, 256, 1024),
            CheckpointJournalBytes = Pick(16, 64, 1024),
            MapMemoryBytes = Pick(256, 512, 4096),
            ConcurrentPuts = random.Next(1, 5),
            GarbageShare = random.Next(3) switch { 0 => 0.1, 1 => 0.25, _ => 0.6 },
            CollectionRoundBytes = Pick(256, 128 << 10),
        };

        int Pick(params ReadOnlySpan<int> kibibytes) => kibibytes[random.Next(kibibytes.Length)] << 10;
    }
}
