using System.Numerics;
using Lunaria.Backends.Pool.Format;

namespace Lunaria.Backends.Pool;

/// <summary>
/// Which slots of a component are taken: one word per chunk, and a tree of longest free runs above, so that the first chunk with room is
/// found in logarithmic time. Grows with the chunks in use, not with the size of the component. Not thread-safe: <see cref="PoolSpace"/> locks.
/// </summary>
internal sealed class SlotMap
{
    private const ulong AllTaken = ulong.MaxValue;

    private readonly int chunkCount;
    private ulong[] taken = [];
    private byte[] longestRun = []; // A heap: the children of node i are 2i and 2i+1, the leaf of chunk c is taken.Length + c.

    public SlotMap(int chunkCount)
    {
        this.chunkCount = chunkCount;
        FreeSlots = (long)chunkCount * ComponentLayout.SlotsPerChunk;
        Grow(1024);
    }

    /// <summary>Slots that are not taken.</summary>
    public long FreeSlots { get; private set; }

    /// <summary>Takes a run of 1 to 64 slots of one chunk, the first that fits; false where there is none.</summary>
    public bool TryAllocate(int slots, out int chunk, out int firstSlot)
    {
        chunk = firstSlot = 0;
        while (longestRun[1] < slots)
        {
            if (taken.Length >= chunkCount)
                return false;
            Grow(taken.Length * 2);
        }

        int node = 1;
        while (node < taken.Length)
            node = longestRun[2 * node] >= slots ? 2 * node : 2 * node + 1;
        chunk = node - taken.Length;
        firstSlot = FirstRun(~taken[chunk], slots);
        Set(chunk, taken[chunk] | Mask(firstSlot, slots));
        return true;
    }

    /// <summary>Takes a known run; false, and nothing taken, where a slot of it is taken already.</summary>
    public bool TryClaim(int chunk, int firstSlot, int slots)
    {
        while (chunk >= taken.Length)
            Grow(taken.Length * 2);
        ulong mask = Mask(firstSlot, slots);
        if ((taken[chunk] & mask) != 0)
            return false;
        Set(chunk, taken[chunk] | mask);
        return true;
    }

    /// <summary>
    /// Gives a run back. True where its chunk has nothing else: it then stays taken as a whole, so that the caller can give it back to the
    /// medium, and ends with <see cref="FreeChunk"/>.
    /// </summary>
    public bool Free(int chunk, int firstSlot, int slots)
    {
        ulong left = taken[chunk] & ~Mask(firstSlot, slots);
        Set(chunk, left == 0 ? AllTaken : left);
        return left == 0;
    }

    /// <summary>Gives a whole chunk back.</summary>
    public void FreeChunk(int chunk) => Set(chunk, 0);

    private void Set(int chunk, ulong value)
    {
        FreeSlots += BitOperations.PopCount(taken[chunk]) - BitOperations.PopCount(value);
        taken[chunk] = value;
        int node = taken.Length + chunk;
        longestRun[node] = LongestRun(~value);
        for (node /= 2; node >= 1; node /= 2)
            longestRun[node] = Math.Max(longestRun[2 * node], longestRun[2 * node + 1]);
    }

    private void Grow(int capacity)
    {
        Array.Resize(ref taken, capacity);
        longestRun = new byte[2 * capacity];
        for (int chunk = 0; chunk < Math.Min(capacity, chunkCount); chunk++)
            longestRun[capacity + chunk] = LongestRun(~taken[chunk]);
        for (int node = capacity - 1; node >= 1; node--)
            longestRun[node] = Math.Max(longestRun[2 * node], longestRun[2 * node + 1]);
    }

    private static ulong Mask(int firstSlot, int slots) => (slots == 64 ? ulong.MaxValue : (1UL << slots) - 1) << firstSlot;

    private static byte LongestRun(ulong free)
    {
        if (free == ulong.MaxValue)
            return 64;
        byte length = 0;
        for (; free != 0; free &= free << 1)
            length++;
        return length;
    }

    /// <summary>Lowest slot at which that many free ones follow each other: bit i stays set while slots i to i+covered-1 are free.</summary>
    private static int FirstRun(ulong free, int slots)
    {
        for (int covered = 1; covered < slots;)
        {
            int step = Math.Min(covered, slots - covered);
            free &= free >> step;
            covered += step;
        }

        return BitOperations.TrailingZeroCount(free);
    }
}
