using System.Numerics;
using Lunaria.Backends.Pool.Format;

namespace Lunaria.Backends.Pool;

/// <summary>
/// Which slots of a component are taken: one word per chunk, and a tree above, so that a chunk with room is found in logarithmic time. Chunks in
/// use are filled before others are begun. Grows with the chunks in use, not with the size of the component. Not thread-safe:
/// <see cref="PoolSpace"/> locks.
/// </summary>
internal sealed class SlotMap
{
    private const ulong AllTaken = ulong.MaxValue;
    private const byte HasEmptyChunk = 0x80;
    private const byte LongestRunMask = 0x7F;

    private readonly int chunkCount;
    private ulong[] taken = [];

    // A heap: the children of node i are 2i and 2i+1, the leaf of chunk c is taken.Length + c. A node says whether a chunk below it is empty, and
    // the longest free run of those that are not.
    private byte[] tree = [];

    public SlotMap(int chunkCount)
    {
        this.chunkCount = chunkCount;
        EmptyChunks = chunkCount;
        FreeSlots = (long)chunkCount * ComponentLayout.SlotsPerChunk;
        Grow(1024);
    }

    /// <summary>Slots that are not taken.</summary>
    public long FreeSlots { get; private set; }

    /// <summary>Chunks of which no slot is taken.</summary>
    public int EmptyChunks { get; private set; }

    /// <summary>
    /// Takes a run of 1 to 64 slots of one chunk, of the first in use that has one, else of an empty one if <paramref name="mayBeginChunk"/>;
    /// false where there is none.
    /// </summary>
    public bool TryAllocate(int slots, bool mayBeginChunk, out int chunk, out int firstSlot)
    {
        firstSlot = 0;
        if ((tree[1] & LongestRunMask) >= slots)
            chunk = Find(node => (tree[node] & LongestRunMask) >= slots);
        else if (mayBeginChunk && EmptyChunks > 0)
        {
            while (tree[1] < HasEmptyChunk)
                Grow(taken.Length * 2);
            chunk = Find(node => tree[node] >= HasEmptyChunk);
        }
        else
        {
            chunk = 0;
            return false;
        }

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

    /// <summary>The first chunk of which all nodes above hold the condition.</summary>
    private int Find(Func<int, bool> holds)
    {
        int node = 1;
        while (node < taken.Length)
            node = holds(2 * node) ? 2 * node : 2 * node + 1;
        return node - taken.Length;
    }

    private void Set(int chunk, ulong value)
    {
        FreeSlots += BitOperations.PopCount(taken[chunk]) - BitOperations.PopCount(value);
        EmptyChunks += (value == 0 ? 1 : 0) - (taken[chunk] == 0 ? 1 : 0);
        taken[chunk] = value;
        int node = taken.Length + chunk;
        tree[node] = Leaf(value);
        for (node /= 2; node >= 1; node /= 2)
            tree[node] = Join(tree[2 * node], tree[2 * node + 1]);
    }

    private void Grow(int capacity)
    {
        Array.Resize(ref taken, capacity);
        tree = new byte[2 * capacity];
        for (int chunk = 0; chunk < Math.Min(capacity, chunkCount); chunk++)
            tree[capacity + chunk] = Leaf(taken[chunk]);
        for (int node = capacity - 1; node >= 1; node--)
            tree[node] = Join(tree[2 * node], tree[2 * node + 1]);
    }

    private static byte Leaf(ulong taken) => taken == 0 ? HasEmptyChunk : LongestRun(~taken);

    private static byte Join(byte left, byte right) =>
        (byte)(((left | right) & HasEmptyChunk) | Math.Max(left & LongestRunMask, right & LongestRunMask));

    private static ulong Mask(int firstSlot, int slots) => (slots == 64 ? ulong.MaxValue : (1UL << slots) - 1) << firstSlot;

    private static byte LongestRun(ulong free)
    {
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
