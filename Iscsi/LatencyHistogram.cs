using System.Diagnostics;
using System.Numerics;

namespace Lunaria.Iscsi;

/// <summary>
/// How long commands took, counted in steps that double: up to 8 us, 16 us and so on to 2^24 us (17 s), and all that took longer. One thread records; any
/// thread reads, and may miss the last step of another.
/// </summary>
public sealed class LatencyHistogram
{
    private const int FirstExponent = 3;
    private const int LastExponent = 24;

    private readonly long[] counts = new long[LastExponent - FirstExponent + 2];
    private long sumTicks;

    /// <summary>Upper ends of the steps but the last, which has none, in seconds.</summary>
    public static IReadOnlyList<double> BoundsSeconds { get; } =
        [.. Enumerable.Range(FirstExponent, LastExponent - FirstExponent + 1).Select(exponent => (1L << exponent) / 1e6)];

    /// <summary>How many commands fell into each step; one more than <see cref="BoundsSeconds"/>.</summary>
    public IReadOnlyList<long> Counts => counts;

    /// <summary>All times together, in seconds.</summary>
    public double SumSeconds => TimeSpan.FromTicks(sumTicks).TotalSeconds;

    /// <summary>Counts a command that began at <paramref name="startedTimestamp"/> (<see cref="Stopwatch.GetTimestamp"/>) and ends now.</summary>
    internal void Record(long startedTimestamp)
    {
        long ticks = Stopwatch.GetElapsedTime(startedTimestamp).Ticks;
        // A time of exactly 2^n us belongs to the step that ends there.
        ulong microseconds = (ulong)Math.Max(ticks - 1, 0) / TimeSpan.TicksPerMicrosecond;
        int step = microseconds == 0 ? 0 : Math.Clamp(BitOperations.Log2(microseconds) + 1 - FirstExponent, 0, counts.Length - 1);
        counts[step]++;
        sumTicks += ticks;
    }

    /// <summary>Adds what another has counted.</summary>
    internal void Add(LatencyHistogram other)
    {
        for (int i = 0; i < counts.Length; i++) counts[i] += other.counts[i];
        sumTicks += other.sumTicks;
    }
}
