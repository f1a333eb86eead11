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

    /// <summary>
    /// True: a log that is damaged below what was flushed is opened all the same, and what it holds behind the damage is given up. For an operator who
    /// cannot restore the files.
    /// </summary>
    public bool DiscardDamagedTail { get; init; }

    /// <summary>Files of the ring.</summary>
    internal int FileCount => (int)(SizeBytes / FileBytes);

    /// <summary>Throws where no log can be made of the sizes; the limits for users are closer.</summary>
    internal void ThrowIfImpossible()
    {
        if (FileBytes % 4096 != 0 || FileBytes is < 65536 or > MaxFileBytes)
            throw new ArgumentException($"A log file of {FileBytes} bytes is not possible: it has to be a multiple of 4096 from 65536 to {MaxFileBytes}.");
        if (SizeBytes < 2 * FileBytes || SizeBytes / FileBytes > 65536)
            throw new ArgumentException($"A log of {SizeBytes} bytes in files of {FileBytes} is not possible: it has to be 2 to 65536 files.");
    }
}
