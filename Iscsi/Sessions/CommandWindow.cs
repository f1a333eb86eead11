using Lunaria.Iscsi.Pdu;

namespace Lunaria.Iscsi.Sessions;

/// <summary>Where a command stands in the CmdSN order of its session (RFC 7143 4.2.2.1).</summary>
internal enum CommandOrder
{
    /// <summary>It is the next one, or immediate.</summary>
    Now,
    /// <summary>Inside the window, but others before it are missing.</summary>
    Later,
    /// <summary>Outside the window: ignored.</summary>
    Ignore,
}

/// <summary>ExpCmdSN and MaxCmdSN of a session. Owned by the thread of its connection.</summary>
internal sealed class CommandWindow(uint firstCmdSN, int width)
{
    private readonly HashSet<uint> given = [];

    public uint ExpCmdSN { get; private set; } = firstCmdSN;

    /// <summary>Never moves back (RFC 7143 4.2.2.1).</summary>
    public uint MaxCmdSN { get; private set; } = unchecked(firstCmdSN + (uint)width - 1);

    public CommandOrder Judge(uint cmdSN, bool immediate)
    {
        if (immediate) return CommandOrder.Now;
        if (!SerialNumber.IsInWindow(cmdSN, ExpCmdSN, MaxCmdSN)) return CommandOrder.Ignore;
        if (cmdSN == ExpCmdSN) return CommandOrder.Now;
        return given.Contains(cmdSN) ? CommandOrder.Ignore : CommandOrder.Later;
    }

    /// <summary>The command ExpCmdSN has been taken.</summary>
    public void Advance()
    {
        do ExpCmdSN++;
        while (given.Count > 0 && given.Remove(ExpCmdSN));
    }

    /// <summary>
    /// Counts a CmdSN as received although its command has not come: ABORT TASK of a command that is still on its way (RFC 7143 11.6.1).
    /// </summary>
    public bool TryGiveUp(uint cmdSN)
    {
        if (!SerialNumber.IsInWindow(cmdSN, ExpCmdSN, MaxCmdSN)) return false;
        if (cmdSN == ExpCmdSN) Advance();
        else given.Add(cmdSN);
        return true;
    }

    /// <summary>True when the initiator, as far as it knows, may send nothing more.</summary>
    public bool IsClosed => MaxCmdSN == unchecked(ExpCmdSN - 1);

    /// <summary>Opens the window as far as <paramref name="commandsInFlight"/> allows, and not at all when memory is short.</summary>
    public void Update(int commandsInFlight, bool isShortOfMemory)
    {
        if (isShortOfMemory) return;
        uint max = unchecked(ExpCmdSN + (uint)Math.Max(0, width - commandsInFlight) - 1);
        if (SerialNumber.IsBefore(MaxCmdSN, max)) MaxCmdSN = max;
    }
}
