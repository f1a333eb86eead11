using Lunaria.Volumes;
using Lunaria.Volumes.Backend;
using Lunaria.WebUi.Administration;
using Lunaria.WebUi.Catalog;
using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Live;

/// <summary>
/// What the charts of the page show: the load of hosts and the space of the pool over time. Looks once a second, after the watch; any thread asks.
/// </summary>
public sealed class LoadService
{
    private readonly VolumeManager _volumes;
    private readonly UnitTable _units;
    private readonly CapacityStore _capacity;
    private readonly TimeProvider _time;
    private readonly LoadHistory _history;
    private volatile IReadOnlyList<CapacitySampleView> _hours;
    private long _hour;

    internal LoadService(VolumeManager volumes, UnitTable units, CapacityStore capacity, TimeProvider time)
    {
        (_volumes, _units, _capacity, _time, _history, _hours) = (volumes, units, capacity, time, new LoadHistory(time), capacity.Read());
        _hour = _hours is [.., var newest] ? CapacityStore.Hour(newest.Time) : 0;
    }

    /// <summary>The last second; null just after the start.</summary>
    public LoadSampleView? Newest => _history.Newest;

    /// <summary>The last ten minutes by seconds, or with <paramref name="day"/> the last day by minutes.</summary>
    public LoadHistoryView GetHistory(bool day) => day ? _history.GetMinutes() : _history.GetSeconds();

    /// <summary>The space of the pool over time and what it leads to; <paramref name="space"/>: now.</summary>
    public CapacityView GetCapacity(ObjectStoreSpace space)
    {
        var history = _hours;
        var now = new CapacitySampleView(_time.GetUtcNow(), space.TotalBytes, space.UsedBytes);
        return new CapacityView(space.TotalBytes, space.UsedBytes, space.ReservedBytes, space.FreeBytes, CapacityTrend.DaysToFull([.. history, now], space.FreeBytes), history);
    }

    /// <summary>One look. <paramref name="space"/>: of the pool, null where the store does not tell.</summary>
    internal void Look(ObjectStoreSpace? space)
    {
        _history.Add(LoadCounters.Read(_volumes, _units), _volumes.GetStatistics().LogUsedBytes);
        var now = _time.GetUtcNow();
        var hour = CapacityStore.Hour(now);
        if (space is not { } known || hour <= _hour)
            return;
        _hour = hour;
        _capacity.Add(now, known.TotalBytes, known.UsedBytes);
        _hours = _capacity.Read();
    }
}
