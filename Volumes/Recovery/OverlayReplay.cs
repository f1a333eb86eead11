using Lunaria.Volumes.Access;
using Lunaria.Volumes.Destage;
using Lunaria.Volumes.Log;

namespace Lunaria.Volumes.Recovery;

/// <summary>Puts the records of the log's tail into the indexes of their volumes, on the thread that opens the engine.</summary>
internal sealed class OverlayReplay(IReadOnlyDictionary<uint, VolumeIndex> indexes, CutMarks marks)
{
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
                index?.Advance((uint)extent.StartBlock, record.RecordLsn);
            else
                index?.Record(record.Extents.Slice(i, 1), crcs[..payloadBlocks], record.RecordLsn, payloadLsn);
            crcs = crcs[payloadBlocks..];
            payloadLsn += (ulong)payloadBlocks << BlockGeometry.BlockShift;
        }
        marks.Note(record.End);
    }
}
