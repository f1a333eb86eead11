namespace Lunaria.Volumes.Log;

/// <summary>
/// Size of the write log. <see cref="SizeBytes"/> is rounded down to whole files. A changed size takes effect at the next open that finds the log
/// empty; until then the old one stays.
/// </summary>
public sealed record WriteLogOptions
{
    /// <summary>The smallest log offered to users.</summary>
    public const long MinSizeBytes = 64L << 20;

    /// <summary>The smallest and the largest file of a log offered to users.</summary>
    public const long MinFileBytes = 16L << 20, MaxFileBytes = 256L << 20;

    /// <summary>Bytes of all files together.</summary>
    public long SizeBytes { get; init; } = 4L << 30;

    /// <summary>Bytes of one file; a multiple of 4096.</summary>
    public long FileBytes { get; init; } = 64L << 20;
}
