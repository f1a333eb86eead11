using Lunaria.Iscsi.Scsi.Reservations;
using Lunaria.Iscsi.Scsi.Sense;
using Lunaria.Iscsi.Scsi.ThirdPartyCopy;

namespace Lunaria.Iscsi.Scsi.Units;

/// <summary>
/// What a logical unit keeps for one I_T nexus (SAM-5 I_T_L nexus): above all the queue of its unit attention conditions. Any thread.
/// </summary>
internal sealed class ItlNexus(ItNexus nexus, LogicalUnit unit, ulong lunField)
{
    private readonly Lock sync = new();
    private readonly List<SenseData> attentions = [];
    private volatile bool pending;

    /// <summary>The I_T nexus.</summary>
    public ItNexus Nexus { get; } = nexus;

    /// <summary>The logical unit.</summary>
    public LogicalUnit Unit { get; } = unit;

    /// <summary>The LUN field by which the nexus addresses the unit.</summary>
    public ulong LunField { get; } = lunField;

    /// <summary>How the nexus stands to the persistent reservations; made anew when they have changed.</summary>
    public NexusStanding? Standing { get; set; }

    /// <summary>Copy operations that can be asked for.</summary>
    public CopyOperations Copies { get; } = new();

    /// <summary>What WRITE BUFFER has left for READ BUFFER; null before the first.</summary>
    public byte[]? EchoBuffer { get; set; }

    /// <summary>What the nexus has read and written.</summary>
    public TransferCounts Transfers { get; } = new();

    /// <summary>True while a unit attention condition waits to be reported.</summary>
    public bool HasUnitAttention => pending;

    /// <summary>
    /// Establishes a unit attention condition. One that is pending already is not queued twice. Those of a power on or reset (29h) go
    /// before all others, the graver ones first (SAM-5 table 55, by their qualifier); the others keep their order.
    /// </summary>
    public void Establish(SenseData attention)
    {
        lock (sync)
        {
            if (attentions.Contains(attention)) return;
            int index = attentions.FindIndex(other => Rank(attention) < Rank(other));
            attentions.Insert(index < 0 ? attentions.Count : index, attention);
            pending = true;
        }
    }

    /// <summary>Takes the condition to report next; null where none is pending.</summary>
    public SenseData? TakeUnitAttention()
    {
        lock (sync)
        {
            if (attentions.Count == 0) return null;
            SenseData first = attentions[0];
            attentions.RemoveAt(0);
            pending = attentions.Count > 0;
            return first;
        }
    }

    /// <summary>The condition to report next, and how many are pending; null where none is. Takes nothing.</summary>
    public (SenseData First, int Count)? PeekUnitAttention()
    {
        lock (sync) return attentions.Count == 0 ? null : (attentions[0], attentions.Count);
    }

    /// <summary>Drops a condition that an answer has made known by itself (REPORT LUNS, SPC-4 6.33).</summary>
    public void Clear(SenseData attention)
    {
        lock (sync)
        {
            attentions.Remove(attention);
            pending = attentions.Count > 0;
        }
    }

    private static int Rank(SenseData attention) => attention.Code == 0x29 ? attention.Qualifier : int.MaxValue;
}
