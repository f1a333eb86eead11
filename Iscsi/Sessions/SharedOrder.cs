using Lunaria.Iscsi.Pdu;
using Lunaria.Iscsi.Scsi;

namespace Lunaria.Iscsi.Sessions;

/// <summary>
/// What the connections of one session share beside the numbers of its <see cref="CommandWindow"/>: how many commands run, which connection
/// keeps the command of a CmdSN whose turn has not come, and the ORDERED command that all others wait for. Such a command is the next one
/// (ExpCmdSN) until it has ended, so those behind it wait as if it had not come. Guarded by <see cref="Gate"/>.
/// </summary>
internal sealed class SharedOrder(int running)
{
    private readonly Dictionary<uint, ConnectionInbox> keepers = [];
    private readonly List<(uint CmdSN, ConnectionInbox Connection)> awaiting = [];

    public Lock Gate { get; } = new();

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

    /// <summary>A command has ended; true = it was the ORDERED one, and its number is used up.</summary>
    public bool EndOne()
    {
        if (--Running > 0 || !HasBarrier) return false;
        HasBarrier = false;
        return true;
    }

    /// <summary>Who keeps the next request; null = nobody, or it must still wait.</summary>
    public ConnectionInbox? NextKeeper(uint expCmdSN) => HasBarrier ? null : keepers.GetValueOrDefault(expCmdSN);

    /// <summary>The connection is to hear when all before <paramref name="cmdSN"/> have been taken.</summary>
    public void Await(uint cmdSN, ConnectionInbox connection)
    {
        if (!awaiting.Contains((cmdSN, connection))) awaiting.Add((cmdSN, connection));
    }

    /// <summary>Those of <see cref="Await"/> who need wait no longer, as where an ORDERED command holds up the rest; nothing is made where there are none.</summary>
    public IReadOnlyList<ConnectionInbox> TakeDue(uint expCmdSN)
    {
        if (awaiting.Count == 0) return [];
        (uint CmdSN, ConnectionInbox Connection)[] due = [.. awaiting.Where(one => HasBarrier || !SerialNumber.IsBefore(expCmdSN, one.CmdSN))];
        foreach ((uint, ConnectionInbox) one in due) awaiting.Remove(one);
        return [.. due.Select(one => one.Connection)];
    }

    /// <summary>A connection is gone, and what it kept with it.</summary>
    public void Forget(ConnectionInbox connection)
    {
        awaiting.RemoveAll(one => one.Connection == connection);
        foreach ((uint cmdSN, ConnectionInbox keeper) in keepers)
            if (keeper == connection)
                keepers.Remove(cmdSN);
    }
}
