namespace Lunaria.Volumes.Tests.PlantedBugs;

/// <summary>The simulation finds every bug that is planted: a simulation that finds nothing proves nothing.</summary>
[TestClass]
public sealed class PlantedBugTests(TestContext context)
{
    private const int SeedsAtMost = 30;

    public static IEnumerable<object[]> Bugs => PlantedBug.All.Select(bug => new object[] { bug.Name });

    [TestMethod]
    [DynamicData(nameof(Bugs))]
    public void The_simulation_finds(string name)
    {
        PlantedBug bug = PlantedBug.All.First(each => each.Name == name);
        for (int seed = 1; seed <= SeedsAtMost; seed++)
            try
            {
                bug.Simulate(seed);
            }
            catch (Exception e)
            {
                context.WriteLine($"found by seed {seed}: {e.Message}");
                return;
            }
        Assert.Fail($"{SeedsAtMost} seeds do not find that {name}");
    }
}
