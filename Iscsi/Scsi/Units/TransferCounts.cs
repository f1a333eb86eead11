namespace Lunaria.Iscsi.Scsi.Units;

/// <summary>
/// Commands, blocks and times of one I_T_L nexus, for the log page of general statistics and for administrators. Plain fields: the connection's thread counts, and a
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

    /// <summary>How long READs took; null before the first one.</summary>
    public LatencyHistogram? ReadLatency { get; private set; }

    /// <summary>How long WRITEs took; null before the first one.</summary>
    public LatencyHistogram? WriteLatency { get; private set; }

    /// <summary>A READ was accepted; answers where its time is to be recorded.</summary>
    public LatencyHistogram Read(long blocks)
    {
        Reads++;
        BlocksRead += blocks;
        return ReadLatency ??= new LatencyHistogram();
    }

    /// <summary>A WRITE was accepted; answers where its time is to be recorded.</summary>
    public LatencyHistogram Write(long blocks)
    {
        Writes++;
        BlocksWritten += blocks;
        return WriteLatency ??= new LatencyHistogram();
    }

    /// <summary>Adds those of another nexus.</summary>
    public void Add(TransferCounts other)
    {
        Reads += other.Reads;
        Writes += other.Writes;
        BlocksRead += other.BlocksRead;
        BlocksWritten += other.BlocksWritten;
        if (other.ReadLatency is { } reads) (ReadLatency ??= new LatencyHistogram()).Add(reads);
        if (other.WriteLatency is { } writes) (WriteLatency ??= new LatencyHistogram()).Add(writes);
    }
}
