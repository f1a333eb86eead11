namespace Lunaria.Volumes.Segments;

/// <summary>Why a segment was written.</summary>
internal enum SegmentKind : byte
{
    /// <summary>Blocks that came out of the write log.</summary>
    Data = 1,
    /// <summary>Blocks copied from other segments by garbage collection; each extent names where it was.</summary>
    Collected = 2,
}
