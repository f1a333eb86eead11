using Lunaria.Volumes.Map;
using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Tests.Map;

/// <summary>Random publishes against dictionaries, in so little memory that leaves leave and come back all the time.</summary>
[TestClass]
public sealed class BlockMapModelTests
{
    private const ulong Size = 3UL << 18; // 3 GiB: three groups

    public static IEnumerable<object[]> Seeds() => Seed.Many(8).Select(seed => (object[])[seed]);

    [TestMethod]
    [DynamicData(nameof(Seeds))]
    public async Task Random_publishes_trims_crashes_and_checkpoints_agree_with_the_model(int seed)
    {
        var random = new Random(seed);
        long memoryBytes = random.Next(3) == 0 ? 16 << 20 : MapMemory.MinBudgetBytes;
        using var harness = new MapHarness(memoryBytes, Size, Size / 2);
        // Few leaves that are hit again and again, in all groups.
        ulong[] leaves = [.. Enumerable.Range(0, random.Next(2, 150)).Select(_ => (ulong)random.NextInt64((long)Size / 2 / 512))];
        for (int step = 0; step < 250; step++)
        {
            int volume = random.Next(2);
            ulong limit = volume == 0 ? Size : Size / 2;
            switch (random.Next(20))
            {
                case 0:
                    await harness.CrashAsync();
                    break;
                case 1:
                    await harness.CheckpointAsync();
                    break;
                case 2:
                    ulong trimmed = random.Next(4) == 0 ? (ulong)random.NextInt64(1, (long)limit) : (ulong)random.Next(1, 3000);
                    ulong start = random.Next(8) == 0 ? 0 : (ulong)random.NextInt64((long)(limit - trimmed));
                    await harness.PublishAsync(volume, RandomBlocks(random, leaves), new BlockRange(start, trimmed));
                    break;
                case < 9:
                    ulong first = leaves[random.Next(leaves.Length)] * 512 + (ulong)random.Next(512);
                    int count = random.Next(1, 1022);
                    await harness.PublishAsync(volume, [.. Enumerable.Range(0, count).Select(i => first + (ulong)i).Where(block => block < limit)]);
                    break;
                default:
                    await harness.PublishAsync(volume, RandomBlocks(random, leaves));
                    break;
            }
            Assert.IsLessThanOrEqualTo(memoryBytes, harness.Store.MemoryBytes);
            for (int i = 0; i < 4; i++)
            {
                ulong at = leaves[random.Next(leaves.Length)] * 512 + (ulong)random.Next(512);
                int length = (int)Math.Min((ulong)random.Next(1, 1200), Size / 2 - at);
                await harness.CheckRangeAsync(random.Next(2), at, length, random.Next(1, 40));
            }
        }
        harness.CheckCounts();
        await harness.CrashAsync();
        harness.CheckCounts();
        foreach (ulong leaf in leaves)
        {
            await harness.CheckRangeAsync(0, leaf * 512, 512);
            await harness.CheckRangeAsync(1, leaf * 512, 512);
        }
    }

    private static HashSet<ulong> RandomBlocks(Random random, ulong[] leaves)
    {
        int count = random.Next(1, 300), leafCount = random.Next(1, leaves.Length + 1);
        return [.. Enumerable.Range(0, count).Select(_ => leaves[random.Next(leafCount)] * 512 + (ulong)random.Next(512))];
    }
}
