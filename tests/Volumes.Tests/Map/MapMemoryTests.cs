using Lunaria.Volumes.Map;

namespace Lunaria.Volumes.Tests.Map;

/// <summary>The size classes and the accounting of map memory.</summary>
[TestClass]
public sealed class MapMemoryTests
{
    [TestMethod]
    public void Every_number_of_runs_has_the_smallest_class_that_takes_it()
    {
        for (int runs = 1; runs < LeafClasses.FlatFromRuns; runs++)
        {
            int sizeClass = LeafClasses.OfRuns(runs);
            Assert.IsLessThanOrEqualTo(LeafClasses.CellBytes(sizeClass), LeafClasses.CellHeaderBytes + (runs * LeafRun.Bytes));
            if (sizeClass + 1 < LeafClasses.Count)
                Assert.IsGreaterThan(LeafClasses.CellBytes(sizeClass + 1), LeafClasses.CellHeaderBytes + (runs * LeafRun.Bytes));
        }
        for (int sizeClass = 1; sizeClass < LeafClasses.Count; sizeClass++)
            Assert.IsLessThanOrEqualTo(MapMemory.PageBytes, LeafClasses.Cells(sizeClass) * LeafClasses.CellBytes(sizeClass));
    }

    [TestMethod]
    public void Cells_never_overlap_and_all_of_them_come_back()
    {
        int seed = Seed.One();
        var random = new Random(seed);
        using var memory = new MapMemory(MapMemory.MinBudgetBytes);
        var held = new List<(LeafEntry Entry, uint Mark)>();
        for (uint step = 1; step < 20_000; step++)
        {
            int runs = random.Next(3) == 0 ? random.Next(1, 512) : random.Next(1, 6);
            if (random.Next(2) == 0 && memory.TryAllocateLeaf(0, step, runs, dirty: true, out LeafEntry entry))
            {
                memory.Runs(entry).Fill(new(step, 1, 2));
                held.Add((entry, step));
            }
            else if (held.Count > 0)
            {
                int at = random.Next(held.Count);
                Check(held[at]);
                memory.FreeLeaf(held[at].Entry);
                held.RemoveAt(at);
            }
            Assert.IsLessThanOrEqualTo(memory.BudgetBytes, memory.UsedBytes);
        }
        held.ForEach(Check);
        held.ForEach(each => memory.FreeLeaf(each.Entry));
        Assert.AreEqual((0L, 0L), (memory.UsedBytes, memory.DirtyBytes));

        void Check((LeafEntry Entry, uint Mark) each)
        {
            foreach (LeafRun run in memory.Runs(each.Entry))
                Assert.AreEqual(new LeafRun(each.Mark, 1, 2), run, $"LUNARIA_SEED={seed}");
        }
    }
}
