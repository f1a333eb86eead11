namespace Lunaria.Iscsi.Scsi.Units;

/// <summary>
/// Commands and blocks of one I_T_L nexus, for the log page of general statistics. Plain fields: the connection's thread counts, and a
/// session of several connections may lose a step, which a statistic can bear.
/// </summary>
internal sealed class TransferCounts
{
    /// <summary>READ commands.</summary>
    public long Reads { get; private set; }

    /// <summary>WRITE commands.</summary>
    public long Writes { get; private set; }

    /// <summary>Logical blocks sent to hosts.</summary>
    public long BlocksRead { get; private set; }

    /// <summary>Logical blocks received from hosts.</summary>
    public long BlocksWritten { get; private set; }

    /// <summary>A READ was accepted.</summary>
    public void Read(long blocks)
    {
        Reads++;
        BlocksRead += blocks;
    }

    /// <summary>A WRITE was accepted.</summary>
    public void Write(long blocks)
    {
        Writes++;
        BlocksWritten += blocks;
    }

    /// <summary>Adds those of another nexus.</summary>
    public void Add(TransferCounts other)
    {
        Reads += other.Reads;
        Writes += other.Writes;
        BlocksRead += other.BlocksRead;
        BlocksWritten += other.BlocksWritten;
    }
}
