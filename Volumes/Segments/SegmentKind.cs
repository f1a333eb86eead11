namespace Lunaria.Volumes.Segments;

/// <summary>Why a segment was written. The number is on the medium; 2 is reserved for copies made by garbage collection.</summary>
internal enum SegmentKind : byte
{
    /// <summary>Blocks that came out of the write log.</summary>
    Data = 1,
}
