using System.Diagnostics.CodeAnalysis;
using Lunaria.Iscsi.Scsi;
using Lunaria.Iscsi.Sessions.Recovery;
using Lunaria.Iscsi.Transport;

namespace Lunaria.Iscsi.Sessions;

/// <summary>
/// The commands in flight of one connection by initiator task tag, the pool of command objects, and the memory they hold. The
/// connection's thread only.
/// </summary>
internal sealed class CommandTable(ConnectionInbox inbox, BufferPool pool, int maxBufferBytes)
{
    /// <summary>Commands of a connection with less than this find memory also when others have used up theirs.</summary>
    private const int ModestBytes = 1 << 20;

    private readonly Dictionary<uint, Command> inFlight = new(256);
    private readonly Stack<Command> free = new();
    private readonly LinkedList<Command> waitingForMemory = new();
    private long rentedBytes;

    /// <summary>Commands that wait for something.</summary>
    public int Count => inFlight.Count;

    /// <summary>Of these, the ones that take a place in the command window.</summary>
    public int OrderedCount { get; private set; }

    /// <summary>Counts the commands that take a place in the window, and from now on their ends, too: the window is about to be shared.</summary>
    public int CountInWindow()
    {
        foreach (Command command in inFlight.Values) command.IsCounted = !command.Immediate;
        return OrderedCount;
    }

    /// <summary><see cref="OrderedCount"/> once <paramref name="command"/>, which may or may not be in flight here, is over.</summary>
    public int CountWithout(Command command) => OrderedCount - (command.IsEntered && !command.Immediate ? 1 : 0);

    public Dictionary<uint, Command>.ValueCollection All => inFlight.Values;

    public bool TryFind(uint initiatorTaskTag, [NotNullWhen(true)] out Command? command) => inFlight.TryGetValue(initiatorTaskTag, out command);

    public Command Rent() => free.TryPop(out Command? command) ? command : new(inbox);

    /// <summary>From now on the command waits and can be found. Does nothing when it is there already.</summary>
    public void Enter(Command command)
    {
        if (command.IsEntered) return;
        inFlight.Add(command.InitiatorTaskTag, command);
        command.IsEntered = true;
        if (!command.Immediate) OrderedCount++;
    }

    /// <summary>
    /// Gives the command a buffer of its own. False = the pool or this connection's share is used up; the inbox hears when that changes.
    /// </summary>
    public bool TryRentBuffer(Command command, int lengthBytes)
    {
        do
        {
            // A share too small for a single command would never grant it: one is always allowed.
            if (rentedBytes > 0 && rentedBytes + lengthBytes > maxBufferBytes) continue;
            command.Buffer = pool.TryRent(lengthBytes, inbox, greedy: rentedBytes >= ModestBytes);
            if (command.Buffer is null) continue;
            rentedBytes += command.Buffer.Array.Length;
            return true;
        }
        while (GiveUpAnswered());
        return false;
    }

    /// <summary>What has been answered and may be asked for again; null at ErrorRecoveryLevel 0.</summary>
    public StatusLog? Log { get; init; }

    /// <summary>The command has been answered: it can no longer be found, but stays until its status is acknowledged.</summary>
    public void Answered(Command command)
    {
        Leave(command);
        ReleasePayload(command);
        if (command.Task.Direction != DataDirection.In || command.Task.Status != ScsiStatus.Good) ReleaseBuffer(command);
        command.State = CommandState.Answered;
    }

    /// <summary>The command has its result, but no connection to send it by: it stays, and can be found.</summary>
    public void Finished(Command command)
    {
        ReleasePayload(command);
        if (command.Task.Direction != DataDirection.In || command.Task.Status != ScsiStatus.Good) ReleaseBuffer(command);
        command.State = CommandState.Answered;
        Enter(command);
    }

    /// <summary>Gives the command away with all it has.</summary>
    public void Detach(Command command)
    {
        Leave(command);
        if (command.Buffer is PooledBuffer buffer) rentedBytes -= buffer.Array.Length;
    }

    /// <summary>Takes over a command of another connection.</summary>
    public void Adopt(Command command)
    {
        command.MoveTo(inbox);
        if (command.Buffer is PooledBuffer buffer) rentedBytes += buffer.Array.Length;
    }

    /// <summary>True while commands wait for memory: then no further ones are invited.</summary>
    public bool IsShortOfMemory => waitingForMemory.Count > 0;

    /// <summary>
    /// Gives the command the buffer it wants; without memory it waits, behind those of its priority and before those of less, and <see cref="TryResume"/> brings it back.
    /// </summary>
    public bool TryReserve(Command command)
    {
        if (waitingForMemory.Count == 0 && TryRentBuffer(command, command.ReservedBytes)) return true;
        command.State = CommandState.WaitingForMemory;
        Enter(command);
        LinkedListNode<Command>? before = waitingForMemory.Last;
        while (before is not null && before.Value.Task.Priority > command.Task.Priority) before = before.Previous;
        if (before is null) waitingForMemory.AddFirst(command);
        else waitingForMemory.AddAfter(before, command);
        return false;
    }

    /// <summary>The next command that waited and now has its buffer.</summary>
    public bool TryResume([NotNullWhen(true)] out Command? command)
    {
        command = waitingForMemory.First?.Value;
        if (command is null || !TryRentBuffer(command, command.ReservedBytes)) return false;
        waitingForMemory.RemoveFirst();
        command.State = CommandState.None;
        return true;
    }

    /// <summary>Moves a payload out of the receive buffer, for a command that will wait long; false = there is no memory for it.</summary>
    public bool TryMovePayload(Command command)
    {
        Memory<byte> payload = command.Task.DataOut;
        if (payload.Length > 0)
        {
            if (!TryRentBuffer(command, payload.Length)) return false;
            payload.CopyTo(command.Buffer!.Array);
            command.Task.DataOut = command.Buffer.Array.AsMemory(0, payload.Length);
        }
        ReleasePayload(command);
        return true;
    }

    /// <summary>The command is over: its buffers go back, whoever waits for its end hears of it, and it is pooled.</summary>
    public void Release(Command command)
    {
        command.Heir?.Answer(hasTask: false);
        if (command.State == CommandState.WaitingForMemory) waitingForMemory.Remove(command);
        Leave(command);
        ReleaseBuffer(command);
        ReleasePayload(command);
        if (command.Aborts is { Count: > 0 } aborts)
            foreach (AbortPart part in aborts)
                part.Remove();
        command.Reset();
        free.Push(command);
    }

    private void Leave(Command command)
    {
        if (!command.IsEntered) return;
        inFlight.Remove(command.InitiatorTaskTag);
        command.IsEntered = false;
        if (!command.Immediate) OrderedCount--;
    }

    /// <summary>Memory is short: the oldest answer is not kept any longer. False = there is none.</summary>
    private bool GiveUpAnswered()
    {
        if (Log is null || !Log.TryGiveUp(out Command? command)) return false;
        Release(command!);
        return true;
    }

    private void ReleaseBuffer(Command command)
    {
        if (command.Buffer is not PooledBuffer buffer) return;
        rentedBytes -= buffer.Array.Length;
        command.Buffer = null;
        pool.Return(buffer);
    }

    private void ReleasePayload(Command command)
    {
        if (command.Payload is not ReceiveBuffer payload) return;
        command.Payload = null;
        payload.Release(pool);
    }
}
