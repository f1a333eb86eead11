using Lunaria.Volumes.Catalog;

namespace Lunaria.Volumes;

/// <summary>What the store has of all this, and has not yet.</summary>
public sealed partial class VolumeManager
{
    private static readonly TimeSpan BetweenReports = TimeSpan.FromMilliseconds(250);

    /// <summary>Which files were rebuilt from the store's catalog before this start, from when, and why; null = none.</summary>
    public string? Rebuilt { get; internal init; }

    /// <summary>How far the store is behind.</summary>
    public BackendStatus GetBackend()
    {
        // In this order, so that the difference is never below zero.
        ulong published = _publisher.Published.Lsn;
        return new(_engine.Log.NextLsn, published, (long)_engine.Log.CapacityBytes, _engine.Health.Current(_engine.Log), _files.Catalog.GetStatus());
    }

    /// <summary>
    /// Completes when everything written before the call is in the store, and its catalog shows it: the machine may be lost from then on. <paramref name="progress"/> hears how many bytes
    /// of the log of how many are there. ObjectStoreException where the store does not take the catalog; what was put stays. A store that fails is waited for until
    /// <paramref name="cancellation"/>.
    /// </summary>
    public async Task FlushToBackendAsync(Action<long, long> progress, CancellationToken cancellation)
    {
        ulong start = _publisher.Published.Lsn, target = Math.Max(start, _engine.Log.NextLsn);
        Task destaged = _destager.DestageAsync(checkpoint: false);
        while (!destaged.IsCompleted)
        {
            progress((long)(Math.Clamp(_publisher.Published.Lsn, start, target) - start), (long)(target - start));
            await Task.WhenAny(destaged, Task.Delay(BetweenReports, _engine.Time, cancellation));
            cancellation.ThrowIfCancellationRequested();
        }
        await destaged;
        progress((long)(target - start), (long)(target - start));
        await _files.Catalog.SaveAsync().WaitAsync(cancellation);
    }

    /// <summary>What the store's catalog has, from which everything can be rebuilt.</summary>
    internal CatalogStatus GetCatalog() => _files.Catalog.GetStatus();

    /// <summary>Completes when the store's catalog has everything that is published.</summary>
    internal Task SaveCatalogAsync() => _files.Catalog.SaveAsync();
}
