using Lunaria.Volumes.Access;
using Lunaria.Volumes.Destage;
using Lunaria.Volumes.Log;
using Lunaria.Volumes.Segments;

namespace Lunaria.Volumes.Recovery;

/// <summary>Puts the records of the log's tail into the indexes of their volumes, on the thread that opens the engine.</summary>
internal sealed class OverlayReplay(IReadOnlyDictionary<uint, VolumeIndex> indexes, CutMarks marks, SegmentTable table, SegmentPins pins)
{
    private Dictionary<(uint Line, ulong Sequence), SegmentId>? _bySequence;

    /// <summary>Takes the next record. Extents of volumes that are gone are passed over.</summary>
    public void Visit(LogRecord record)
    {
        ReadOnlySpan<uint> crcs = record.BlockCrcs;
        ulong payloadLsn = record.PayloadLsn;
        for (int i = 0; i < record.Extents.Length; i++)
        {
            LogExtent extent = record.Extents[i];
            int payloadBlocks = extent.Kind == LogExtentKind.Data ? (int)extent.LengthBlocks : 0;
            VolumeIndex? index = indexes.GetValueOrDefault(extent.Volume);
            if (extent.Kind == LogExtentKind.Marker)
                index?.Advance((uint)extent.StartBlock, record.RecordLsn, record.End);
            else if (extent.Kind == LogExtentKind.Share)
                Share(index, extent, record.Extents[++i], record.RecordLsn);
            else
                index?.Record(record.Extents.Slice(i, 1), crcs[..payloadBlocks], record.RecordLsn, payloadLsn);
            crcs = crcs[payloadBlocks..];
            payloadLsn += (ulong)payloadBlocks << BlockGeometry.BlockShift;
        }
        marks.Note(record.End);
    }

    private void Share(VolumeIndex? index, LogExtent extent, LogExtent source, ulong recordLsn)
    {
        if (index is null)
            return;
        _bySequence ??= table.Rows.ToDictionary(segment => (segment.Row.Volume, segment.Row.Sequence), segment => segment.Id);
        if (!_bySequence.TryGetValue((source.Volume, source.StartBlock), out SegmentId segment) || !pins.TryPin(segment))
            throw new InvalidDataException(
                $"The write log shares segment {source.StartBlock:x16} of line {source.Volume}, which map.db does not have. The two do not belong together: restore both from copies of the same moment.");
        pins.Hold(recordLsn, [segment]);
        index.RecordShares([new(extent.StartBlock, extent.LengthBlocks, new(segment, (int)source.LengthBlocks))], recordLsn);
    }
}
