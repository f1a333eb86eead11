namespace Lunaria.Volumes.Access;

/// <summary>How long to wait before trying again what failed: doubling, capped, with jitter. Stateless; any thread.</summary>
public static class BackOff
{
    private const int FirstMs = 50, MaxMs = 15_000;

    /// <summary>Wait after failure number <paramref name="attempt"/> (from 0): 50 ms to 15 s, a quarter of it at random.</summary>
    public static TimeSpan Delay(int attempt, TimeProvider time)
    {
        double fullMs = Math.Min(MaxMs, FirstMs * Math.Pow(2, Math.Min(attempt, 16)));
        // The clock's low bits differ between appliances and repeat under a simulated clock.
        double jitter = (ulong)time.GetTimestamp() * 0x9E3779B97F4A7C15 >> 40;
        return TimeSpan.FromMilliseconds(fullMs * (0.75 + (0.25 * jitter / (1 << 24))));
    }
}
