using Lunaria.Iscsi.Scsi;

namespace Lunaria.Iscsi.Sessions;

/// <summary>
/// WRITE commands of one medium whose payload is here, to be written by one call at the end of what has been received. Keeps program
/// order: a read or a write of another kind commits it first. The connection's thread only.
/// </summary>
internal sealed class WriteBatch
{
    /// <summary>Most commands of one batch.</summary>
    public const int MaxCommands = 64;

    /// <summary>Most bytes of one batch: enough to make one record of it, not so much that its first command waits long.</summary>
    public const int MaxBytes = 2 << 20;

    private readonly long[] offsets = new long[MaxCommands];
    private readonly ReadOnlyMemory<byte>[] sources = new ReadOnlyMemory<byte>[MaxCommands];
    private readonly Command[] commands = new Command[MaxCommands];
    private readonly uint[] tags = new uint[MaxCommands];
    private IBlockDevice? medium;
    private long bytes;

    public int Count { get; private set; }

    /// <summary>The commands in the order they came.</summary>
    public ReadOnlySpan<Command> Commands => commands.AsSpan(0, Count);

    /// <summary>True when a write of this task can join without a commit before.</summary>
    public bool CanAdd(ScsiTask task) =>
        Count == 0 || (Count < MaxCommands && ReferenceEquals(medium, task.Medium) && bytes + task.LengthBytes <= MaxBytes);

    public void Add(Command command, ReadOnlyMemory<byte> payload)
    {
        medium = command.Task.Medium;
        offsets[Count] = command.Task.OffsetBytes;
        sources[Count] = payload;
        tags[Count] = command.InitiatorTaskTag;
        commands[Count++] = command;
        bytes += payload.Length;
    }

    /// <summary>True when a write with this task tag is in the batch.</summary>
    public bool Contains(uint initiatorTaskTag) => tags.AsSpan(0, Count).Contains(initiatorTaskTag);

    /// <summary>True when a write in the batch touches the range of <paramref name="task"/>.</summary>
    public bool Overlaps(ScsiTask task)
    {
        if (Count == 0 || !ReferenceEquals(medium, task.Medium)) return false;
        long start = task.OffsetBytes, end = start + task.LengthBytes;
        for (int i = 0; i < Count; i++)
            if (offsets[i] < end && start < offsets[i] + sources[i].Length)
                return true;
        return false;
    }

    /// <summary>Writes all at once; false = none is written.</summary>
    public bool TryWrite() => medium!.TryWriteBatch(offsets.AsSpan(0, Count), sources.AsSpan(0, Count));

    public void Clear()
    {
        Array.Clear(sources, 0, Count);
        Array.Clear(commands, 0, Count);
        Count = 0;
        bytes = 0;
        medium = null;
    }
}
