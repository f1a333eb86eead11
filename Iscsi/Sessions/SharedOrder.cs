using Lunaria.Iscsi.Pdu;
using Lunaria.Iscsi.Scsi;

namespace Lunaria.Iscsi.Sessions;

/// <summary>
/// What the connections of one session share beside the numbers of its <see cref="CommandWindow"/>: how many commands run, which connection
/// keeps the command of a CmdSN whose turn has not come, and the ORDERED command that all others wait for. Such a command is the next one
/// (ExpCmdSN) until it has ended, so those behind it wait as if it had not come. And the functions that end commands which are still on their way.
/// Guarded by <see cref="Gate"/>.
/// </summary>
internal sealed class SharedOrder(int running)
{
    private readonly Dictionary<uint, ConnectionInbox> keepers = [];

    public Lock Gate { get; } = new();

    /// <summary>Functions that end commands which have not come yet.</summary>
    public List<AbortOperation> Ending { get; } = [];

    /// <summary>Commands of all connections under way, immediate ones left out.</summary>
    public int Running { get; private set; } = running;

    /// <summary>True while an ORDERED command runs: then it is the only one.</summary>
    public bool HasBarrier { get; private set; }

    /// <summary>Takes a request, or notes who keeps it until its turn.</summary>
    /// <param name="place">Where it stands by its number alone.</param>
    public CommandOrder Take(BasicHeader header, CommandOrder place, ConnectionInbox taker)
    {
        if (place == CommandOrder.Ignore) return place;
        if (place == CommandOrder.Now && HasBarrier) return CommandOrder.Ignore;
        bool isCommand = header.Opcode == Opcode.ScsiCommand, isOrdered = isCommand && (header.Bytes[1] & 7) == (byte)TaskAttribute.Ordered;
        if (place == CommandOrder.Later || (isOrdered && Running > 0))
            return keepers.TryAdd(header.CmdSN, taker) || keepers[header.CmdSN] == taker ? CommandOrder.Later : CommandOrder.Ignore;
        keepers.Remove(header.CmdSN);
        HasBarrier = isOrdered;
        if (isCommand) Running++;
        return CommandOrder.Now;
    }

    /// <summary>True for a command that one of <see cref="Ending"/> has ended before it came.</summary>
    public bool IsEnded(BasicHeader header)
    {
        foreach (AbortOperation one in Ending)
            if (one.Matches(header))
                return true;
        return false;
    }

    /// <summary>A command has ended; true = it was the ORDERED one, and its number is used up.</summary>
    public bool EndOne()
    {
        if (--Running > 0 || !HasBarrier) return false;
        HasBarrier = false;
        return true;
    }

    /// <summary>Who keeps the next request; null = nobody, or it must still wait.</summary>
    public ConnectionInbox? NextKeeper(uint expCmdSN) => HasBarrier ? null : keepers.GetValueOrDefault(expCmdSN);

    /// <summary>True when a connection keeps the request of that number, or it is the ORDERED command that runs.</summary>
    public bool Has(uint cmdSN, uint expCmdSN) => (HasBarrier && cmdSN == expCmdSN) || keepers.ContainsKey(cmdSN);

    /// <summary>The request of that number will not be done, whoever keeps it.</summary>
    public void Forget(uint cmdSN) => keepers.Remove(cmdSN);

    /// <summary>A connection is gone, and what it kept with it.</summary>
    public void Forget(ConnectionInbox connection)
    {
        foreach ((uint cmdSN, ConnectionInbox keeper) in keepers)
            if (keeper == connection)
                keepers.Remove(cmdSN);
    }
}
