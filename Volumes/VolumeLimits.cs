namespace Lunaria.Volumes;

/// <summary>
/// What a volume may do at most, and what it gets under noisy neighbours; null = no such limit. Reads, writes and unmaps count alike. Immutable; changed with
/// <see cref="VolumeManager.SetLimitsAsync"/>.
/// </summary>
public sealed record VolumeLimits
{
    /// <summary>Smallest limit of operations a second: below it hosts would give up before they are answered.</summary>
    public const long MinOperationsPerSecond = 10;

    /// <summary>Smallest limit of bytes a second.</summary>
    public const long MinBytesPerSecond = 1 << 20;

    /// <summary>Smallest limit of bytes in the log.</summary>
    public const long MinDirtyBytes = 16 << 20;

    /// <summary>Nothing is limited.</summary>
    public static VolumeLimits None { get; } = new();

    /// <summary>Operations a second.</summary>
    public long? OperationsPerSecond { get; init; }

    /// <summary>Operations that may come at once after a pause; as many as in a second where null.</summary>
    public long? BurstOperations { get; init; }

    /// <summary>Bytes a second.</summary>
    public long? BytesPerSecond { get; init; }

    /// <summary>Bytes that may come at once after a pause; as many as in a second where null.</summary>
    public long? BurstBytes { get; init; }

    /// <summary>Writes a second that are not slowed by the back-pressure of a log that others fill.</summary>
    public long? FloorOperationsPerSecond { get; init; }

    /// <summary>Bytes that the write log may hold of it and the store not have yet: what is lost of it at most where the log's device is.</summary>
    public long? DirtyBytes { get; init; }

    /// <summary>What is wrong with them, with a remedy; null where nothing is.</summary>
    public string? FindFault()
    {
        if (OperationsPerSecond < MinOperationsPerSecond)
            return $"{OperationsPerSecond} operations a second are fewer than hosts bear. Limit to {MinOperationsPerSecond} or more.";
        if (BytesPerSecond < MinBytesPerSecond)
            return $"{BytesPerSecond} bytes a second are fewer than hosts bear. Limit to {MinBytesPerSecond} (1 MiB) or more.";
        if (BurstOperations < 1 || BurstBytes < 4096)
            return "A burst has at least one operation and 4096 bytes.";
        if ((BurstOperations is not null && OperationsPerSecond is null) || (BurstBytes is not null && BytesPerSecond is null))
            return "A burst goes beyond a limit, and there is none. Set the limit, too.";
        if (DirtyBytes < MinDirtyBytes)
            return $"{DirtyBytes} bytes in the log are less than one command may write. Limit to {MinDirtyBytes} (16 MiB) or more.";
        if (FloorOperationsPerSecond < 1)
            return "A floor has at least one operation a second.";
        if (FloorOperationsPerSecond > OperationsPerSecond)
            return $"The floor of {FloorOperationsPerSecond} operations a second lies above the limit of {OperationsPerSecond}.";
        return null;
    }
}
