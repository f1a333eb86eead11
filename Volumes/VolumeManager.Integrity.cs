using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Check;
using Lunaria.Volumes.Metadata;
using Lunaria.Volumes.Segments;
using Microsoft.Data.Sqlite;

namespace Lunaria.Volumes;

/// <summary>Checks of the running engine.</summary>
public sealed partial class VolumeManager
{
    private readonly SemaphoreSlim _checking = new(1);

    /// <summary>
    /// Checks lunaria.db, the map as of a checkpoint made now, and all objects that it names, while volumes are in use; with <paramref name="volume"/> only what is said of that one is
    /// reported. Changes nothing. One at a time; InvalidOperationException where another runs. ObjectStoreException where the store fails for longer than a few tries.
    /// </summary>
    public async Task<CheckReport> CheckAsync(CheckOptions options, Volume? volume, CancellationToken cancellation)
    {
        if (!await _checking.WaitAsync(0, cancellation))
            throw new InvalidOperationException("A check runs already. Wait for it, or cancel it.");
        try
        {
            await _destager.DestageAsync(checkpoint: true).WaitAsync(cancellation);
            Findings findings = new();
            using SqliteConnection metadataRows = _files.Metadata.OpenReader();
            using SqliteConnection mapRows = _files.Maps.Database.OpenReader();
            using SqliteTransaction metadataSnapshot = metadataRows.BeginTransaction(deferred: true), mapSnapshot = mapRows.BeginTransaction(deferred: true);
            // Both files as of one moment: nothing is checkpointed while the snapshots are taken, and no volume changes.
            await ChangeAsync(() => _publisher.WhileMapRestsAsync(_ =>
            {
                SqliteFile.ReadScalar(metadataRows, "SELECT count(*) FROM identity");
                return SqliteFile.ReadScalar(mapRows, "SELECT count(*) FROM checkpoint");
            }));
            await RunCheckAsync(metadataRows, mapRows, findings, options, cancellation);
            CheckReport report = findings.ToReport();
            return volume is null ? report : report with { Findings = [.. report.Findings.Where(finding => Concerns(finding, volume))] };
        }
        finally
        {
            _checking.Release();
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

    /// <summary>
    /// Brings a volume back from quarantine: puts its map right as far as what is whole proves what was there, applies what was written meanwhile, and lets I/O in. InvalidDataException,
    /// with what is left of the damage, where that cannot be done. A volume that is not in quarantine stays as it is.
    /// </summary>
    public ValueTask RecoverVolumeAsync(Volume volume, CancellationToken cancellation) => ChangeAsync(async () =>
    {
        CheckOwn(volume);
        if (!_files.Maps.IsFaulted(volume.Line.Number))
            return;
        await _recovery.RecoverAsync(volume.Line.Number).WaitAsync(cancellation);
        if (volume.Record.State == VolumeRecordState.Active)
        {
            SetWritable(volume);
            volume.Refuse(null);
        }
    });

    /// <summary>What background verification does, and has found.</summary>
    public VerificationStatus GetVerification() => _scrubber.GetStatus();

    /// <summary>Sets how many bytes background verification reads a second, durably; 0 = it rests.</summary>
    public void SetVerificationRate(long bytesPerSecond)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytesPerSecond);
        _scrubber.SetRate(bytesPerSecond);
    }

    private void CheckNotInQuarantine(uint line, string name)
    {
        if (_files.Maps.IsFaulted(line))
            throw new InvalidOperationException($"'{name}' is in quarantine. Recover its volume first: lunaria volume recover.");
    }

    private async Task RunCheckAsync(SqliteConnection metadataRows, SqliteConnection mapRows, Findings findings, CheckOptions options, CancellationToken cancellation)
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
        await new SegmentCheck(_store, rows, map, metadata.PoolId, findings, options, _engine.Time).RunAsync(id => _files.Maps.Segments.TryGet(id, out _), cancellation);
    }

    private static bool Concerns(CheckFinding finding, Volume volume) =>
        finding.Subject.StartsWith($"volume {volume.Name}", StringComparison.Ordinal) || finding.Subject.Contains($"volumes/{volume.Line.Record.Uuid}", StringComparison.Ordinal)
        || finding.Subject.StartsWith($"line {volume.Line.Number},", StringComparison.Ordinal);
}
