namespace Lunaria.Backends.S3;

/// <summary>
/// Which of several addresses of one store takes the next request: round robin over those that work. One that failed rests for a while; where all
/// rest, the one that rested longest is asked. Owned by the store; thread-safe.
/// </summary>
internal sealed class EndpointRing(int count, TimeSpan rest, TimeProvider time)
{
    private readonly Lock sync = new();
    private readonly long?[] failedAt = new long?[count];
    private int next;

    /// <summary>Index of the address to ask.</summary>
    public int Choose()
    {
        lock (sync)
        {
            int oldest = next;
            for (int i = 0; i < count; i++)
            {
                int index = (next + i) % count;
                if (failedAt[index] is not { } failed || time.GetElapsedTime(failed) >= rest)
                {
                    next = (index + 1) % count;
                    return index;
                }
                if (failed < failedAt[oldest])
                    oldest = index;
            }
            next = (oldest + 1) % count;
            return oldest;
        }
    }

    /// <summary>The address answered.</summary>
    public void Worked(int index)
    {
        lock (sync)
            failedAt[index] = null;
    }

    /// <summary>The address did not answer, or answered that it cannot serve.</summary>
    public void Failed(int index)
    {
        lock (sync)
            failedAt[index] = time.GetTimestamp();
    }
}
