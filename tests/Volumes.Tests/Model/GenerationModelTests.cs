using System.Globalization;
using Lunaria.Volumes.Tests.Engine;

namespace Lunaria.Volumes.Tests.Model;

/// <summary>
/// Snapshots, clones, rollbacks, sizes and deletes in any order, with kills and restarts between them, leave every volume and every snapshot what memory says; the books are
/// right at any time, and once all is deleted nothing is left. LUNARIA_GENERATION_OPERATIONS sets how many operations one run makes.
/// </summary>
[TestClass]
public sealed class GenerationModelTests
{
    private static readonly int Operations =
        int.TryParse(Environment.GetEnvironmentVariable("LUNARIA_GENERATION_OPERATIONS"), CultureInfo.InvariantCulture, out int operations) ? operations : 1500;

    private static readonly int ReplayedOperations = Math.Min(Operations, 400);

    [TestMethod]
    public Task Any_operations_give_what_memory_would_give() => RunSeedsAsync(EngineBed.Tiny, cold: false);

    [TestMethod]
    public Task Any_operations_with_a_cold_store_and_a_cold_page_cache() => RunSeedsAsync(EngineBed.Tiny, cold: true);

    /// <summary>On a simulated clock and scheduler, so that no wait costs time, in an order that the seed decides.</summary>
    [TestMethod]
    public void Any_operations_while_disk_and_store_fail_now_and_then()
    {
        // Each on a thread of its own, beside the other.
        Parallel.ForEach(Seed.Many(2), seed => Simulate(seed, Operations).Dispose());
    }

    /// <summary>A failure that a seed found is there again with the seed: each access to disk and store, and each answer, is what it was.</summary>
    [TestMethod]
    public void The_same_seed_gives_the_same_run()
    {
        int seed = Seed.One();
        using SimTrace first = Simulate(seed, ReplayedOperations), second = Simulate(seed, ReplayedOperations), other = Simulate(seed + 1, ReplayedOperations);
        Assert.IsTrue(first.Hash == second.Hash && first.Steps == second.Steps, $"LUNARIA_SEED={seed}: {first.Steps} steps, then {second.Steps}; {Difference(first, second)}");
        Assert.AreNotEqual(first.Hash, other.Hash, "another seed gives another run");
    }

    private static string Difference(SimTrace first, SimTrace second)
    {
        int same = first.Last.Zip(second.Last).TakeWhile(pair => pair.First == pair.Second).Count();
        return $"after {same} same steps {string.Join(", ", first.Last.Skip(same - 8).Take(16))} / {string.Join(", ", second.Last.Skip(same - 8).Take(16))} (LUNARIA_TRACE=1000000 keeps steps)";
    }

    private static SimTrace Simulate(int seed, int operations)
    {
        SimTrace trace = new();
        try
        {
            SimScheduler.Run(seed, scheduler => GenerationModel.RunAsync(EngineBed.Tiny, new Random(seed), cold: true, operations, dataOnly: 1, scheduler, trace));
            return trace;
        }
        catch (Exception e)
        {
            trace.Dispose();
            throw new AssertFailedException($"LUNARIA_SEED={seed}: {e}", e);
        }
    }

    private static async Task RunSeedsAsync(VolumesOptions options, bool cold)
    {
        foreach (int seed in Seed.Many(2))
            try
            {
                await GenerationModel.RunAsync(options, new Random(seed), cold, Operations, dataOnly: 1);
            }
            catch (Exception e)
            {
                throw new AssertFailedException($"LUNARIA_SEED={seed}: {e}", e);
            }
    }
}
