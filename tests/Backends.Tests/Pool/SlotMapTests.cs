using Lunaria.Backends.Pool;
using Lunaria.Testing;

namespace Lunaria.Backends.Tests.Pool;

[TestClass]
public sealed class SlotMapTests
{
    [TestMethod]
    public void It_agrees_with_a_model_of_single_slots()
    {
        int seed = Seed.One();
        var random = new Random(seed);
        const int Chunks = 1100; // More than the first growth.
        var map = new SlotMap(Chunks);
        var taken = new bool[Chunks, 64];
        var runs = new List<(int Chunk, int First, int Count)>();
        for (int i = 0; i < 20_000; i++)
        {
            if (runs.Count > 0 && random.Next(100) < (map.EmptyChunks > 20 ? 20 : 52))
                FreeOne();
            else
                AllocateOne();
        }

        Assert.AreEqual(taken.Cast<bool>().Count(slot => !slot), map.FreeSlots);
        Assert.AreEqual(Enumerable.Range(0, Chunks).Count(chunk => LongestFree(chunk) == 64), map.EmptyChunks);

        void AllocateOne()
        {
            int count = random.Next(4) == 0 ? 64 : random.Next(1, 65);
            bool fits = map.TryAllocate(count, mayBeginChunk: true, out int chunk, out int first);
            if (!fits)
            {
                Assert.IsFalse(Enumerable.Range(0, Chunks).Any(c => LongestFree(c) >= count), $"LUNARIA_SEED={seed}: {count} slots would fit");
                return;
            }

            for (int slot = first; slot < first + count; slot++)
            {
                Assert.IsFalse(taken[chunk, slot], $"LUNARIA_SEED={seed}: slot {slot} of chunk {chunk} is given out twice");
                taken[chunk, slot] = true;
            }

            runs.Add((chunk, first, count));
        }

        void FreeOne()
        {
            int at = random.Next(runs.Count);
            (int chunk, int first, int count) = runs[at];
            runs[at] = runs[^1];
            runs.RemoveAt(runs.Count - 1);
            for (int slot = first; slot < first + count; slot++)
                taken[chunk, slot] = false;
            bool empty = map.Free(chunk, first, count);
            Assert.AreEqual(LongestFree(chunk) == 64, empty, $"LUNARIA_SEED={seed}");
            if (empty)
                map.FreeChunk(chunk);
        }

        int LongestFree(int chunk)
        {
            int longest = 0, run = 0;
            for (int slot = 0; slot < 64; slot++)
            {
                run = taken[chunk, slot] ? 0 : run + 1;
                longest = Math.Max(longest, run);
            }

            return longest;
        }
    }

    [TestMethod]
    public void Chunks_in_use_are_filled_before_others_are_begun()
    {
        var map = new SlotMap(10);
        Assert.IsFalse(map.TryAllocate(1, mayBeginChunk: false, out _, out _));
        Assert.IsTrue(map.TryClaim(5, 0, 10));
        Assert.IsTrue(map.TryAllocate(54, mayBeginChunk: true, out int chunk, out int first));
        Assert.AreEqual((5, 10), (chunk, first));
        Assert.IsFalse(map.TryAllocate(1, mayBeginChunk: false, out _, out _));
        Assert.IsTrue(map.TryAllocate(1, mayBeginChunk: true, out chunk, out _));
        Assert.AreEqual((0, 8), (chunk, map.EmptyChunks));
    }

    [TestMethod]
    public void A_claimed_slot_is_not_claimed_again()
    {
        var map = new SlotMap(5000);
        Assert.IsTrue(map.TryClaim(4999, 10, 5));
        Assert.IsFalse(map.TryClaim(4999, 14, 3));
        Assert.IsTrue(map.TryClaim(4999, 15, 49));
        Assert.AreEqual(5000 * 64 - 54, map.FreeSlots);
    }
}
