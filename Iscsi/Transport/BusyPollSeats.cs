namespace Lunaria.Iscsi.Transport;

/// <summary>How many threads may poll at once, so that polling never takes the cores that work needs. One per server; any thread.</summary>
internal sealed class BusyPollSeats(int count)
{
    private int free = count;

    /// <summary>False when all seats are taken.</summary>
    public bool TryTake()
    {
        if (Interlocked.Decrement(ref free) >= 0) return true;
        Interlocked.Increment(ref free);
        return false;
    }

    /// <summary>Gives the seat back.</summary>
    public void Leave() => Interlocked.Increment(ref free);
}
