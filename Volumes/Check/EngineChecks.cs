using Lunaria.Volumes.Access;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Destage;
using Lunaria.Volumes.Metadata;
using Lunaria.Volumes.Recovery;
using Lunaria.Volumes.Segments;
using Microsoft.Data.Sqlite;

namespace Lunaria.Volumes.Check;

/// <summary>Checks of the running engine: when asked for, and by reading in the background, which begins with <see cref="Start"/>. Owned by the volume manager; any thread.</summary>
public sealed class EngineChecks : IAsyncDisposable
{
    private readonly EngineFiles _files;
    private readonly IObjectStore _store;
    private readonly ChangeGate _changes;
    private readonly Publisher _publisher;
    private readonly Destager _destager;
    private readonly TimeProvider _time;
    private readonly StoreAudit _audit;
    private readonly Scrubber _scrubber;
    private int _isChecking;

    internal EngineChecks(EngineFiles files, EngineParts engine, IObjectStore store, ChangeGate changes, Publisher publisher, Destager destager)
    {
        (_files, _store, _changes, _publisher, _destager, _time) = (files, store, changes, publisher, destager, engine.Time);
        _audit = new(store, publisher, engine.Time);
        _scrubber = new(engine.Segments, files.Maps.Segments, files.Metadata, engine.Options.VerificationBytesPerSecond, engine.Time, engine.Logger);
    }

    /// <summary>
    /// Checks lunaria.db, the map as of a checkpoint made now, and all objects that it names, while volumes are in use; with <paramref name="volume"/> only what is said of that one is
    /// reported. Changes nothing. One at a time; InvalidOperationException where another runs. ObjectStoreException where the store fails for longer than a few tries.
    /// </summary>
    public async Task<CheckReport> RunAsync(CheckOptions options, Volume? volume, CancellationToken cancellation)
    {
        if (Interlocked.Exchange(ref _isChecking, 1) != 0)
            throw new InvalidOperationException("A check runs already. Wait for it, or cancel it.");
        try
        {
            await _destager.DestageAsync(checkpoint: true).WaitAsync(cancellation);
            Findings findings = new();
            using SqliteConnection metadataRows = _files.Metadata.OpenReader();
            using SqliteConnection mapRows = _files.Maps.Database.OpenReader();
            using SqliteTransaction metadataSnapshot = metadataRows.BeginTransaction(deferred: true), mapSnapshot = mapRows.BeginTransaction(deferred: true);
            // Both files as of one moment: nothing is checkpointed while the snapshots are taken, and no volume changes.
            await _changes.RunAsync(() => _publisher.WhileMapRestsAsync(_ =>
            {
                SqliteFile.ReadScalar(metadataRows, "SELECT count(*) FROM identity");
                return SqliteFile.ReadScalar(mapRows, "SELECT count(*) FROM checkpoint");
            }));
            await FindAsync(metadataRows, mapRows, findings, options, cancellation);
            CheckReport report = findings.ToReport();
            return volume is null ? report : report with { Findings = [.. report.Findings.Where(finding => Concerns(finding, volume))] };
        }
        finally
        {
            Volatile.Write(ref _isChecking, 0);
        }
    }

    /// <summary>
    /// Lists what the store has: named objects, those nothing names, and named ones that are not there. With <paramref name="clearAfter"/> objects are deleted that nothing has named since
    /// an audit that is at least so long ago: one audit finds them, a later one clears them.
    /// </summary>
    public async Task<AuditReport> AuditAsync(TimeSpan? clearAfter, CancellationToken cancellation)
    {
        if (!_destager.IsSwept)
            throw new InvalidOperationException("The engine still clears what an earlier life left in the store. Try again in a moment.");
        return await _audit.RunAsync(clearAfter, cancellation);
    }

    /// <summary>What background verification does, and has found.</summary>
    public VerificationStatus GetVerification() => _scrubber.GetStatus();

    /// <summary>Sets how many bytes background verification reads a second, durably; 0 = it rests.</summary>
    public void SetVerificationRate(long bytesPerSecond)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytesPerSecond);
        _scrubber.SetRate(bytesPerSecond);
    }

    /// <summary>Ends background verification; the volume manager's, when it is closed.</summary>
    public ValueTask DisposeAsync() => _scrubber.DisposeAsync();

    /// <summary>Begins to verify in the background.</summary>
    internal void Start() => _scrubber.Start();

    private async Task FindAsync(SqliteConnection metadataRows, SqliteConnection mapRows, Findings findings, CheckOptions options, CancellationToken cancellation)
    {
        // Off the caller's thread: SQLite blocks.
        await Task.Yield();
        MetadataCheck metadata = new(metadataRows, findings);
        if (!metadata.Run())
            return;
        MapRows rows = new(mapRows);
        MapCheck map = new(rows, metadata, findings);
        map.Run();
        if (!await SuperblockCheck.RunAsync(_store, metadata.PoolId, findings, repair: false))
            return;
        await new SegmentCheck(_store, rows, map, metadata.PoolId, findings, options, _time).RunAsync(id => _files.Maps.Segments.TryGet(id, out _), cancellation);
    }

    private static bool Concerns(CheckFinding finding, Volume volume) =>
        finding.Subject.StartsWith($"volume {volume.Name}", StringComparison.Ordinal) || finding.Subject.Contains($"volumes/{volume.Line.Record.Uuid}", StringComparison.Ordinal)
        || finding.Subject.StartsWith($"line {volume.Line.Number},", StringComparison.Ordinal);
}
