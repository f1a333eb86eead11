namespace Lunaria.Iscsi.Sessions;

/// <summary>What a timer wants.</summary>
internal enum TimerEvent
{
    Nothing,
    /// <summary>The initiator has been silent: ask for a sign of life.</summary>
    Ping,
}

/// <summary>Login timeout and dead-peer detection of one connection. The connection's thread only.</summary>
internal sealed class ConnectionTimers(IscsiServerOptions options, TimeProvider time)
{
    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(2);
    private const int LongestWaitMs = 60_000;

    private readonly long began = time.GetTimestamp();
    private long heard = time.GetTimestamp();
    private bool loggedIn, pinged;

    /// <summary>True when nothing has been heard for long enough that buffers should be given back.</summary>
    public bool IsIdle => time.GetElapsedTime(heard) >= IdleTime;

    public void HeardFromPeer()
    {
        heard = time.GetTimestamp();
        pinged = false;
    }

    public void LoggedIn() => loggedIn = true;

    /// <summary>How long a wait may last, milliseconds.</summary>
    public int NextDueMs()
    {
        TimeSpan left = loggedIn ? (pinged ? options.PingInterval + options.PingTimeout : options.PingInterval) - time.GetElapsedTime(heard)
            : options.LoginTimeout - time.GetElapsedTime(began);
        TimeSpan untilIdle = IdleTime - time.GetElapsedTime(heard);
        if (untilIdle > TimeSpan.Zero && untilIdle < left) left = untilIdle;
        return (int)Math.Clamp(left.TotalMilliseconds + 1, 1, LongestWaitMs);
    }

    /// <summary>Called when nothing was heard. Throws <see cref="Transport.ConnectionClosedException"/> when the peer is taken for dead.</summary>
    /// <param name="listening">False while this side does not receive: then silence says nothing of the peer.</param>
    /// <param name="mayPing">True in the full feature phase.</param>
    public TimerEvent CheckDue(bool listening, bool mayPing)
    {
        if (!loggedIn)
        {
            if (time.GetElapsedTime(began) >= options.LoginTimeout)
                throw new Transport.ConnectionClosedException($"the login took longer than {options.LoginTimeout.TotalSeconds:0} s");
            return TimerEvent.Nothing;
        }
        if (!listening)
        {
            HeardFromPeer();
            return TimerEvent.Nothing;
        }
        TimeSpan silence = time.GetElapsedTime(heard);
        if (silence >= options.PingInterval + options.PingTimeout)
            throw new Transport.ConnectionClosedException($"no sign of life from the initiator for {silence.TotalSeconds:0} s");
        if (!mayPing || pinged || silence < options.PingInterval) return TimerEvent.Nothing;
        pinged = true;
        return TimerEvent.Ping;
    }
}
