using Lunaria.Volumes.Access;
using Lunaria.Volumes.Io;
using Lunaria.Volumes.Log;
using Lunaria.Volumes.Map;
using Lunaria.Volumes.Metadata;

namespace Lunaria.Volumes;

/// <summary>Snapshots, what is made of them, and the way back to them.</summary>
public sealed partial class VolumeManager
{
    /// <summary>Snapshots of one volume that may wait for the object store at a time; each costs reads of the volume a look.</summary>
    private const int MaxUnsettled = 256;

    /// <summary>A volume's snapshots, in the order in which they were taken.</summary>
    public IReadOnlyList<Snapshot> ListSnapshots(Volume volume) => [.. _catalog.SnapshotsOf(volume.Uuid).Select(record => new Snapshot(record, volume))];

    /// <summary>A volume's snapshot of that name, or null.</summary>
    public Snapshot? FindSnapshot(Volume volume, string name) => _catalog.FindSnapshot(volume.Uuid, name) is { } record ? new(record, volume) : null;

    /// <summary>The snapshot of that identity, or null.</summary>
    public Snapshot? FindSnapshot(Guid uuid) =>
        _catalog.FindSnapshot(uuid) is { } record && _volumes.All.FirstOrDefault(volume => volume.Uuid == record.Volume) is { } owner ? new(record, owner) : null;

    /// <summary>Takes a snapshot, durably; see <see cref="CreateSnapshotsAsync"/>.</summary>
    public async ValueTask<Snapshot> CreateSnapshotAsync(Volume volume, string name, SnapshotOptions? options = null) =>
        (await CreateSnapshotsAsync([volume], name, options))[0];

    /// <summary>
    /// Takes snapshots of several volumes at one point in the order of all their writes, durably, all or none, while they are in use and whatever the object store does.
    /// InvalidOperationException where a volume has one of that name, takes no writes now, or has too many that wait for the store. IOException where the log cannot take it.
    /// </summary>
    public async ValueTask<IReadOnlyList<Snapshot>> CreateSnapshotsAsync(IReadOnlyList<Volume> volumes, string name, SnapshotOptions? options = null)
    {
        CheckName("snapshot", name);
        string labels = (options ??= new()).Encode();
        return await _changes.RunAsync<IReadOnlyList<Snapshot>>(async () =>
        {
            foreach (Volume volume in volumes)
                CheckCanBeMarked(volume, name);
            DateTimeOffset now = DateTimeOffset.FromUnixTimeMilliseconds(_engine.Time.GetUtcNow().ToUnixTimeMilliseconds());
            List<SnapshotRecord> records = [.. volumes.DistinctBy(volume => volume.Uuid).Select(volume => new SnapshotRecord(
                Guid.NewGuid(), volume.Uuid, volume.Line.Number, volume.Index.Generation, name, volume.SizeBytes, now, options.Sticky, options.Consistent, labels))];
            // First the rows: one whose marker never came to be is known by that, and taken back at the next start.
            _files.Metadata.AddSnapshots(records);
            // Known before its marker is: from then on what it shows may be published, and must not be pruned.
            foreach (SnapshotRecord record in records)
                _catalog.Add(record);
            await MarkAsync([.. volumes.Select(volume => volume.Line).Distinct().OrderBy(line => line.Number)], records);
            return [.. records.Select(record => new Snapshot(record, volumes.First(volume => volume.Uuid == record.Volume)))];
        });
    }

    /// <summary>
    /// Changes name, stickiness or labels, durably; null = as it is. InvalidOperationException where the name is taken.
    /// </summary>
    public ValueTask<Snapshot> UpdateSnapshotAsync(Snapshot snapshot, string? name = null, bool? sticky = null, IReadOnlyDictionary<string, string>? labels = null) =>
        _changes.RunAsync(() =>
        {
            SnapshotRecord before = _catalog.Get(snapshot);
            if (name != null)
                CheckName("snapshot", name);
            SnapshotRecord after = before with
            {
                Name = name ?? before.Name,
                Sticky = sticky ?? before.Sticky,
                Labels = labels == null ? before.Labels : new SnapshotOptions { Labels = labels }.Encode(),
            };
            _files.Metadata.UpdateSnapshots(after);
            _catalog.Replace(before, after);
            return new ValueTask<Snapshot>(new Snapshot(after, snapshot.Volume));
        });

    /// <summary>
    /// Deletes snapshots, durably, all or none; what only they showed comes back in the background. Their clones keep what they need. InvalidOperationException for sticky ones.
    /// </summary>
    public ValueTask DeleteSnapshotsAsync(IReadOnlyList<Snapshot> snapshots) => _changes.RunAsync(() =>
    {
        List<SnapshotRecord> records = [.. snapshots.Select(_catalog.Get)];
        if (records.Find(record => record.Sticky) is { } sticky)
            throw new InvalidOperationException($"Snapshot '{sticky.Name}' is kept (sticky). Let go of it first.");
        _files.Metadata.RemoveSnapshots(records);
        foreach (SnapshotRecord record in records)
            _catalog.Remove(record);
        _keeper.Wake();
        return ValueTask.CompletedTask;
    });

    /// <summary>Deletes one snapshot; see <see cref="DeleteSnapshotsAsync"/>.</summary>
    public ValueTask DeleteSnapshotAsync(Snapshot snapshot) => DeleteSnapshotsAsync([snapshot]);

    /// <summary>
    /// Opens a snapshot for reading, as a volume whose writes are answered with <see cref="VolumeStatus.ReadOnly"/>. It stays readable, whatever happens to the snapshot,
    /// until it is closed with <see cref="CloseSnapshotAsync"/>.
    /// </summary>
    public ValueTask<Volume> OpenSnapshotAsync(Snapshot snapshot) => _changes.RunAsync(async () =>
    {
        SnapshotRecord record = _catalog.Get(snapshot);
        await _views.LimitDepthAsync(record);
        LineRecord line = _catalog.Find(record.Line)!;
        _catalog.AddView(record.Line, record.Generation);
        VolumeIndex index;
        try
        {
            index = await _publisher.WhileMapRestsAsync(maps => OpenView(maps, line, record.Generation));
        }
        catch
        {
            _catalog.RemoveView(record.Line, record.Generation);
            throw;
        }
        string name = $"{snapshot.Volume.Name}@{record.Name}";
        OpenLine view = new(line, name, index, _engine);
        view.Writer.Close();
        return new Volume(new(record.Line, record.Uuid, name, record.SizeBytes, record.Created, VolumeRecordState.Active), view, _engine, isReadOnly: true)
        {
            ViewGeneration = record.Generation,
        };
    });

    /// <summary>Closes what <see cref="OpenSnapshotAsync"/> opened; nobody reads it any more.</summary>
    public ValueTask CloseSnapshotAsync(Volume view) => _changes.RunAsync(async () =>
    {
        if (!view.IsReadOnly || view.Health.State == HealthState.Closed)
            return;
        view.Refuse(new(HealthState.Closed, $"Snapshot '{view.Name}' was closed."));
        (uint line, uint generation) = (view.Line.Number, view.ViewGeneration);
        await _publisher.WhileMapRestsAsync(maps =>
        {
            view.Index.Leave();
            _volumes.RemoveUnsettled(view.Index);
            if (view.Index.IsSettled)
                maps.CloseView(view.Index.Map);
            return true;
        });
        _views.Forget(line, generation);
    });

    /// <summary>
    /// Makes a new volume that begins as a snapshot was, durably; it may be written at once and shares all data. InvalidOperationException where the name is taken.
    /// </summary>
    public ValueTask<Volume> CloneAsync(Snapshot snapshot, string name)
    {
        CheckName("volume", name);
        return _changes.RunAsync(async () =>
        {
            SnapshotRecord record = _catalog.Get(snapshot);
            await _views.LimitDepthAsync(record);
            return await OpenNewAsync(_files.Metadata.CreateVolume(Guid.NewGuid(), name, record.SizeBytes, _catalog.Find(record.Line)!, record.Generation));
        });
    }

    /// <summary>
    /// Makes a volume what it was at one of its snapshots, size included, durably; nobody may use it meanwhile. Younger snapshots stay as a branch that can be gone back to, or
    /// go with <paramref name="dropYounger"/>. Whatever fails leaves the volume as it is. InvalidOperationException for a template, and for younger snapshots that are sticky and should go.
    /// </summary>
    public ValueTask RollBackAsync(Snapshot snapshot, bool dropYounger = false) => _changes.RunAsync(async () =>
    {
        SnapshotRecord target = _catalog.Get(snapshot);
        Volume volume = snapshot.Volume;
        _volumes.CheckOwn(volume);
        if (volume.IsTemplate)
            throw new InvalidOperationException($"Volume '{volume.Name}' is a template. Make it an ordinary volume first.");
        List<SnapshotRecord> younger = dropYounger
            ? [.. _catalog.SnapshotsOf(volume.Uuid).Where(other => other.Created > target.Created || (other.Line == target.Line && other.Generation > target.Generation))]
            : [];
        if (younger.Find(other => other.Sticky) is { } sticky)
            throw new InvalidOperationException($"Snapshot '{sticky.Name}' is younger and kept (sticky). Let go of it first, or keep the younger ones.");
        await _views.LimitDepthAsync(target);
        OpenLine before = await MoveToNewLineAsync(volume, "rolled back", () => _files.Metadata.RollBack(volume.Record, target, _catalog.Find(target.Line)!, younger));
        foreach (SnapshotRecord other in younger)
            _catalog.Remove(other);
        _catalog.SetCurrent(before.Number, false);
        before.Leave(keepOlder: true);
        _keeper.Wake();
    });

    /// <summary>
    /// Puts a volume onto a line that <paramref name="write"/> makes in lunaria.db; nobody may use it meanwhile. Gives the line it was on, which the caller leaves. Whatever
    /// fails before that leaves the volume as it is.
    /// </summary>
    private async ValueTask<OpenLine> MoveToNewLineAsync(Volume volume, string what, Func<VolumeRecord> write)
    {
        OpenLine before = volume.Line;
        VolumeHealth? refusal = volume.Refusal;
        volume.Refuse(new(HealthState.Closed, $"Volume '{volume.Name}' is being {what}."));
        // Nobody who still waits for room may be told of a write that is left behind.
        before.Writer.Close();
        VolumeRecord? record = null;
        try
        {
            record = write();
            OpenLine line = await OpenLineAsync(_files.Metadata.ReadLines().First(line => line.Number == record.Number), volume.Name);
            volume.Change(record, line);
        }
        catch (Exception e) when (record is not null)
        {
            volume.Refuse(new(HealthState.Faulted, $"Volume '{volume.Name}' was {what}, but cannot be opened ({e.Message}). Start the appliance again."));
            throw;
        }
        catch
        {
            SetWritable(volume);
            volume.Refuse(refusal);
            throw;
        }
        SetWritable(volume);
        volume.Refuse(refusal);
        return before;
    }

    /// <summary>Complete = the object store has all of a snapshot.</summary>
    public ValueTask SettleSnapshotAsync(Snapshot snapshot)
    {
        SnapshotRecord record = _catalog.Get(snapshot);
        return _views.SettleAsync(record.Line, record.Generation);
    }

    /// <summary>How far the object store is with a snapshot.</summary>
    public SnapshotProgress GetProgress(Snapshot snapshot)
    {
        (uint line, uint generation) = (snapshot.Record.Line, snapshot.Record.Generation);
        if (_volumes.FindLine(line)?.Index is not { } index || !index.Holds(generation))
            return new(true, 0, TimeSpan.Zero);
        ulong end = index.EndOf(generation) ?? _engine.Log.NextLsn, start = _engine.Log.NextLsn - _engine.Log.UsedBytes;
        return new(false, index.CountBlocksInLog(generation) << BlockGeometry.BlockShift, TimeSpan.FromSeconds((end > start ? end - start : 0) / _engine.Pacer.BytesPerSecond));
    }

    /// <summary>Makes a volume a template, which takes no writes and cannot be deleted, or an ordinary volume again. Durable.</summary>
    public ValueTask SetTemplateAsync(Volume volume, bool isTemplate) => _changes.RunAsync(() =>
    {
        _volumes.CheckOwn(volume);
        _files.Metadata.SetTemplate(volume.Uuid, isTemplate);
        volume.Change(volume.Record with { IsTemplate = isTemplate });
        if (volume.Record.State == VolumeRecordState.Active)
            SetWritable(volume);
        return ValueTask.CompletedTask;
    });

    /// <summary>
    /// Gives a clone leaves of its own for all that it shows of its origin, so that the origin may be deleted and forgotten. No data is copied. Complete = done, durably; the
    /// volume may be in use.
    /// </summary>
    public async ValueTask FlattenAsync(Volume volume)
    {
        _volumes.CheckOwn(volume);
        _views.CheckNotInQuarantine(volume.Line.Number, volume.Name);
        await _views.SettleAsync(volume.Line);
        await _keeper.FlattenAsync(volume.Line.Number);
    }

    /// <summary>
    /// The snapshots that a clone's origin took up to the point where the clone began become the clone's, durably. InvalidOperationException where a name is taken, or the volume
    /// is no clone.
    /// </summary>
    public ValueTask PromoteAsync(Volume volume) => _changes.RunAsync(() =>
    {
        _volumes.CheckOwn(volume);
        LineRecord line = _catalog.Find(volume.Line.Number)!;
        if (line.Parent == 0)
            throw new InvalidOperationException($"Volume '{volume.Name}' is no clone, or was flattened: it has no origin whose snapshots it could take.");
        List<SnapshotRecord> all = [.. _volumes.All.SelectMany(other => _catalog.SnapshotsOf(other.Uuid))
            .Where(snapshot => snapshot.Line == line.Parent && snapshot.Generation <= line.ParentGeneration)];
        _files.Metadata.UpdateSnapshots([.. all.Select(snapshot => snapshot with { Volume = volume.Uuid })]);
        foreach (SnapshotRecord snapshot in all)
            _catalog.Replace(snapshot, snapshot with { Volume = volume.Uuid });
        return ValueTask.CompletedTask;
    });

    /// <summary>The other volumes that were cloned from a snapshot and still share its map.</summary>
    public IReadOnlyList<Volume> ListClones(Snapshot snapshot)
    {
        HashSet<uint> children = [.. _catalog.ChildrenOf(snapshot.Record.Line, snapshot.Record.Generation).Select(line => line.Number)];
        // A volume that was rolled back, or promoted, goes on from a snapshot of its own.
        return [.. _volumes.All.Where(volume => children.Contains(volume.Line.Number) && volume.Uuid != snapshot.Volume.Uuid)];
    }

    /// <summary>For each volume that still shares the map of another one's snapshot: that snapshot.</summary>
    public IReadOnlyDictionary<Guid, Snapshot> ListOrigins()
    {
        var marks = _volumes.All.SelectMany(ListSnapshots).ToLookup(snapshot => (snapshot.Record.Line, snapshot.Record.Generation));
        return _volumes.All
            .Select(volume => (volume.Uuid, Line: _catalog.Find(volume.Line.Number)))
            .Where(row => row.Line is { Parent: not 0 })
            .Select(row => (row.Uuid, Origin: marks[(row.Line!.Parent, row.Line.ParentGeneration)].FirstOrDefault(snapshot => snapshot.Volume.Uuid != row.Uuid)))
            .Where(row => row.Origin != null)
            .ToDictionary(row => row.Uuid, row => row.Origin!);
    }

    private void CheckCanBeMarked(Volume volume, string name)
    {
        _volumes.CheckOwn(volume);
        if (volume.Health is { State: HealthState.Closed or HealthState.Faulted or HealthState.ReadOnly } health)
            throw new InvalidOperationException($"No snapshot can be taken of volume '{volume.Name}': {health.Cause}");
        if (volume.IsTemplate)
            throw new InvalidOperationException($"Volume '{volume.Name}' is a template, which does not change. Clone a snapshot that it has.");
        if (_catalog.FindSnapshot(volume.Uuid, name) != null)
            throw new InvalidOperationException($"There is a snapshot '{name}' of volume '{volume.Name}' already. Choose another name.");
        if (volume.Index.CountOlder >= MaxUnsettled)
            throw new InvalidOperationException($"{MaxUnsettled} snapshots of volume '{volume.Name}' wait for the object store. Wait until it takes data again.");
    }

    private async ValueTask MarkAsync(IReadOnlyList<OpenLine> lines, IReadOnlyList<SnapshotRecord> records)
    {
        BlockWriter[] writers = [.. lines.Select(line => line.Writer)];
        try
        {
            using CancellationTokenSource deadline = new(_engine.Options.RoomWait, _engine.Time);
            for (bool waited = false; !BlockWriter.TryMark(writers, _engine.Log, waited); waited = true)
            {
                if (writers.Any(writer => writer.IsClosed))
                    throw new InvalidOperationException("A volume takes no writes now, so no snapshot can be taken. Open it.");
                await _engine.Log.WaitForRoomAsync(0, writers.Length, deadline.Token);
            }
        }
        catch (Exception e)
        {
            foreach (SnapshotRecord record in records)
                _catalog.Remove(record);
            _files.Metadata.RemoveSnapshots(records, prune: false);
            throw e is OperationCanceledException ? new IOException("The write log has no room for a snapshot's marker. Wait until the object store takes data again.") : e;
        }
        await _engine.Log.FlushAsync();
    }

    private VolumeIndex OpenView(MapStore maps, LineRecord line, uint generation)
    {
        ulong sizeBlocks = (ulong)line.CapacityBytes >> BlockGeometry.BlockShift;
        if (_volumes.FindLine(line.Number)?.Index is { } parent && parent.Holds(generation))
        {
            VolumeIndex index = new(new(parent, generation, (all, size, mapLock) => all.OpenView(line.Number, generation, size, mapLock)), sizeBlocks);
            _volumes.AddUnsettled(index);
            return index;
        }
        Lock own = new();
        return new(maps.OpenView(line.Number, generation, sizeBlocks, own), own);
    }
}
