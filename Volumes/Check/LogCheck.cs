using Lunaria.Volumes.Io;
using Lunaria.Volumes.Journal;
using Lunaria.Volumes.Log;
using Lunaria.Volumes.Map;
using Lunaria.Volumes.Metadata;
using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Check;

/// <summary>
/// Map journal and write log of an engine that does not run, against lunaria.db and the segment table: both are read to their ends as a start would, and nothing is changed. One thread.
/// </summary>
internal sealed class LogCheck(IDisk data, MetadataCheck metadata, MapCheck? map, Findings findings)
{
    private LogPosition _published = LogPosition.Start;

    /// <summary>Segments that only the journal knows yet: line and sequence.</summary>
    public HashSet<(uint Line, ulong Sequence)> Published { get; } = [];

    /// <summary>The newest generation of each line that a marker in journal or log has begun.</summary>
    public Dictionary<uint, uint> Generations { get; } = [];

    /// <summary>The number behind the last frame of the journal; 0 where it cannot be read.</summary>
    public ulong JournalEnd { get; private set; }

    /// <summary>Reads both.</summary>
    public async Task RunAsync(string journalDirectory, CancellationToken cancellation)
    {
        MapCheckpoint checkpoint = map?.Checkpoint?.Checkpoint ?? new(1, LogPosition.Start);
        _published = checkpoint.Published;
        try
        {
            JournalReplay journal = new(data, journalDirectory, metadata.PoolId);
            await journal.RunAsync(JournalFiles.List(data, journalDirectory), checkpoint.JournalSequence, VisitAsync);
            JournalEnd = journal.NextSequence;
        }
        catch (JournalDamagedException e)
        {
            findings.Add(e.Kind, "journal", e.Message);
            return; // Where the log begins is not known.
        }
        try
        {
            await ReplayLogAsync(cancellation);
        }
        catch (LogDamagedException e)
        {
            findings.Add(e.Kind, "log", e.Message);
        }
    }

    private ValueTask VisitAsync(PublishFrame frame)
    {
        foreach (PublishedSegment segment in frame.Segments)
        {
            // Copies outlive the line that they count to.
            if (segment.Header.Kind != SegmentKind.Copy)
                CheckLine(segment.Volume, frame);
            Published.Add((segment.Volume, segment.Header.Sequence));
            if (map != null && map.Segments.TryGetValue(segment.Id.Value, out SegmentRow row) && (row.Volume != segment.Volume || row.Sequence != segment.Header.Sequence))
                findings.Add(CheckKinds.JournalSegment, $"journal frame {frame.Sequence}", $"it gives number {segment.Id.Value} to sequence {segment.Header.Sequence} of line {segment.Volume}; map.db has {map.Name(segment.Id.Value, row)}");
        }
        foreach (PublishedTrim trim in frame.Trims)
            CheckLine(trim.Volume, frame);
        foreach (PublishedShare share in frame.Shares)
            CheckLine(share.Volume, frame);
        foreach (PublishedMarker marker in frame.Markers)
        {
            CheckLine(marker.Volume, frame);
            Generations[marker.Volume] = Math.Max(Generations.GetValueOrDefault(marker.Volume), marker.Generation);
        }
        _published = frame.Published;
        return default;
    }

    private void CheckLine(uint line, PublishFrame frame)
    {
        if (!metadata.Lines.ContainsKey(line) && !findings.Has(CheckKinds.JournalUnknownLine))
            findings.Add(CheckKinds.JournalUnknownLine, $"journal frame {frame.Sequence}", $"it names line {line}, which lunaria.db does not have");
    }

    private async Task ReplayLogAsync(CancellationToken cancellation)
    {
        if (await LogLabel.ReadAsync(data) is not { } label)
        {
            if (_published != LogPosition.Start)
                findings.Add(CheckKinds.LogLabelMissing, LogLabel.FileName, $"writes up to position {_published.Lsn} went through a log");
            return;
        }
        using LogFiles files = LogFiles.Open(data, label);
        LogReplay replay = new(files, VisitLog, cancellation);
        LogPosition end = await replay.RunAsync(_published);
        findings.LogRecords = replay.RecordCount;
        if (await replay.FindProofOfDamageAsync(_published.Lsn) is { } proof)
            findings.Add(CheckKinds.LogRecordDamaged, files.NameAt(end.Lsn),
                $"at byte {files.OffsetOf(end.Lsn)} there is {replay.EndCause}, and the record at byte {files.OffsetOf(proof)} of {files.NameAt(proof)} shows that it was durable");
    }

    private void VisitLog(LogRecord record)
    {
        foreach (LogExtent extent in record.Extents)
            if (extent.Kind == LogExtentKind.Marker)
                Generations[extent.Volume] = Math.Max(Generations.GetValueOrDefault(extent.Volume), (uint)extent.StartBlock);
            else if (extent.Kind != LogExtentKind.ShareSource && metadata.Lines.TryGetValue(extent.Volume, out LineRecord? line) && extent.StartBlock + extent.LengthBlocks > (ulong)line.CapacityBytes / SegmentHeader.BlockBytes)
                findings.Add(CheckKinds.LogOutside, metadata.NameOf(extent.Volume), $"the record at {record.RecordLsn} names blocks {extent.StartBlock} to {extent.StartBlock + extent.LengthBlocks - 1} of {line.CapacityBytes} bytes");
    }
}
