namespace Lunaria.WebUi.Contracts;

/// <summary>
/// When free space counts as scarce: below <paramref name="Percent"/> of the whole or below <paramref name="Bytes"/>, or where the space will be out in less than
/// <paramref name="Days"/> at its pace. Null: that part does not count; without any there is no mark.
/// </summary>
public sealed record MarkView(double? Percent = null, long? Bytes = null, double? Days = null);

/// <summary>
/// When space is scarce (low) and when it is about to be out (full), in the pool and in the write log. <paramref name="OverCommitLimit"/>: how many times the pool volumes may
/// promise together; null = no limit.
/// </summary>
public sealed record WatermarksView(MarkView PoolLow, MarkView PoolFull, MarkView LogLow, MarkView LogFull, double? OverCommitLimit);

/// <summary>What to change of the watermarks, at once; what is left out stays.</summary>
public sealed record EditWatermarks
{
    /// <summary>Free space of the pool below which a warning is told; its pace is that of the last week. {} = none.</summary>
    public MarkView? PoolLow { get; init; }

    /// <summary>Free space of the pool below which an error is told. {} = none.</summary>
    public MarkView? PoolFull { get; init; }

    /// <summary>Free space of the write log below which a warning is told; its pace is that of the last minute. {} = none.</summary>
    public MarkView? LogLow { get; init; }

    /// <summary>Free space of the write log below which an error is told. {} = none.</summary>
    public MarkView? LogFull { get; init; }

    /// <summary>How many times the pool volumes may promise together; more is refused. 0 = no limit.</summary>
    public double? OverCommitLimit { get; init; }
}
