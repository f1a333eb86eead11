using Lunaria.Volumes;
using Lunaria.Volumes.Backend;
using Lunaria.WebUi.Contracts;
using Lunaria.WebUi.Live;

namespace Lunaria.WebUi.Administration;

/// <summary>Makes events of space that passes a watermark: of the pool, of the write log, and of what volumes promise. Owned by the <see cref="HealthWatch"/>; one look at a time.</summary>
internal sealed class SpaceWatch(VolumeManager volumes, IObjectStore store, LoadService load, WatermarkService watermarks, EventService events)
{
    private const int PaceSeconds = 60;

    private readonly SpaceLevel _pool = new(hysteresisPercent: 2);
    private readonly SpaceLevel _log = new(hysteresisPercent: 30);
    private bool _overCommitted;

    /// <summary>One look.</summary>
    public void Look()
    {
        var marks = watermarks.Show();
        if (store.Space is { TotalBytes: > 0 } space)
            LookAtPool(marks, space);
        LookAtLog(marks);
        LookAtPromises(marks.OverCommitLimit);
    }

    private void LookAtPool(WatermarksView marks, ObjectStoreSpace space)
    {
        var trend = marks.PoolLow.Days is null && marks.PoolFull.Days is null ? null : load.GetCapacity(space).DaysToFull;
        if (!_pool.Moves(marks.PoolLow, marks.PoolFull, space.FreeBytes, space.TotalBytes, trend))
            return;
        var free = $"{space.FreeBytes * 100.0 / space.TotalBytes:0.#} % of the pool ({space.FreeBytes} bytes) are free";
        var pace = trend is { } days ? $", for {days:0.#} days at the pace of the last week" : "";
        events.Add(EventCode.PoolSpace, _pool.Severity, "pool", _pool.Severity == Severity.Information
            ? $"{free} again{pace}."
            : $"{free}{pace}. Delete volumes or snapshots, or add space.");
    }

    private void LookAtLog(WatermarksView marks)
    {
        var engine = volumes.GetStatistics();
        long total = engine.LogCapacityBytes, free = total - engine.LogUsedBytes;
        double? pace = marks.LogLow.Days is null && marks.LogFull.Days is null
            ? null
            : CapacityTrend.DaysToFull([.. load.GetHistory(day: false).Samples.TakeLast(PaceSeconds).Select(sample => new CapacitySampleView(sample.Time, total, sample.LogUsedBytes))], free);
        if (!_log.Moves(marks.LogLow, marks.LogFull, free, total, pace))
            return;
        events.Add(EventCode.LogFilling, _log.Severity, "log", _log.Severity == Severity.Information
            ? "The pool has caught up with the write log."
            : $"{engine.LogUsedBytes * 100 / total} % of the write log wait for the pool{(pace is { } days ? $", and it is full in {TimeSpan.FromDays(days).TotalSeconds:0} s at this pace" : "")}: "
                + "the pool is slower than the hosts write.");
    }

    private void LookAtPromises(double? limit)
    {
        var promised = limit is null ? null : watermarks.OverCommit();
        if (promised > limit == _overCommitted)
            return;
        _overCommitted = !_overCommitted;
        events.Add(EventCode.PoolOverCommit, _overCommitted ? Severity.Warning : Severity.Information, "pool", _overCommitted
            ? $"Volumes promise {promised:0.##} times the pool, and the limit is {limit:0.##}: no volume is created or enlarged. Add a component, or delete a volume."
            : "Volumes promise no more of the pool than the limit allows.");
    }
}
