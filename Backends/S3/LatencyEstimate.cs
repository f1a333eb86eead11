namespace Lunaria.Backends.S3;

/// <summary>
/// The time within which most requests are answered, followed by small steps: up by 19 parts where one took longer, down by one part where not, which settles
/// at the 95th percentile. Owned by the store; any thread, where a lost update does no harm.
/// </summary>
internal sealed class LatencyEstimate
{
    private const double StepShare = 0.02;
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(20), Most = TimeSpan.FromSeconds(2);
    private long ticks = TimeSpan.FromMilliseconds(300).Ticks;

    /// <summary>A request that takes longer than this is one of the slow ones.</summary>
    public TimeSpan Slow => new(Volatile.Read(ref ticks));

    /// <summary>A request was answered.</summary>
    public void Add(TimeSpan latency)
    {
        long now = Volatile.Read(ref ticks);
        double step = now * StepShare * (latency.Ticks > now ? 0.95 : -0.05);
        Volatile.Write(ref ticks, Math.Clamp(now + (long)step, Least.Ticks, Most.Ticks));
    }
}
