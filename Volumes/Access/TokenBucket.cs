namespace Lunaria.Volumes.Access;

/// <summary>
/// A token bucket that may go into debt: who takes from an empty one waits until the debt before it is paid, so the order of the takers is kept and no queue is needed.
/// Counted as one moment, when it will be full again. Any thread; allocates nothing.
/// </summary>
internal sealed class TokenBucket(double perSecond, double burst, TimeProvider time)
{
    private readonly double _ticksPerToken = time.TimestampFrequency / perSecond;
    private readonly long _burstTicks = (long)(burst * time.TimestampFrequency / perSecond);
    private long _fullAt = time.GetTimestamp();

    /// <summary>True where who takes now need not wait.</summary>
    public bool HasTokens => Volatile.Read(ref _fullAt) - _burstTicks <= time.GetTimestamp();

    /// <summary>Takes tokens; how long the taker has to wait. Null = that would be longer than <paramref name="patience"/>: nothing is taken.</summary>
    public TimeSpan? Take(double tokens, TimeSpan patience)
    {
        long cost = (long)(tokens * _ticksPerToken);
        while (true)
        {
            long now = time.GetTimestamp(), before = Volatile.Read(ref _fullAt), fullAt = Math.Max(before, now);
            long wait = Math.Max(0, fullAt - _burstTicks - now);
            if (wait > patience.TotalSeconds * time.TimestampFrequency)
                return null;
            if (Interlocked.CompareExchange(ref _fullAt, fullAt + cost, before) == before)
                return TimeSpan.FromSeconds((double)wait / time.TimestampFrequency);
        }
    }
}
