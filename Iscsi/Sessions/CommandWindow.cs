using Lunaria.Iscsi.Pdu;

namespace Lunaria.Iscsi.Sessions;

/// <summary>Where a command stands in the CmdSN order of its session (RFC 7143 4.2.2.1).</summary>
internal enum CommandOrder
{
    /// <summary>It is the next one, or immediate.</summary>
    Now,
    /// <summary>Inside the window, but others before it are missing, or it is ORDERED and others still run.</summary>
    Later,
    /// <summary>A function has ended it before it came: its number is used up, and nothing is done for it.</summary>
    Ended,
    /// <summary>Outside the window, or here already: ignored.</summary>
    Ignore,
}

/// <summary>
/// ExpCmdSN and MaxCmdSN of a session. While the session has only ever had one connection, that connection's thread alone touches this and
/// nothing is locked. <see cref="Share"/> ends that for good: from then on each step takes the lock, and <see cref="SharedOrder"/> tells the
/// connections whose turn it is. Where lost commands come again (ErrorRecoveryLevel 1 and 2) it is shared from the begin.
/// </summary>
internal sealed class CommandWindow(uint firstCmdSN, int width)
{
    /// <summary>How often a connection looks whether its turn has come before it keeps a request.</summary>
    private const int TurnLooks = 8;

    /// <summary>Functions of a session that may wait for commands on their way at once.</summary>
    private const int MaxFunctions = 32;

    private readonly HashSet<uint> given = [];
    private volatile SharedOrder? shared;
    private uint expCmdSN = firstCmdSN, maxCmdSN = unchecked(firstCmdSN + (uint)width - 1);

    /// <summary>Read it before <see cref="MaxCmdSN"/>: an older one beside a newer one is a window, the other way round may be none.</summary>
    public uint ExpCmdSN => Volatile.Read(ref expCmdSN);

    /// <summary>Never moves back (RFC 7143 4.2.2.1).</summary>
    public uint MaxCmdSN => Volatile.Read(ref maxCmdSN);

    /// <summary>True once several connections use it.</summary>
    public bool IsShared => shared is not null;

    /// <summary>True when the initiator, as far as it knows, may send nothing more.</summary>
    public bool IsClosed => MaxCmdSN == unchecked(ExpCmdSN - 1);

    /// <summary>True when it is as wide as it gets: no command is under way.</summary>
    public bool IsWideOpen
    {
        get
        {
            uint exp = ExpCmdSN;
            return MaxCmdSN == unchecked(exp + (uint)width - 1);
        }
    }

    /// <summary>
    /// Several connections use the window from now on. Called by the thread that has had it alone, when no ORDERED command is under way.
    /// </summary>
    /// <param name="running">Commands under way that take a place in the window.</param>
    public void Share(int running) => shared ??= new(running);

    /// <summary>Takes a request if it is its turn. One that comes later must be kept; where the window is shared, its connection hears when its turn has come.</summary>
    public CommandOrder Take(BasicHeader header, ConnectionInbox taker)
    {
        if (header.Immediate) return CommandOrder.Now;
        if (shared is not SharedOrder order)
        {
            CommandOrder alone = Place(header.CmdSN);
            if (alone == CommandOrder.Now) Advance();
            return alone;
        }
        AwaitTurn(header.CmdSN);
        ConnectionInbox? next = null;
        AbortOperation[] due;
        CommandOrder result;
        lock (order.Gate)
        {
            if (order.IsEnded(header))
            {
                result = TryGiveUp(order, header.CmdSN) ? CommandOrder.Ended : CommandOrder.Ignore;
            }
            else
            {
                result = order.Take(header, Place(header.CmdSN), taker);
                if (result == CommandOrder.Now && !order.HasBarrier) Advance();
            }
            if (result is CommandOrder.Now or CommandOrder.Ended) next = order.NextKeeper(expCmdSN);
            due = TakeDue(order);
        }
        Tell(next, due);
        return result;
    }

    /// <summary>
    /// Ends the commands before a function that have not come yet, on whichever connection: each is over when it comes. False = some have not, and
    /// <see cref="AbortOperation.PartDone"/> is called when the last of them has, if the function waits for them (RFC 7143 4.2.3.3). One that came is for who keeps it.
    /// </summary>
    public bool EndLate(AbortOperation operation)
    {
        if (shared is not SharedOrder order) return true;
        lock (order.Gate)
        {
            if (HaveCome(order, operation.CmdSN)) return true;
            order.Ending.Add(operation);
            return false;
        }
    }

    /// <summary>True when no further function may wait for commands on their way.</summary>
    public bool IsFullOfFunctions
    {
        get
        {
            if (shared is not SharedOrder order) return false;
            lock (order.Gate) return order.Ending.Count >= MaxFunctions;
        }
    }

    /// <summary>What <see cref="Take"/> would say of a request that is not ORDERED, without taking it.</summary>
    public CommandOrder Judge(uint cmdSN, bool immediate)
    {
        if (immediate) return CommandOrder.Now;
        uint exp = ExpCmdSN;
        if (!SerialNumber.IsInWindow(cmdSN, exp, MaxCmdSN)) return CommandOrder.Ignore;
        return cmdSN == exp ? CommandOrder.Now : CommandOrder.Later;
    }

    /// <summary>A command that took a place is over. Does nothing while the window is not shared.</summary>
    public void Ended()
    {
        if (shared is not SharedOrder order) return;
        ConnectionInbox? next;
        AbortOperation[] due;
        lock (order.Gate)
        {
            if (order.EndOne()) Advance();
            (next, due) = (order.NextKeeper(expCmdSN), TakeDue(order));
        }
        Tell(next, due);
    }

    /// <summary>
    /// Counts a CmdSN as received although its command has not come, or is kept and will not be done: ABORT TASK of one that is still on its way (RFC 7143 11.6.1).
    /// </summary>
    public bool TryGiveUp(uint cmdSN)
    {
        if (shared is not SharedOrder order) return GiveUp(cmdSN);
        ConnectionInbox? next;
        AbortOperation[] due;
        bool known;
        lock (order.Gate)
        {
            known = TryGiveUp(order, cmdSN);
            (next, due) = (order.NextKeeper(expCmdSN), TakeDue(order));
        }
        Tell(next, due);
        return known;
    }

    /// <summary>A connection is gone: nothing that it kept will have its turn.</summary>
    public void Forget(ConnectionInbox connection)
    {
        if (shared is not SharedOrder order) return;
        lock (order.Gate) order.Forget(connection);
    }

    /// <summary>
    /// Opens the window as far as the commands in flight allow, and not at all when memory is short. True = it was closed and is open now.
    /// </summary>
    /// <param name="commandsInFlight">Of the one connection; where the window is shared it counts for itself.</param>
    public bool Update(int commandsInFlight, bool isShortOfMemory)
    {
        if (isShortOfMemory) return false;
        if (shared is not SharedOrder order) return Open(commandsInFlight);
        lock (order.Gate) return Open(order.Running);
    }

    /// <summary>
    /// Gives the other connections a moment to take what comes before: mostly it is on its way, and to keep a request costs a copy and two wake-ups.
    /// </summary>
    private void AwaitTurn(uint cmdSN)
    {
        for (int i = 0; i < TurnLooks && Judge(cmdSN, immediate: false) == CommandOrder.Later; i++) Thread.Yield();
    }

    private static void Tell(ConnectionInbox? next, AbortOperation[] due)
    {
        next?.Post(new(MessageKind.TurnCame, null));
        foreach (AbortOperation one in due)
            if (one.AwaitsCommands)
                one.PartDone();
    }

    /// <summary>Functions for which all commands before them have come; nothing is made where there are none.</summary>
    private AbortOperation[] TakeDue(SharedOrder order)
    {
        if (order.Ending.Count == 0) return [];
        AbortOperation[] due = [.. order.Ending.Where(one => HaveCome(order, one.CmdSN))];
        order.Ending.RemoveAll(due.Contains);
        return due;
    }

    /// <summary>True when each request before <paramref name="cmdSN"/> has come, whether its turn has or not.</summary>
    private bool HaveCome(SharedOrder order, uint cmdSN)
    {
        uint next = expCmdSN;
        while (SerialNumber.IsBefore(next, cmdSN) && (given.Contains(next) || order.Has(next, expCmdSN))) next++;
        return !SerialNumber.IsBefore(next, cmdSN);
    }

    private bool TryGiveUp(SharedOrder order, uint cmdSN)
    {
        if ((order.HasBarrier && cmdSN == expCmdSN) || !GiveUp(cmdSN)) return false;
        order.Forget(cmdSN);
        return true;
    }

    private CommandOrder Place(uint cmdSN)
    {
        if (!SerialNumber.IsInWindow(cmdSN, expCmdSN, maxCmdSN)) return CommandOrder.Ignore;
        if (cmdSN == expCmdSN) return CommandOrder.Now;
        return given.Count > 0 && given.Contains(cmdSN) ? CommandOrder.Ignore : CommandOrder.Later;
    }

    private void Advance()
    {
        uint next = expCmdSN;
        do next++;
        while (given.Count > 0 && given.Remove(next));
        Volatile.Write(ref expCmdSN, next);
    }

    private bool GiveUp(uint cmdSN)
    {
        if (!SerialNumber.IsInWindow(cmdSN, expCmdSN, maxCmdSN)) return false;
        if (cmdSN == expCmdSN) Advance();
        else given.Add(cmdSN);
        return true;
    }

    private bool Open(int commandsInFlight)
    {
        bool wasClosed = maxCmdSN == unchecked(expCmdSN - 1);
        uint max = unchecked(expCmdSN + (uint)Math.Max(0, width - commandsInFlight) - 1);
        if (!SerialNumber.IsBefore(maxCmdSN, max)) return false;
        Volatile.Write(ref maxCmdSN, max);
        return wasClosed;
    }
}
