namespace Lunaria.Volumes.Tests;

/// <summary>Bytes that code allocates on this thread.</summary>
internal static class Allocations
{
    /// <summary>The least of several rounds: the first ones compile, and the runtime may allocate for itself in any.</summary>
    public static long Least(Action action)
    {
        long least = long.MaxValue;
        for (int round = 0; round < 10; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            action();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        return least;
    }
}
