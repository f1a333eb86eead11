using Lunaria.Volumes;
using Lunaria.Volumes.Transfer;
using Lunaria.WebUi.Contracts;

namespace Lunaria.WebUi.Administration;

/// <summary>Volumes as streams, out and in (docs/FORMATS.md, "Export stream"). Any thread.</summary>
public sealed class TransferService
{
    private const int StepBytes = 4096;

    private readonly VolumeManager _manager;
    private readonly VolumeService _volumes;
    private readonly ChangeRecorder _changes;

    internal TransferService(VolumeManager manager, VolumeService volumes, ChangeRecorder changes) => (_manager, _volumes, _changes) = (manager, volumes, changes);

    /// <summary>
    /// What writes a snapshot, or what differs from the older one <paramref name="since"/>, to a stream; with offset and hash what follows them. Refuses before anything is written.
    /// </summary>
    public Func<Stream, CancellationToken, Task> Export(string volumeName, string name, string? since, long? offsetBytes, string? hash)
    {
        var volume = _volumes.Get(volumeName);
        var snapshot = Get(volume, name);
        var older = since == null ? null : Get(volume, since);
        if ((offsetBytes == null) != (hash == null))
            throw new RefusedException(RefusalKind.Invalid, "offset, hash: to go on behind a chunk, write both, as they stand in the last whole chunk.", "offset");
        if (offsetBytes is { } offset && (offset < 0 || offset > snapshot.SizeBytes || offset % StepBytes != 0))
            throw new RefusedException(RefusalKind.Invalid, $"offset: {offset} is no end of a chunk of {snapshot.Name}.", "offset");
        if (hash != null && (hash.Length != 2 * ExportHeader.HashBytes || !hash.All(char.IsAsciiHexDigit)))
            throw new RefusedException(RefusalKind.Invalid, "hash: write the 64 hexadecimal digits of the last whole chunk's.", "hash");
        return (output, stop) => _manager.Transfers.ExportAsync(snapshot, older, hash == null ? null : new TransferPosition(offsetBytes!.Value, hash), output, stop);
    }

    /// <summary>
    /// Makes a volume of a stream, or brings one up to date with a stream of changes; with <paramref name="resume"/> goes on where an import broke off.
    /// </summary>
    public Task<VolumeView> ImportAsync(Actor actor, string name, bool resume, Stream input, CancellationToken stop)
    {
        RefusedException.Check("name", name, Names.VolumeName);
        return _changes.RunAsync(actor, "volume.import", VolumeService.Subject(name), async change =>
        {
            if (_manager.Find(name) is { } there)
            {
                var before = _volumes.View(there);
                change.Begin(before);
                if (before.Luns.Count > 0)
                    throw new RefusedException(RefusalKind.InUse, $"The volume {name} is shown as {string.Join(", ", before.Luns.Select(lun => $"LUN {lun.Lun} of {lun.Target}"))}. Unmap it before its content changes.");
            }
            else
            {
                // Its size stands in the stream: one import may go over the limit, the next is refused.
                _volumes.CheckPromise(1);
            }

            var volume = await TakeAsync(name, resume, input, stop);
            var view = _volumes.View(volume);
            change.After = view;
            return view;
        });
    }

    /// <summary>How far an unfinished import came.</summary>
    public ImportView ShowImport(string name)
    {
        var volume = _volumes.Get(name);
        return _manager.Transfers.GetImport(volume) is var (export, position)
            ? new ImportView(volume.Name, export.Snapshot, export.Since == Guid.Empty ? null : export.Since, export.SizeBytes, position.OffsetBytes, position.Hash)
            : throw new RefusedException(RefusalKind.NotFound, $"No import of the volume {volume.Name} is unfinished.");
    }

    private Task<Volume> TakeAsync(string name, bool resume, Stream input, CancellationToken stop) => EngineCalls.RunAsync(async () =>
    {
        try
        {
            if (!resume)
                return await _manager.Transfers.ImportAsync(name, input, stop);
            var volume = _volumes.Get(name);
            await _manager.Transfers.ResumeImportAsync(volume, input, stop);
            return volume;
        }
        catch (InvalidDataException e)
        {
            throw new RefusedException(RefusalKind.Invalid, e.Message);
        }
        catch (IOException e)
        {
            // Whoever sends too little is told so; all else is the appliance's trouble.
            throw new RefusedException(
                e.InnerException is EndOfStreamException ? RefusalKind.Invalid : RefusalKind.Unavailable, $"{e.Message} What was taken stays: resume the import, or delete the volume.");
        }
    });

    private Snapshot Get(Volume volume, string name) => _manager.FindSnapshot(volume, name)
        ?? throw new RefusedException(RefusalKind.NotFound, $"There is no snapshot {name} of the volume {volume.Name}.");
}
