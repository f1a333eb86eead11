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

    [TestMethod]
    public Task Any_operations_give_what_memory_would_give() => RunSeedsAsync(EngineBed.Tiny, cold: false);

    [TestMethod]
    public Task Any_operations_with_a_cold_store_and_a_cold_page_cache() => RunSeedsAsync(EngineBed.Tiny, cold: true);

    /// <summary>On a simulated clock and scheduler, so that no wait costs time.</summary>
    [TestMethod]
    public void Any_operations_while_disk_and_store_fail_now_and_then() => SimScheduler.Run(scheduler => RunSeedsAsync(EngineBed.Tiny, cold: true, scheduler.Time));

    private static async Task RunSeedsAsync(VolumesOptions options, bool cold, TimeProvider? faultTime = null)
    {
        foreach (int seed in Seed.Many(2))
            try
            {
                await GenerationModel.RunAsync(options, new Random(seed), cold, Operations, dataOnly: 1, faultTime);
            }
            catch (Exception e)
            {
                throw new AssertFailedException($"LUNARIA_SEED={seed}: {e}", e);
            }
    }
}
