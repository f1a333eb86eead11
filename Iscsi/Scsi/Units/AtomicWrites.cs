namespace Lunaria.Iscsi.Scsi.Units;

/// <summary>
/// Keeps reads of a logical unit apart from its WRITE ATOMIC commands, so that no read shows a part of one (SBC-4 4.29). Costs a read one look
/// at a flag until the first WRITE ATOMIC of the unit; from then on reads of more than one physical block enter here. Any thread.
/// </summary>
internal sealed class AtomicWrites
{
    private readonly UnitGate gate = new();
    private volatile bool used;

    /// <summary>True since the first WRITE ATOMIC: a read that <see cref="CanTear"/> and that began before has to be done again.</summary>
    public bool Used => used;

    /// <summary>True where a read of the range could show a part of a write: it touches more than one physical block.</summary>
    public static bool CanTear(ScsiTask task)
    {
        int physicalBytes = task.Unit!.Medium.Geometry.PhysicalBlockBytes;
        return task.LengthBytes > 0 && task.OffsetBytes / physicalBytes != (task.OffsetBytes + task.LengthBytes - 1) / physicalBytes;
    }

    /// <summary>A WRITE ATOMIC begins: completes when no read is under way that entered.</summary>
    public ValueTask EnterWriteAsync()
    {
        used = true;
        // Reads in place look at the flag after they have read: either they see it, or this write comes after them.
        Interlocked.MemoryBarrier();
        return gate.EnterExclusiveAsync();
    }

    /// <summary>The WRITE ATOMIC is done.</summary>
    public void ExitWrite() => gate.ExitExclusive();

    /// <summary>A read begins: completes when no WRITE ATOMIC is under way.</summary>
    public ValueTask EnterReadAsync() => gate.EnterSharedAsync();

    /// <summary>The read is done.</summary>
    public void ExitRead() => gate.ExitShared();
}
