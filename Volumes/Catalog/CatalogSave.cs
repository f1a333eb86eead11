using System.Security.Cryptography;
using Lunaria.Volumes.Backend;
using Lunaria.Volumes.Journal;
using Lunaria.Volumes.Log;
using Lunaria.Volumes.Metadata;
using Microsoft.Data.Sqlite;

namespace Lunaria.Volumes.Catalog;

/// <summary>
/// Makes the manifest of one moment: puts what the manifest before does not name already. Changes nothing that stands. Owned by the saver; used once.
/// </summary>
internal sealed class CatalogSave(CatalogMoment moment, CatalogManifest? before, CatalogObjects objects, MapJournal journal, ObjectStoreSpace? space, CancellationToken cancellation)
{
    private const int MostIncrements = 48, MostWithoutSpace = 1024, MostFrameObjects = 32;
    private const long SmallBytes = 1 << 20;

    /// <summary>The objects are in the store; the manifest that is given is not.</summary>
    public async Task<CatalogManifest> RunAsync()
    {
        (MapCheckpointRow checkpoint, int mapVersion) = ReadCheckpoint();
        (IReadOnlyList<CatalogEntry> all, IReadOnlyList<CatalogEntry> increments) = await PutMapAsync();
        (IReadOnlyList<CatalogEntry> frames, LogPosition published) = await PutFramesAsync(checkpoint);
        (IReadOnlyList<CatalogEntry> metadata, byte[] hash) = await PutMetadataAsync();
        return new()
        {
            Save = (before?.Save ?? 0) + 1,
            NextNumber = objects.NextNumber,
            Time = moment.Time,
            MapId = moment.MapId,
            Stamp = moment.Stamp,
            MapVersion = mapVersion,
            MetadataVersion = (int)(long)SqliteFile.ReadScalar(moment.Metadata, "PRAGMA user_version")!,
            JournalSequence = checkpoint.JournalSequence,
            JournalEnd = moment.JournalEnd,
            Published = published,
            IsPoint = moment.IsPoint,
            MetadataHash = hash,
            Base = all,
            Increments = increments,
            Metadata = metadata,
            Frames = frames,
        };
    }

    private readonly record struct MapCheckpointRow(ulong JournalSequence, LogPosition Published);

    private (MapCheckpointRow Checkpoint, int Version) ReadCheckpoint()
    {
        using SqliteCommand command = moment.Map.CreateCommand();
        command.CommandText = "SELECT journal_sequence, published_lsn, published_chain_crc FROM checkpoint";
        using SqliteDataReader row = command.ExecuteReader();
        MapCheckpointRow checkpoint = row.Read()
            ? new((ulong)row.GetInt64(0), new((ulong)row.GetInt64(1), (uint)row.GetInt64(2)))
            : new(1, LogPosition.Start);
        return (checkpoint, (int)(long)SqliteFile.ReadScalar(moment.Map, "PRAGMA user_version")!);
    }

    private async Task<(IReadOnlyList<CatalogEntry> Base, IReadOnlyList<CatalogEntry> Increments)> PutMapAsync()
    {
        if (before is null || before.MapId != moment.MapId || before.Stamp > moment.Stamp || IsTooMuch())
            return (await PutAsync(CatalogKind.Map, MapExport.Base(moment.Map, objects.PieceBytes)), []);
        return before.Stamp == moment.Stamp
            ? (before.Base, before.Increments)
            : (before.Base, [.. before.Increments, .. await PutAsync(CatalogKind.Map, MapExport.Increment(moment.Map, before.Stamp, objects.PieceBytes))]);
    }

    /// <summary>True where a new base is worth it, and there is space for one beside the old.</summary>
    private bool IsTooMuch()
    {
        long all = before!.Base.Sum(entry => (long)entry.LengthBytes), since = before.Increments.Sum(entry => (long)entry.LengthBytes);
        bool hasSpace = space is not { } now || now.FreeBytes > 2 * (all + since);
        return hasSpace ? before.Increments.Count >= MostIncrements || since > Math.Max(SmallBytes, all / 2) : before.Increments.Count >= MostWithoutSpace;
    }

    private async Task<(IReadOnlyList<CatalogEntry> Frames, LogPosition Published)> PutFramesAsync(MapCheckpointRow checkpoint)
    {
        List<CatalogEntry> frames = [];
        ulong from = moment.FirstFrame;
        LogPosition published = checkpoint.Published;
        if (before is { Frames.Count: <= MostFrameObjects } && before.JournalEnd >= from && before.JournalEnd <= moment.JournalEnd
            && before.Frames.ToList().FindLastIndex(entry => entry.FirstSequence != 0 && entry.FirstSequence <= from) is >= 0 and var first)
        {
            frames.AddRange(before.Frames.Skip(first));
            (from, published) = (before.JournalEnd, before.JournalEnd > checkpoint.JournalSequence ? before.Published : published);
        }
        FramePieces pieces = new(objects.PieceBytes);
        await journal.CopyAsync(from, moment.JournalEnd, async (header, frame) =>
        {
            if (header.Sequence >= checkpoint.JournalSequence)
                published = FrameCodec.ReadPublished(frame.Span);
            foreach ((byte[] piece, ulong sequence) in pieces.Add(header.Sequence, frame))
                frames.Add(await objects.PutAsync(CatalogKind.Frames, piece, sequence, cancellation));
        });
        if (pieces.Rest() is ({ } rest, var firstSequence))
            frames.Add(await objects.PutAsync(CatalogKind.Frames, rest, firstSequence, cancellation));
        return (frames, published);
    }

    private async Task<(IReadOnlyList<CatalogEntry> Entries, byte[] Hash)> PutMetadataAsync()
    {
        List<byte[]> pieces = [.. MetadataExport.All(moment.Metadata, objects.PieceBytes)];
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (byte[] piece in pieces)
            hash.AppendData(piece);
        byte[] sum = hash.GetHashAndReset();
        return before is not null && before.MetadataHash.AsSpan().SequenceEqual(sum) ? (before.Metadata, sum) : (await PutAsync(CatalogKind.Metadata, pieces), sum);
    }

    private async Task<IReadOnlyList<CatalogEntry>> PutAsync(CatalogKind kind, IEnumerable<byte[]> pieces)
    {
        List<CatalogEntry> entries = [];
        foreach (byte[] piece in pieces)
            entries.Add(await objects.PutAsync(kind, piece, 0, cancellation));
        return entries;
    }
}
