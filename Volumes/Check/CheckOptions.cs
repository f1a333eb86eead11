namespace Lunaria.Volumes.Check;

/// <summary>How far a check goes.</summary>
public sealed record CheckOptions
{
    /// <summary>Every block of every segment is read and its checksum compared; else headers only.</summary>
    public bool ReadBlocks { get; init; }

    /// <summary>What can be put right from what is whole is put right. Offline only.</summary>
    public bool Repair { get; init; }

    /// <summary>Most bytes read from the store a second; 0 = as fast as it can.</summary>
    public long BytesPerSecond { get; init; }

    /// <summary>Told how many segments of how many are done, now and then.</summary>
    public Action<long, long>? Progress { get; init; }
}
