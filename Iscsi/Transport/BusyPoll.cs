namespace Lunaria.Iscsi.Transport;

/// <summary>
/// Decides when a connection's thread asks its socket again and again, some dozens of times, before it sleeps: to wake a sleeping core
/// takes longer than to answer a read from memory. It is done only while the initiator sends one command at a time and the last attempt paid;
/// each one in vain is followed by twice as many sleeps without an attempt. Used by the connection's thread only.
/// </summary>
internal sealed class BusyPoll(BusyPollSeats seats, int mostLooks)
{
    private const int MostSkips = 1024;

    private int skips, skipsAfterFailure = 1, looksLeft;

    /// <summary>True = poll now, and tell <see cref="End"/> what came of it.</summary>
    /// <param name="handledPdus">How many PDUs came at once the last time: with several on their way there is no sleep to be saved.</param>
    public bool TryBegin(int handledPdus)
    {
        if (handledPdus != 1 || mostLooks == 0) return false;
        if (skips > 0)
        {
            skips--;
            return false;
        }
        if (!seats.TryTake()) return false;
        looksLeft = mostLooks;
        return true;
    }

    /// <summary>After a look in vain: false = that was the last. Lets whoever else wants this core have it first; the initiator, maybe.</summary>
    public bool GoesOn()
    {
        Thread.Yield();
        return --looksLeft > 0;
    }

    /// <summary>The attempt is over; <paramref name="paid"/> = something was received.</summary>
    public void End(bool paid)
    {
        seats.Leave();
        if (paid)
        {
            skipsAfterFailure = 1;
            return;
        }
        skips = skipsAfterFailure;
        skipsAfterFailure = Math.Min(skipsAfterFailure * 2, MostSkips);
    }
}
