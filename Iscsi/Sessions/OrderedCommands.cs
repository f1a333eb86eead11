using System.Diagnostics.CodeAnalysis;
using Lunaria.Iscsi.Pdu;
using Lunaria.Iscsi.Scsi;

namespace Lunaria.Iscsi.Sessions;

/// <summary>
/// The ORDERED task attribute (SAM-5 8.6): an ordered command starts when all earlier ones of the connection have ended, and later ones
/// start when it has. Stricter than the standard, which asks it per logical unit only. The connection's thread only.
/// </summary>
internal sealed class OrderedCommands
{
    private readonly LinkedList<Command> blocked = new();
    private Command? running;

    /// <summary>True when no ORDERED command runs or waits.</summary>
    public bool IsIdle => running is null && blocked.Count == 0;

    /// <summary>True when the command may start now.</summary>
    public bool MayPass(Command command, CommandTable commands)
    {
        if (command.Task.Attribute == TaskAttribute.HeadOfQueue) return true;
        if (running is not null || blocked.Count > 0) return false;
        return command.Task.Attribute != TaskAttribute.Ordered || !HasEarlier(command, commands);
    }

    public void Block(Command command) => blocked.AddLast(command);

    /// <summary>The command is being executed.</summary>
    public void Started(Command command)
    {
        if (command.Task.Attribute == TaskAttribute.Ordered) running = command;
    }

    public void Ended(Command command)
    {
        if (ReferenceEquals(running, command)) running = null;
    }

    /// <summary>An aborted command waits no more.</summary>
    public void Forget(Command command) => blocked.Remove(command);

    /// <summary>The next blocked command that may start; it is no longer blocked.</summary>
    public bool TryUnblock(CommandTable commands, [NotNullWhen(true)] out Command? next)
    {
        next = null;
        if (blocked.First is not LinkedListNode<Command> first || running is not null) return false;
        if (first.Value.Task.Attribute == TaskAttribute.Ordered && HasEarlier(first.Value, commands)) return false;
        blocked.RemoveFirst();
        next = first.Value;
        return true;
    }

    private static bool HasEarlier(Command command, CommandTable commands)
    {
        foreach (Command other in commands.All)
            if (!ReferenceEquals(other, command) && SerialNumber.IsBefore(other.CmdSN, command.CmdSN))
                return true;
        return false;
    }
}
