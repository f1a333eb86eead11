namespace Lunaria.Volumes.Segments;

/// <summary>Why a segment was written. The number is on the medium.</summary>
internal enum SegmentKind : byte
{
    /// <summary>Blocks that came out of the write log.</summary>
    Data = 1,
    /// <summary>Blocks that garbage collection copied from other segments of the line.</summary>
    Copy = 2,
}
