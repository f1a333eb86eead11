namespace Lunaria.Volumes.Tests.MediaFaults;

/// <summary>
/// Media that lose, tear, misdirect or flip what they said they have: no block ever reads as what it is not. It is right, or the block cannot be read and a check names the damage, or the next start is
/// refused and names it. LUNARIA_MEDIA_FAULT_RUNS sets how many random runs are made of each.
/// </summary>
[TestClass]
public sealed class MediaFaultTests(TestContext context)
{
    // Many a damage does no harm, since what it hits is written over before it is needed; so few runs need all of these.
    private const int RunsToFind = 40;

    private static readonly int RandomRuns = int.TryParse(Environment.GetEnvironmentVariable("LUNARIA_MEDIA_FAULT_RUNS"), out int runs) ? runs : 2;

    public static IEnumerable<object[]> Faults => MediaFault.All.Select(fault => new object[] { fault.Name });

    [TestMethod]
    [DynamicData(nameof(Faults))]
    public void No_block_reads_as_what_it_is_not_and_the_damage_is_found(string name)
    {
        MediaFault fault = MediaFault.All.First(each => each.Name == name);
        bool isFound = false;
        int[] seeds = Seed.Many(RandomRuns);
        for (int run = 0; run < seeds.Length || (!isFound && run < RunsToFind); run++)
            isFound |= Run(fault, run < seeds.Length ? seeds[run] : run);
        Assert.IsTrue(isFound, "the damage is found in one run at least");
    }

    private bool Run(MediaFault fault, int seed)
    {
        try
        {
            MediaFaultRun run = new(fault, new(seed));
            SimScheduler.Run(seed, run.RunAsync);
            context.WriteLine($"seed {seed}: {run.Found ?? "no harm"}");
            return run.Found is not null;
        }
        catch (Exception e)
        {
            throw new AssertFailedException($"LUNARIA_SEED={seed}: {fault.Name}: {e}", e);
        }
    }
}
