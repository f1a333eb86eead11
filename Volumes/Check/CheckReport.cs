namespace Lunaria.Volumes.Check;

/// <summary>
/// What a check looked at and found. <paramref name="LeftOut"/>: findings beyond the most that are listed, which are counted only. <paramref name="ReclaimableBytes"/>: objects that
/// nothing names.
/// </summary>
public sealed record CheckReport(
    IReadOnlyList<CheckFinding> Findings, long LeftOut, long Leaves, long Segments, long BlocksRead, long LogRecords, long ReclaimableBytes)
{
    /// <summary>True where nothing is wrong, or all that was is put right.</summary>
    public bool IsSound => LeftOut == 0 && Findings.All(finding => finding.Repaired);
}
