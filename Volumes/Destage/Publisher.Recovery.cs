using Lunaria.Volumes.Check;
using Lunaria.Volumes.Map;
using Lunaria.Volumes.Metadata;
using Microsoft.Data.Sqlite;

namespace Lunaria.Volumes.Destage;

/// <summary>How the map writer brings a line back from quarantine.</summary>
internal sealed partial class Publisher
{
    /// <summary>
    /// Complete = the line's map is whole, has what was published for it, and is open again. Whatever fails leaves it in quarantine, and all others as they are.
    /// </summary>
    /// <exception cref="InvalidDataException">What is whole does not prove what was there.</exception>
    public async ValueTask RecoverAsync(uint number, MetadataDatabase metadata, CancellationToken cancellation)
    {
        using (await _mapGate.LockAsync(CancellationToken.None))
        {
            if (!maps.Lines.TryGetValue(number, out MapLine? line) || line is not { Fault: { } fault, Live: { } live })
                return;
            if (line.Parent is { Fault: not null } parent)
                throw new InvalidDataException($"It begins on line {parent.Number}, which is in quarantine. Recover that one's volume first.");
            await WriteCheckpointAsync(new(journal.NextSequence, Published), null, cancellation);
            await RepairAsync(number, metadata, cancellation);
            live.Reopen();
            await journal.ReadAsync(fault.JournalSequence, async frame =>
            {
                if (frame.Sequence < fault.JournalSequence || frame.Sequence >= journal.NextSequence)
                    return;
                while (!maps.ApplyMissed(line, frame))
                    await WriteCheckpointAsync(new(journal.NextSequence, Published), null, cancellation);
            });
            maps.EndQuarantine(line);
            await WriteCheckpointAsync(new(journal.NextSequence, Published), null, cancellation);
        }
    }

    private async ValueTask RepairAsync(uint number, MetadataDatabase metadata, CancellationToken cancellation)
    {
        using SqliteConnection rows = metadata.OpenReader();
        Findings before = new(), after = new();
        MetadataCheck lines = new(rows, before);
        lines.Run();
        using (MapCheckpointWriter writer = maps.Database.BeginCheckpoint(maps.Segments))
        {
            MapCheck map = new(new(writer.Connection), lines, before);
            map.Run();
            MapRepair repair = new(writer.Connection, store, map, lines, before);
            await repair.RunAsync(cancellation);
            new MapCheck(new(writer.Connection), lines, after).Run();
            if (after.Listed.FirstOrDefault(finding => IsOf(finding, lines.NameOf(number))) is { } left)
                throw new InvalidDataException($"{left.Subject}: {left.Detail} ({left.Kind}).");
            writer.Commit(maps.Checkpoint, maps.Segments.NextId);
            maps.CountCheckpoint();
            foreach ((uint segment, long difference) in repair.ReferenceChanges)
                maps.Segments.AddReferences(new(segment), difference);
        }
        // What counts said before does not hold any more.
        _doomed.Clear();
        foreach (MapLine line in maps.Lines.Values)
            line.ForgetRows();
    }

    private static bool IsOf(CheckFinding finding, string line) =>
        finding.Kind.StartsWith("map.", StringComparison.Ordinal) && (finding.Subject == line || finding.Subject.StartsWith($"{line},", StringComparison.Ordinal));
}
