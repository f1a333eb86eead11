using Lunaria.Iscsi.Scsi.Sense;

namespace Lunaria.Iscsi.Scsi.ThirdPartyCopy;

/// <summary>What is known of a copy operation at one moment. Of one that is not <see cref="Completed"/> no outcome is.</summary>
internal readonly record struct CopyProgress(
    byte ServiceAction, bool Completed, ScsiStatus Status, SenseData Sense, byte[]? Token, bool HasResidual, long BytesCopied, int SegmentsProcessed);

/// <summary>
/// One copy operation: what it has done so far, and how it ended. Made by its command, kept by the I_T_L nexus for the commands that ask for
/// it, changed by the thread that copies. Any thread.
/// </summary>
internal sealed class CopyOperation(byte serviceAction, uint listId)
{
    private volatile bool completed;
    private volatile bool aborted;
    private long bytesCopied;
    private int segmentsProcessed;

    /// <summary>SERVICE ACTION of the command that began it.</summary>
    public byte ServiceAction { get; } = serviceAction;

    /// <summary>LIST IDENTIFIER.</summary>
    public uint ListId { get; } = listId;

    /// <summary>True when it is over; what follows does not change any more.</summary>
    public bool Completed => completed;

    /// <summary>How it ended, or would have ended for a command that does not wait for it.</summary>
    public ScsiStatus Status { get; private set; }

    /// <summary>Why, where <see cref="Status"/> is CHECK CONDITION.</summary>
    public SenseData Sense { get; private set; }

    /// <summary>The ROD token it made; null where it makes none.</summary>
    public byte[]? Token { get; private set; }

    /// <summary>True where less was copied than asked for because the ROD had no more.</summary>
    public bool HasResidual { get; set; }

    /// <summary>Bytes copied, or represented by the token, so far.</summary>
    public long BytesCopied => Interlocked.Read(ref bytesCopied);

    /// <summary>Segment descriptors done so far.</summary>
    public int SegmentsProcessed => Volatile.Read(ref segmentsProcessed);

    /// <summary>All of it as of now: what is told to a host must not be half of before its end and half of after.</summary>
    public CopyProgress Progress => completed
        ? new(ServiceAction, true, Status, Sense, Token, HasResidual, BytesCopied, SegmentsProcessed)
        : new(ServiceAction, false, ScsiStatus.Good, default, null, false, BytesCopied, SegmentsProcessed);

    /// <summary>True where it is to end before it is done.</summary>
    public bool Aborted => aborted;

    /// <summary>Wants it to end; it does between two pieces.</summary>
    public void Abort() => aborted = true;

    /// <summary>Counts bytes that have arrived.</summary>
    public void AddBytes(long bytes) => Interlocked.Add(ref bytesCopied, bytes);

    /// <summary>Counts a segment.</summary>
    public void AddSegment() => Interlocked.Increment(ref segmentsProcessed);

    /// <summary>It is over.</summary>
    public void Complete(ScsiStatus status, SenseData sense, byte[]? token = null)
    {
        Status = status;
        Sense = sense;
        Token = token;
        completed = true;
    }
}
