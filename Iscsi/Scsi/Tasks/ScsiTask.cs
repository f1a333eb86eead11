using Lunaria.Iscsi.Scsi.Commands;
using Lunaria.Iscsi.Scsi.Sense;
using Lunaria.Iscsi.Scsi.Units;

namespace Lunaria.Iscsi.Scsi;

/// <summary>
/// One SCSI command in flight. Pooled by its connection and filled again for every command; touched only by the thread that
/// runs it at the time.
/// </summary>
internal sealed class ScsiTask
{
    /// <summary>Longest parameter data of a command: a greater allocation length means no more.</summary>
    private const int MaxParameterBytes = 1 << 20;

    private Cdb cdb;
    private bool aborted;

    // Set by the connection before Prepare.

    /// <summary>The I_T nexus the command came through.</summary>
    public ItNexus Nexus { get; set; } = null!;

    /// <summary>The 8 bytes of the LUN field, big-endian (SAM-5 4.7).</summary>
    public ulong LunField { get; set; }

    /// <summary>Initiator task tag, for logs and task management.</summary>
    public uint InitiatorTaskTag { get; set; }

    /// <summary>Task attribute of the command PDU.</summary>
    public TaskAttribute Attribute { get; set; }

    /// <summary>Command priority (SAM-5 8.7): 1 is the most urgent, 15 the least.</summary>
    public byte Priority { get; set; }

    /// <summary>The R bit: the host expects data.</summary>
    public bool ReadFlag { get; set; }

    /// <summary>The W bit: the host has data to send.</summary>
    public bool WriteFlag { get; set; }

    /// <summary>Expected Data Transfer Length of the PDU, bytes.</summary>
    public uint ExpectedDataTransferLength { get; set; }

    /// <summary>The command descriptor block.</summary>
    public ref Cdb Cdb => ref cdb;

    // Set by Prepare.

    /// <summary>Direction of the payload as the CDB has it.</summary>
    public DataDirection Direction { get; set; }

    /// <summary>Bytes the command wants from the host. The connection takes min(EDTL, this); the rest is residual.</summary>
    public int DataOutLengthBytes { get; set; }

    /// <summary>Upper bound of what the command produces. The connection provides <see cref="DataIn"/> of min(EDTL, this).</summary>
    public int DataInLengthMaxBytes { get; set; }

    /// <summary>The short cut the connection may take: a READ or WRITE without FUA whose checks have all passed.</summary>
    public BlockAccess Access { get; set; }

    /// <summary>The medium of <see cref="Access"/>.</summary>
    public IBlockDevice? Medium { get; set; }

    /// <summary>
    /// True where the unit's first WRITE ATOMIC came while a READ took its short cut: what was read may show a part of it, and the host has to ask again.
    /// </summary>
    public bool MissedAtomicWrite => Access == BlockAccess.Read && Unit!.AtomicWrites.Used && AtomicWrites.CanTear(this);

    /// <summary>First byte of the range on the medium.</summary>
    public long OffsetBytes { get; set; }

    /// <summary>Length of the range on the medium.</summary>
    public int LengthBytes { get; set; }

    // Set by the connection before ExecuteAsync.

    /// <summary>The payload that arrived: at most <see cref="DataOutLengthBytes"/>, less where EDTL is less.</summary>
    public Memory<byte> DataOut { get; set; }

    /// <summary>Room for the answer: at most <see cref="DataInLengthMaxBytes"/>, less where EDTL is less.</summary>
    public Memory<byte> DataIn { get; set; }

    // The result.

    /// <summary>The status to send.</summary>
    public ScsiStatus Status { get; set; }

    /// <summary>Why, where <see cref="Status"/> is CHECK CONDITION.</summary>
    public SenseData Sense { get; set; }

    /// <summary>True where the logical unit reports sense in descriptor format (SPC-4 7.5.6, D_SENSE).</summary>
    public bool DescriptorSense { get; set; }

    /// <summary>
    /// Bytes the command has for the host. May exceed the length of <see cref="DataIn"/>: then that much is filled and the rest
    /// is residual overflow.
    /// </summary>
    public int DataInLengthBytes { get; set; }

    /// <summary>Set by any thread that wants the task to end: long executions look at it between their pieces.</summary>
    public bool Aborted
    {
        get => Volatile.Read(ref aborted);
        set => Volatile.Write(ref aborted, value);
    }

    // Inside the device server.

    /// <summary>The device server that prepared the task.</summary>
    internal DeviceServer Server { get; set; } = null!;

    /// <summary>The logical unit addressed; null while unknown or absent.</summary>
    internal LogicalUnit? Unit { get; set; }

    /// <summary>The I_T_L nexus; null where the LUN is absent.</summary>
    internal ItlNexus? Itl { get; set; }

    /// <summary>The row of the command table; null before it is found.</summary>
    internal CommandDescriptor? Command { get; set; }

    /// <summary>First logical block of a command with a block range.</summary>
    internal long Lba { get; set; }

    /// <summary>Number of logical blocks of a command with a block range.</summary>
    internal long Blocks { get; set; }

    /// <summary>Where the connection records how long the command took; null where nobody wants to know.</summary>
    internal LatencyHistogram? Latency { get; set; }

    /// <summary>Puts the sense data as the logical unit formats it; returns its length, 0 without CHECK CONDITION.</summary>
    public int WriteSense(Span<byte> destination) =>
        Status == ScsiStatus.CheckCondition ? Sense.Write(destination, DescriptorSense) : 0;

    /// <summary>Ends the task with CHECK CONDITION. Always false, so that a check can return it.</summary>
    internal bool Fail(SenseData sense)
    {
        Status = ScsiStatus.CheckCondition;
        Sense = sense;
        DataInLengthBytes = 0;
        return false;
    }

    /// <summary>Ends the task with a status that has no sense data. Always false.</summary>
    internal bool Fail(ScsiStatus status)
    {
        Status = status;
        DataInLengthBytes = 0;
        return false;
    }

    /// <summary>Takes an ALLOCATION LENGTH (SPC-4 4.2.5.6). Always true.</summary>
    internal bool Allocate(uint allocationLengthBytes)
    {
        DataInLengthMaxBytes = (int)Math.Min(allocationLengthBytes, MaxParameterBytes);
        return true;
    }

    /// <summary>Takes a PARAMETER LIST LENGTH; more than <paramref name="maxBytes"/> is refused at byte <paramref name="index"/> of the CDB.</summary>
    internal bool Expect(uint parameterListLengthBytes, int maxBytes, int index)
    {
        if (parameterListLengthBytes > (uint)maxBytes) return Fail(SenseCodes.InvalidFieldInCdb.AtCdb(index));
        DataOutLengthBytes = (int)parameterListLengthBytes;
        return true;
    }

    /// <summary>Answers with parameter data, as much as the allocation length asks for.</summary>
    internal void Reply(ReadOnlySpan<byte> data)
    {
        DataInLengthBytes = Math.Min(data.Length, DataInLengthMaxBytes);
        data[..Math.Min(DataInLengthBytes, DataIn.Length)].CopyTo(DataIn.Span);
    }

    /// <summary>Forgets what <see cref="DeviceServer.Prepare"/> and the execution left; the connection's own fields stay.</summary>
    internal void Begin()
    {
        Direction = DataDirection.None;
        DataOutLengthBytes = DataInLengthMaxBytes = DataInLengthBytes = 0;
        Access = BlockAccess.None;
        Medium = null;
        OffsetBytes = 0;
        LengthBytes = 0;
        Status = ScsiStatus.Good;
        Sense = default;
        DescriptorSense = false;
        aborted = false;
        Unit = null;
        Itl = null;
        Command = null;
        Latency = null;
        Lba = Blocks = 0;
    }
}
