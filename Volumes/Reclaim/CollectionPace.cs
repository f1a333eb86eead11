using Lunaria.Volumes.Backend;

namespace Lunaria.Volumes.Reclaim;

/// <summary>
/// How long garbage collection rests after a round, so that hosts that write keep most of the machine while there is space: the garbage waits for a quieter moment. Where it is most of
/// what is stored, or the store is nearly full, there is no rest. Stateless; any thread.
/// </summary>
internal static class CollectionPace
{
    /// <summary>The share of the time that rounds take where hosts write as fast as they can and there is space.</summary>
    private const double LeastShare = 0.2;

    /// <summary>Hosts that write this part of the speed of a round, or more, count as busy in full.</summary>
    private const double BusyAt = 0.25;

    // Between the two collection goes from its least share of the time to all of it.
    private const double GarbagePatient = 0.5, GarbageUrgent = 0.75, FreePatient = 0.3, FreeUrgent = 0.1;

    /// <summary>
    /// The rest after a round that took <paramref name="round"/> and copied <paramref name="copiedBytes"/>, while hosts wrote <paramref name="writtenBytes"/>.
    /// <paramref name="garbageShare"/>: of all that is stored; <paramref name="space"/>: of the store, null where it has no end.
    /// </summary>
    public static TimeSpan RestAfter(TimeSpan round, long copiedBytes, long writtenBytes, double garbageShare, ObjectStoreSpace? space)
    {
        double busy = Math.Min(1, writtenBytes / Math.Max(1, BusyAt * copiedBytes));
        double urgency = Math.Max(
            Between(garbageShare, GarbagePatient, GarbageUrgent),
            space is { TotalBytes: > 0 } known ? Between((double)known.FreeBytes / known.TotalBytes, FreePatient, FreeUrgent) : 0);
        double share = 1 - (busy * (1 - urgency) * (1 - LeastShare));
        return round * ((1 - share) / share);
    }

    private static double Between(double value, double from, double to) => Math.Clamp((value - from) / (to - from), 0, 1);
}
