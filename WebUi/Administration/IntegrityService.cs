using Lunaria.Volumes;
using Lunaria.Volumes.Check;
using Lunaria.WebUi.Catalog;
using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Administration;

/// <summary>Checks, audits and garbage collection as administrators see them. Any thread.</summary>
public sealed class IntegrityService
{
    private const string Pool = "pool";
    private const string Everything = "appliance";
    private const int MaxListed = 1000;

    private readonly VolumeManager _manager;
    private readonly VolumeService _volumes;
    private readonly ChangeRecorder _changes;
    private readonly JobService _jobs;
    private readonly EventService _events;
    private readonly TimeProvider _time;
    private volatile CheckReportView? _lastCheck;
    private volatile AuditReportView? _lastAudit;

    internal IntegrityService(VolumeManager manager, VolumeService volumes, ChangeRecorder changes, JobService jobs, EventService events, TimeProvider time) =>
        (_manager, _volumes, _changes, _jobs, _events, _time) = (manager, volumes, changes, jobs, events, time);

    /// <summary>What the last check found; <see cref="RefusalKind.NotFound"/> where there was none since the start.</summary>
    public CheckReportView LastCheck => _lastCheck ?? throw new RefusedException(RefusalKind.NotFound, "Nothing was checked since the start. Begin a check.");

    /// <summary>What the last audit found; <see cref="RefusalKind.NotFound"/> where there was none since the start.</summary>
    public AuditReportView LastAudit => _lastAudit ?? throw new RefusedException(RefusalKind.NotFound, "There was no audit since the start. Begin one.");

    /// <summary>Begins a check of all, or of what concerns one volume.</summary>
    public JobView Check(Actor actor, StartCheck wanted)
    {
        if (wanted.BytesPerSecond < 0)
            throw new RefusedException(RefusalKind.Invalid, "bytesPerSecond: write 0 or more.", "bytesPerSecond");
        var volume = wanted.Volume is { } name ? _volumes.Get(name) : null;
        return _jobs.Start(actor, "check", volume == null ? Everything : VolumeService.Subject(volume.Name), async progress =>
        {
            var options = new CheckOptions { ReadBlocks = wanted.ReadBlocks, BytesPerSecond = wanted.BytesPerSecond, Progress = (done, total) => progress.Report(done, total, "segments") };
            var report = await EngineCalls.RunAsync(async () => await _manager.Checks.RunAsync(options, volume, progress.Stop));
            _lastCheck = new CheckReportView(_time.GetUtcNow(), volume?.Name, wanted.ReadBlocks, report.IsSound, report.Leaves, report.Segments, report.BlocksRead, [.. report.Findings.Select(View)], report.LeftOut);
            if (!report.IsSound)
                _events.Add(EventCode.CheckFound, Severity.Error, volume == null ? Pool : VolumeService.Subject(volume.Name), $"A check has found {report.Findings.Count + report.LeftOut} damages, the first: {report.Findings[0].Subject}: {report.Findings[0].Detail}.");
            progress.Say(report.IsSound
                ? $"Sound: {report.Leaves} leaves and {report.Segments} segments{(wanted.ReadBlocks ? $", {report.BlocksRead} blocks read" : "")}."
                : $"{report.Findings.Count + report.LeftOut} damages. The report of the last check names them.");
        });
    }

    /// <summary>Begins an audit of the store.</summary>
    public JobView Audit(Actor actor, StartAudit wanted)
    {
        if (wanted.ClearAfterSeconds is < 0 or > int.MaxValue)
            throw new RefusedException(RefusalKind.Invalid, $"clearAfterSeconds: write 0 to {int.MaxValue}.", "clearAfterSeconds");
        TimeSpan? grace = wanted.ClearAfterSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
        return _jobs.Start(actor, "pool.audit", Pool, async progress =>
        {
            var report = await EngineCalls.RunAsync(async () => await _manager.Checks.AuditAsync(grace, progress.Stop));
            _lastAudit = new AuditReportView(_time.GetUtcNow(), report.LiveObjects, report.LiveBytes, [.. report.Orphans.Select(orphan => new OrphanView(orphan.Key, orphan.LengthBytes, orphan.Since))], report.OrphanBytes, report.Cleared, [.. report.Missing.Take(MaxListed)]);
            if (report.Missing.Count > 0)
                _events.Add(
                    EventCode.CheckFound, Severity.Error, Pool,
                    $"{report.Missing.Count} objects that volumes need are not in the pool, the first: {report.Missing[0]}. "
                    + $"Data of {string.Join(", ", _manager.FindUsers(report.Missing).Select(volume => volume.Name))} is lost where they are not restored.");
            progress.Say($"{report.LiveObjects} live, {report.Orphans.Count} orphan and {report.Missing.Count} missing objects, {report.Cleared} cleared.");
        });
    }

    /// <summary>Garbage collection now.</summary>
    public async Task<CollectionView> ShowCollectionAsync()
    {
        var status = await EngineCalls.RunAsync(_manager.GetCollectionAsync);
        return new CollectionView(
            status.IsRunning ? "running" : status.IsPaused ? "paused" : "idle", status.BytesPerSecond, status.CopiedBytes, status.StoredBytes, status.GarbageBytes,
            [.. status.Volumes.Select(volume => new VolumeGarbageView(volume.Volume.Name, volume.StoredBytes, volume.GarbageBytes))]);
    }

    /// <summary>Pauses or resumes garbage collection, or changes its rate.</summary>
    public Task<CollectionView> EditCollectionAsync(Actor actor, EditCollection wanted)
    {
        if (wanted.BytesPerSecond < 0)
            throw new RefusedException(RefusalKind.Invalid, "bytesPerSecond: write 0 or more.", "bytesPerSecond");
        return _changes.RunAsync(actor, "gc.edit", "gc", async change =>
        {
            change.Begin(await ShowCollectionAsync());
            if (wanted.BytesPerSecond is { } rate)
                _manager.SetCollectionRate(rate);
            if (wanted.Paused is { } paused)
                _manager.IsCollectionPaused = paused;
            var view = await ShowCollectionAsync();
            change.After = view;
            return view;
        });
    }

    /// <summary>Begins to collect all garbage that is worth a round.</summary>
    public JobView Collect(Actor actor) => _jobs.Start(actor, "gc.run", Pool, async progress =>
    {
        var before = (await ShowCollectionAsync()).StoredBytes;
        await EngineCalls.RunAsync(async () => await _manager.CollectGarbageAsync(progress.Stop));
        var after = await ShowCollectionAsync();
        progress.Say($"{Math.Max(0, before - after.StoredBytes)} bytes came back; {(after.GarbageBytes == 0 ? "no garbage is left" : $"{after.GarbageBytes} of {after.StoredBytes} bytes are garbage that is worth no round")}.");
    });

    /// <summary>Background verification now.</summary>
    public VerificationView ShowVerification()
    {
        var status = _manager.Checks.GetVerification();
        return new VerificationView(status.BytesPerSecond, status.ReadBytes, status.Position, status.End, status.Passes, status.LastPass, [.. status.Damages.Select(View)]);
    }

    /// <summary>Changes how fast background verification reads.</summary>
    public Task<VerificationView> EditVerificationAsync(Actor actor, EditVerification wanted)
    {
        if (wanted.BytesPerSecond < 0)
            throw new RefusedException(RefusalKind.Invalid, "bytesPerSecond: write 0 or more.", "bytesPerSecond");
        return _changes.RunAsync(actor, "scrub.edit", "scrub", change =>
        {
            _manager.Checks.SetVerificationRate(wanted.BytesPerSecond);
            var view = ShowVerification();
            change.After = view with { Damages = [] };
            return view;
        });
    }

    private static CheckFindingView View(CheckFinding finding) => new(finding.Kind, finding.Subject, finding.Detail, CheckKinds.Meaning.GetValueOrDefault(finding.Kind, ""));
}
