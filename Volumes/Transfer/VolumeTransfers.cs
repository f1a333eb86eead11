namespace Lunaria.Volumes.Transfer;

/// <summary>Volumes as streams: out, and in again, here or elsewhere. Asks the volume manager, which owns it, for all it does to volumes; any thread.</summary>
public sealed class VolumeTransfers
{
    /// <summary>The label of a snapshot that an import has made: the uuid of the one it is a copy of.</summary>
    public const string ImportedLabel = "imported";

    private readonly VolumeManager _volumes;
    private readonly ImportNotes _notes;

    internal VolumeTransfers(VolumeManager volumes, ImportNotes notes) => (_volumes, _notes) = (volumes, notes);

    /// <summary>
    /// Writes a snapshot to a stream, or with <paramref name="since"/> what differs from an older one of the same volume; with <paramref name="from"/> without a header and from
    /// behind that position on. Waits until the object store has all of it. ArgumentException for snapshots that do not go together, IOException where it cannot be read.
    /// </summary>
    public async Task ExportAsync(Snapshot snapshot, Snapshot? since, TransferPosition? from, Stream output, CancellationToken cancellation)
    {
        if (since is not null && since.Record.Volume != snapshot.Record.Volume)
            throw new ArgumentException($"Snapshots '{since.Name}' and '{snapshot.Name}' are of different volumes.", nameof(since));
        await _volumes.SettleSnapshotAsync(snapshot);
        if (since is not null)
            await _volumes.SettleSnapshotAsync(since);
        Volume view = await _volumes.OpenSnapshotAsync(snapshot);
        Volume? older = null;
        try
        {
            older = since is null ? null : await _volumes.OpenSnapshotAsync(since);
            byte[] header = new byte[ExportHeader.Bytes];
            new ExportHeader(snapshot.Volume.Uuid, snapshot.Uuid, since?.Uuid ?? Guid.Empty, snapshot.SizeBytes, snapshot.Name).Encode(header);
            if (from is null)
                await output.WriteAsync(header, cancellation);
            byte[] chain = from is null ? ExportHeader.ChainOf(header) : Convert.FromHexString(from.Hash);
            await new VolumeExporter(view, older, output, chain).RunAsync(from?.OffsetBytes ?? 0, cancellation);
        }
        finally
        {
            await _volumes.CloseSnapshotAsync(view);
            if (older is not null)
                await _volumes.CloseSnapshotAsync(older);
        }
    }

    /// <summary>
    /// Makes a volume of a stream that has all of one, or brings one up to date with a stream of changes: it goes back to its copy of the snapshot that the changes begin at, and
    /// younger snapshots stay as a branch. At the end it has a copy of the exported snapshot. Nobody may use the volume meanwhile. After a failure <see cref="GetImport"/> says
    /// how far it came. InvalidOperationException where volume and stream do not go together, InvalidDataException where the stream is damaged, IOException where it ends early.
    /// </summary>
    public async Task<Volume> ImportAsync(string name, Stream input, CancellationToken cancellation)
    {
        byte[] header = new byte[ExportHeader.Bytes];
        try
        {
            await input.ReadExactlyAsync(header, cancellation);
        }
        catch (EndOfStreamException e)
        {
            throw new InvalidDataException("This is no export of a volume: it is too short. Give the file that lunaria volume export wrote.", e);
        }
        ExportHeader export = ExportHeader.Decode(header);
        Volume volume = export.Since == Guid.Empty ? await BeginImportAsync(name, export) : await BeginUpdateAsync(name, export);
        UnfinishedImport begun = new(export, new(0, Convert.ToHexStringLower(ExportHeader.ChainOf(header))));
        _notes.Write(volume, begun);
        await TakeAsync(volume, begun, input, cancellation);
        return volume;
    }

    /// <summary>Goes on with an import behind the position that <see cref="GetImport"/> tells; the stream begins with the chunk there.</summary>
    public Task ResumeImportAsync(Volume volume, Stream input, CancellationToken cancellation) =>
        TakeAsync(volume, _notes.Read(volume) ?? throw new InvalidOperationException($"No import of volume '{volume.Name}' is unfinished."), input, cancellation);

    /// <summary>How far the unfinished import of a volume came, and of what; null where there is none.</summary>
    public (ExportHeader Export, TransferPosition Position)? GetImport(Volume volume) => _notes.Read(volume) is { } import ? (import.Export, import.Position) : null;

    private async Task<Volume> BeginImportAsync(string name, ExportHeader export)
    {
        if (_volumes.Find(name) is not null)
            throw new InvalidOperationException($"There is a volume '{name}' already. An export of a whole volume makes a new one: choose another name, or delete that one.");
        return await _volumes.CreateVolumeAsync(name, export.SizeBytes);
    }

    private async Task<Volume> BeginUpdateAsync(string name, ExportHeader export)
    {
        Volume volume = _volumes.Find(name) ?? throw new InvalidOperationException($"There is no volume '{name}' that these changes could be applied to. Import the whole volume first.");
        Snapshot start = _volumes.ListSnapshots(volume).FirstOrDefault(snapshot => snapshot.Uuid == export.Since || snapshot.Labels.GetValueOrDefault(ImportedLabel) == export.Since.ToString())
            ?? throw new InvalidOperationException($"Volume '{name}' has no copy of the snapshot that these changes begin at ({export.Since}). Import the whole volume, or the changes before these.");
        await _volumes.RollBackAsync(start);
        if (volume.SizeBytes != export.SizeBytes)
            await _volumes.ResizeVolumeAsync(volume, export.SizeBytes, discardTail: true);
        return volume;
    }

    private async Task TakeAsync(Volume volume, UnfinishedImport import, Stream input, CancellationToken cancellation)
    {
        await new VolumeImporter(volume, input, import.Position, position =>
        {
            _notes.Write(volume, import with { Position = position });
            return ValueTask.CompletedTask;
        }).RunAsync(cancellation);
        string name = _volumes.FindSnapshot(volume, import.Export.SnapshotName) is null ? import.Export.SnapshotName : $"import-{import.Export.Snapshot:n}";
        await _volumes.CreateSnapshotAsync(volume, name, new() { Labels = new Dictionary<string, string> { [ImportedLabel] = import.Export.Snapshot.ToString() } });
        _notes.Forget(volume);
    }
}
