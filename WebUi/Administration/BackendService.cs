using Lunaria.Volumes;
using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Administration;

/// <summary>What the store has, and has not yet, as administrators see it. Any thread.</summary>
public sealed class BackendService
{
    private const int MaxSamples = 4096;
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(30);

    private readonly BackendKind _kind;
    private readonly VolumeManager _manager;
    private readonly JobService _jobs;
    private readonly TimeProvider _time;
    private readonly Lock _sync = new();

    // Oldest first. The first is the newest that has nothing waiting, so that what came right behind it is the oldest that waits.
    private readonly List<(long At, ulong NextLsn)> _written = [];

    // Of the last half minute.
    private readonly Queue<(long At, ulong NextLsn, ulong PublishedLsn)> _pace = [];

    internal BackendService(BackendKind kind, VolumeManager manager, JobService jobs, TimeProvider time) => (_kind, _manager, _jobs, _time) = (kind, manager, jobs, time);

    /// <summary>How it is now.</summary>
    public BackendView Show()
    {
        var status = Look();
        lock (_sync)
        {
            var oldest = status.WaitingBytes == 0 ? TimeSpan.Zero : _time.GetElapsedTime(_written[0].At);
            var (written, stored) = Rates();
            var growth = written - stored;
            return new BackendView(
                _kind, $"{status.Health.State}", status.Health.Cause, status.WaitingBytes, status.LogBytes, (long)oldest.TotalSeconds, (long)stored,
                growth >= 1 && status.WaitingBytes > 0 ? (long)((status.LogBytes - status.WaitingBytes) / growth) : null,
                new CatalogView(status.Catalog.SavedAt, (long)status.Catalog.SavedLsn, status.Catalog.IsCurrent && status.WaitingBytes == 0, status.Catalog.Failure));
        }
    }

    /// <summary>Begins to bring everything that was written so far into the store.</summary>
    public JobView Flush(Actor actor) => _jobs.Start(actor, "backend.flush", "backend", async progress =>
    {
        await EngineCalls.RunAsync(async () => await _manager.FlushToBackendAsync((done, total) => progress.Report(done, total), progress.Stop));
        var catalog = _manager.GetBackend().Catalog;
        progress.Say($"Everything written before {catalog.SavedAt:yyyy-MM-dd HH:mm:ss} UTC, log position {catalog.SavedLsn}, can be rebuilt from the store alone.");
    });

    /// <summary>Notes how far it is, and tells it; each second.</summary>
    internal BackendStatus Look()
    {
        var status = _manager.GetBackend();
        var now = _time.GetTimestamp();
        lock (_sync)
        {
            _written.Add((now, status.NextLsn));
            var behind = _written.FindLastIndex(sample => sample.NextLsn <= status.PublishedLsn);
            if (behind > 0)
                _written.RemoveRange(0, behind);
            if (_written.Count > MaxSamples)
                _written.RemoveAt(_written.Count / 2);
            _pace.Enqueue((now, status.NextLsn, status.PublishedLsn));
            while (_pace.Count > 1 && _time.GetElapsedTime(_pace.Peek().At, now) > Pace)
                _pace.Dequeue();
        }

        return status;
    }

    /// <summary>Bytes a second that hosts write and that come into the store.</summary>
    private (double Written, double Stored) Rates()
    {
        var (first, last) = (_pace.Peek(), _pace.Last());
        var seconds = _time.GetElapsedTime(first.At, last.At).TotalSeconds;
        return seconds < 1 ? (0, 0) : ((last.NextLsn - first.NextLsn) / seconds, (last.PublishedLsn - first.PublishedLsn) / seconds);
    }
}
