using Lunaria.Volumes;
using Lunaria.WebUi.Catalog;
using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Administration;

/// <summary>When space counts as scarce, and how much volumes may promise. Any thread.</summary>
public sealed class WatermarkService
{
    private const double MaxDays = 3650, MaxOverCommit = 1_000_000;

    private readonly WatermarkStore _store;
    private readonly VolumeManager _volumes;
    private readonly PoolAccess? _pool;
    private readonly ChangeRecorder _changes;
    private volatile WatermarksView _now;

    internal WatermarkService(WatermarkStore store, VolumeManager volumes, PoolAccess? pool, ChangeRecorder changes)
    {
        (_store, _volumes, _pool, _changes, _now) = (store, volumes, pool, changes, store.Read());
        pool?.SetMarks(_now.PoolLow, _now.PoolFull);
    }

    /// <summary>What counts now.</summary>
    public WatermarksView Show() => _now;

    /// <summary>Changes some of it, at once and for later starts.</summary>
    public Task<WatermarksView> EditAsync(Actor actor, EditWatermarks wanted) => _changes.RunAsync(actor, "watermarks.edit", "watermarks", change =>
    {
        var before = _now;
        change.Begin(before);
        if (wanted.OverCommitLimit is { } limit && (!double.IsFinite(limit) || limit is < 0 or > MaxOverCommit))
            throw new RefusedException(RefusalKind.Invalid, $"overCommitLimit: {limit} is no limit: write how many times the pool may be promised, or 0 for no limit.", "overCommitLimit");
        var after = new WatermarksView(
            wanted.PoolLow ?? before.PoolLow,
            wanted.PoolFull ?? before.PoolFull,
            wanted.LogLow ?? before.LogLow,
            wanted.LogFull ?? before.LogFull,
            wanted.OverCommitLimit is { } given ? given > 0 ? given : null : before.OverCommitLimit);
        Check("pool", after.PoolLow, after.PoolFull);
        Check("log", after.LogLow, after.LogFull);
        _store.Write(after);
        _now = after;
        _pool?.SetMarks(after.PoolLow, after.PoolFull);
        change.After = after;
        return after;
    });

    /// <summary>How many times the pool volumes promise; null where there is no pool.</summary>
    internal double? OverCommit(long moreBytes = 0) =>
        _pool?.Show() is { TotalBytes: > 0 } pool ? (double)(_volumes.Volumes.Sum(volume => volume.SizeBytes) + moreBytes) / pool.TotalBytes : null;

    /// <summary><see cref="RefusalKind.InUse"/> where volumes would promise more than they may with so much besides. Two that ask at once may both be let through.</summary>
    internal void CheckPromise(long moreBytes)
    {
        if (moreBytes > 0 && _now.OverCommitLimit is { } limit && OverCommit(moreBytes) is { } wanted && wanted > limit)
            throw new RefusedException(
                RefusalKind.InUse,
                $"Volumes would promise {wanted:0.##} times the pool, and the limit is {limit:0.##}. Add a component, delete a volume, or raise the limit (lunaria watermarks set --over-commit).");
    }

    private static void Check(string of, MarkView low, MarkView full)
    {
        foreach (var (name, mark) in new[] { ($"{of}Low", low), ($"{of}Full", full) })
        {
            if (mark.Percent is not null and not (>= 0 and < 100) || mark.Bytes < 0 || mark.Days is not null and not (>= 0 and <= MaxDays))
                throw new RefusedException(RefusalKind.Invalid, $"{name}: write a percent from 0 to below 100, bytes from 0 on, and at most {MaxDays:0} days.", name);
        }

        if (full.Percent > low.Percent || full.Bytes > low.Bytes || full.Days > low.Days)
            throw new RefusedException(RefusalKind.Invalid, $"{of}Full: it would be told before {of}Low. Make it the smaller one.", $"{of}Full");
    }
}
